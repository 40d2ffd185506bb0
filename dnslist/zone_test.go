package dnslist

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// zone is what a name server answers: texts by name, or what it makes up.
type zone struct {
	texts map[string][]string
	made  func(name string) (string, bool)
	asked []string
}

func newZone() *zone { return &zone{texts: map[string][]string{}} }

func (z *zone) lookup(name string) ([]string, error) {
	z.asked = append(z.asked, name)
	if texts, ok := z.texts[name]; ok {
		return texts, nil
	}
	if z.made != nil {
		if text, ok := z.made(name); ok {
			return []string{text}, nil
		}
	}
	return nil, errors.New("no such name")
}

// put stores an entry and returns its hash.
func (z *zone) put(domain, text string) string {
	hash := hashOf(text)
	z.texts[hash+"."+domain] = []string{text}
	return hash
}

func hashOf(text string) string {
	sum := id.Keccak256([]byte(text))
	return encoding.EncodeToString(sum[:16])
}

// branch stores leaves under branches of at most 13 and returns the top's hash.
func (z *zone) branch(domain string, leaves []string) string {
	hashes := make([]string, len(leaves))
	for i, l := range leaves {
		hashes[i] = z.put(domain, l)
	}
	for len(hashes) > childrenMax {
		var up []string
		for len(hashes) > 0 {
			n := min(childrenMax, len(hashes))
			up = append(up, z.put(domain, branchPrefix+strings.Join(hashes[:n], ",")))
			hashes = hashes[n:]
		}
		hashes = up
	}
	return z.put(domain, branchPrefix+strings.Join(hashes, ","))
}

// publish stores a whole list, signed.
func (z *zone) publish(l lister, seq uint64, records, links []string) {
	z.root(l, seq, z.branch(l.domain, records), z.branch(l.domain, links))
}

func (z *zone) root(l lister, seq uint64, records, links string) {
	z.texts[l.domain] = []string{"v=spf1 -all", l.sign(records, links, seq)}
}

// lister has the key of a list.
type lister struct {
	key    *id.Key
	domain string
}

func newLister(name string) lister { return lister{testKey(name), name + ".example.org"} }

func testKey(name string) *id.Key {
	k, err := id.NewKey(strings.NewReader(strings.Repeat(name, 64)[:64]))
	if err != nil {
		panic(err)
	}
	return k
}

func (l lister) list() List { return List{l.key.Public(), l.domain} }

func (l lister) sign(records, links string, seq uint64) string {
	text := fmt.Sprintf("enrtree-root:v1 e=%s l=%s seq=%d", records, links, seq)
	sig := l.key.SignDigest(id.Keccak256([]byte(text)))
	return text + " sig=" + base64.RawURLEncoding.EncodeToString(append(sig[:], 0))
}

// records are the texts of n records of different nodes.
func records(n int) (out []string) {
	for i := range n {
		k := testKey(fmt.Sprintf("node %d", i))
		b := enr.Builder{Seq: 1, IP: netip.AddrFrom4([4]byte{8, 8, byte(i >> 8), byte(i)}), TCP: 30303}
		r, err := b.Sign(k)
		if err != nil {
			panic(err)
		}
		out = append(out, r.String())
	}
	return out
}

// visit is a walk with its clock and what came of it.
type visit struct {
	t      *testing.T
	w      *Walk
	now    time.Time
	found  map[id.ID]string // source by node
	times  []time.Time      // of the questions
	events []string
	walked int64 // the most records that one pass came upon
}

func newVisit(t *testing.T, lists ...lister) *visit {
	v := &visit{t: t, now: start, found: map[id.ID]string{}}
	cfg := Config{Trace: func(_ time.Time, e trace.Event) {
		if e.Kind == "walked" {
			v.walked = max(v.walked, e.N)
		}
		v.events = append(v.events, strings.TrimSpace(fmt.Sprint(e.Kind, " ", e.Topic, " ", e.Err)))
	}}
	for _, l := range lists {
		cfg.Lists = append(cfg.Lists, l.list())
	}
	v.w = New(start, cfg, rand.New(rand.NewPCG(1, 2)))
	return v
}

// pass walks for some time, from deadline to deadline, and fails when the walk wants
// to be asked again and again for nothing.
func (v *visit) pass(z *zone, d time.Duration) {
	v.t.Helper()
	until := v.now.Add(d)
	for {
		name, ok := v.w.Next(v.now)
		if ok {
			v.times = append(v.times, v.now)
			texts, err := z.lookup(name)
			v.w.Answer(v.now, texts, err)
		}
		for _, f := range v.w.Take() {
			v.found[f.Record.ID()] = f.Source
		}
		if ok {
			continue
		}
		next := v.w.Deadline()
		if !next.After(v.now) && !next.IsZero() {
			v.t.Fatalf("wants nothing at %v, and to be asked again at %v", v.now, next)
		}
		if next.IsZero() || next.After(until) {
			v.now = until
			return
		}
		v.now = next
	}
}

func (v *visit) count(prefix string) (n int) {
	for _, e := range v.events {
		if strings.HasPrefix(e, prefix) {
			n++
		}
	}
	return n
}
