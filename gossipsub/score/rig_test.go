package score

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// rig is a board with its clock and a supply of message keys.
type rig struct {
	t   testing.TB
	b   *Board
	now time.Time
	n   uint64
}

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t: t, b: b, now: epoch}
}

// wait lets d pass, with every call of Advance that is asked for.
func (g *rig) wait(d time.Duration) {
	end := g.now.Add(d)
	for {
		next := g.b.Deadline()
		if next.IsZero() || next.After(end) {
			break
		}
		if next.After(g.now) {
			g.now = next
		}
		g.b.Advance(g.now)
	}
	g.now = end
}

func name(n int) (who id.ID) {
	binary.BigEndian.PutUint64(who[:], uint64(n))
	return who
}

func (g *rig) up(n int, ip string) *Peer {
	addr, _ := netip.ParseAddr(ip)
	return g.b.Up(g.now, name(n), addr)
}

func (g *rig) topic(name string, p *TopicParams) *Topic {
	g.t.Helper()
	t, err := g.b.Topic(g.now, name, p)
	if err != nil {
		g.t.Fatal(err)
	}
	return t
}

// key is a new message.
func (g *rig) key() (k Key) {
	g.n++
	x := g.n * 0x9e3779b97f4a7c15
	binary.LittleEndian.PutUint64(k[:], x^x>>29)
	binary.LittleEndian.PutUint64(k[8:], g.n)
	return k
}

// say lets peers send one message, in order, and ends its checking with v.
func (g *rig) say(t *Topic, v Verdict, from ...*Peer) Key {
	k := g.key()
	for _, p := range from {
		g.b.Copy(g.now, p, t, k)
	}
	g.b.Judge(g.now, t, k, v)
	return k
}

func (g *rig) want(p *Peer, score float64, what string) {
	g.t.Helper()
	if got := g.b.Score(g.now, p); math.Abs(got-score) > 1e-6 {
		g.t.Errorf("%s: score %v, want %v", what, got, score)
	}
}
