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

// fixedApp is a P5 that depends on who is asked for only.
func fixedApp(who id.ID) float64 { return float64(who[7])*3 - 5 }

type failer interface{ Fatalf(string, ...any) }

// sound holds a board against its invariants.
func sound(t failer, b *Board) {
	if n := b.retained.clean.n + b.retained.guilty.n; n > retainedMax {
		t.Fatalf("%d retained", n)
	}
	stats, kin, places := 0, 0, 0
	for i, p := range b.peers {
		if p.place != i || b.byID[p.who] != p || b.bySerial[p.serial] != p {
			t.Fatalf("peer %d is not where it should be", i)
		}
		if p.connected == (p.shelf != nil) {
			t.Fatalf("peer %d: connected %v, retained %v", i, p.connected, p.shelf != nil)
		}
		if s := b.Score(b.start, p); math.IsNaN(s) || math.IsInf(s, 0) {
			t.Fatalf("peer %d scores %v", i, s)
		}
		if p.kin != nil {
			kin++
		}
		for _, g := range p.places {
			if g != nil {
				places++
			}
		}
		if p.connected && b.changes(p) && p.busy < 0 || !p.connected && p.busy >= 0 {
			t.Fatalf("peer %d: busy %d", i, p.busy)
		}
		for j, s := range p.stats {
			stats++
			bad := s.peer != p || s.atPeer != j || s.topic.gone || s.topic.stats[s.atTopic] != s || p.in(s.topic) != s
			if bad || s.empty() || p.parts[j] != s.value() {
				t.Fatalf("peer %d, topic %s: %+v", i, s.topic.name, s)
			}
		}
	}
	for _, t2 := range b.topics {
		mesh := 0
		for _, s := range t2.stats {
			stats--
			if s.inMesh {
				mesh++
			}
		}
		if mesh != t2.mesh || b.numbered[t2.number] != t2 || t2.left && len(t2.stats) == 0 {
			t.Fatalf("topic %s: mesh of %d, %d counted, left %v", t2.name, mesh, t2.mesh, t2.left)
		}
	}
	for _, g := range b.groups.by {
		kin -= g.heirs
		places -= g.peers
		if g.guilty == 0 && g.burden != 0 || g.burden < -1e-9 {
			t.Fatalf("group %v: %+v", g.of, g)
		}
	}
	if stats != 0 || kin != 0 || places != 0 || len(b.byID) != len(b.peers) || len(b.bySerial) != len(b.peers) {
		t.Fatalf("%d stats, %d heirs, %d places of nobody", stats, kin, places)
	}
}
