package session

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// restart is a new run with the book of the last.
func (m *member) restart(t *testing.T, cfg Config, clean bool) {
	t.Helper()
	data := m.book.Encode(clean)
	m.stop()
	m.net.run(time.Second)
	m.setup(cfg)
	m.links, m.dials, m.tos, m.log = map[id.ID]*wire{}, nil, nil, nil
	if err := m.book.Load(m.net.now, data); err != nil {
		t.Fatal(err)
	}
	m.start()
}

// TestAnchorsComeFirst: after a restart the first dials go to links of the run before,
// although the book is full of others; to the next two if the first do not answer.
func TestAnchorsComeFirst(t *testing.T) {
	for _, dead := range []int{0, 2} {
		w := newNetwork(t)
		cfg := Config{RefineEvery: -1}
		me := w.join("8.200.1.1", cfg)
		w.spread(me, 1, 12, hosts.White)
		me.start()
		w.run(2 * time.Minute)
		var named []link.Addr
		for _, h := range me.book.Anchors(w.now) {
			named = append(named, h.Addrs[0])
		}
		if len(named) != hosts.AnchorsMax {
			t.Fatalf("%d anchors after two minutes", len(named))
		}
		w.spread(me, 100, 100, hosts.White)
		for _, a := range named[:dead] {
			w.byID[a.ID()].mode = "connection refused"
		}
		me.restart(t, cfg, true)
		w.run(4 * time.Second)
		for i, a := range named[:dead+2] {
			at := slices.Index(me.tos, a)
			if i < anchorSlots && at != i || at < 0 {
				t.Errorf("%d of them dead: anchor %d is dial %d", dead, i, at)
			}
		}
		if me.k.Kind(named[dead].ID()) != Outbound || me.k.filled() != OutboundDefault {
			t.Errorf("%d slots filled, the anchor is %q", me.k.filled(), me.k.Kind(named[dead].ID()))
		}
	}
}

// TestAnchorsAreNamed: links of a minute are anchors, in distinct groups, the same ones
// as long as they hold; in an outage the last ones stay.
func TestAnchorsAreNamed(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{RefineEvery: -1})
	for n := range 30 {
		_ = me.book.Hear(t0, "", w.stranger(fmt.Sprintf("8.%d.%d.1", n/3, n)).rec)
	}
	anchors := func() (out []id.ID) {
		for _, h := range me.book.Anchors(w.now) {
			out = append(out, h.ID)
		}
		return out
	}
	me.start()
	w.run(59 * time.Second)
	if len(anchors()) != 0 {
		t.Error("anchors within a minute")
	}
	w.run(15 * time.Second)
	first := anchors()
	if len(first) != hosts.AnchorsMax {
		t.Fatalf("%d anchors", len(first))
	}
	w.cut(me.links[first[1]], "connection reset")
	w.run(30 * time.Second)
	w.run(2 * time.Minute)
	next := anchors()
	if len(next) != hosts.AnchorsMax || slices.Contains(next, first[1]) && me.links[first[1]] == nil || !slices.Contains(next, first[0]) || !slices.Contains(next, first[2]) {
		t.Errorf("first %v, then %v", first, next)
	}
	groups := map[string]bool{}
	for _, h := range me.book.Anchors(w.now) {
		groups[h.Addrs[0].Group()] = true
	}
	if len(groups) != len(next) {
		t.Error("two anchors in one group")
	}
	for _, m := range w.members {
		m.mode = "network unreachable"
	}
	for _, x := range me.links {
		w.cut(x, "connection reset")
	}
	w.run(time.Hour)
	for _, who := range next {
		if h, _ := me.book.Get(who); !h.Anchor {
			t.Error("an outage of ours took an anchor away")
		}
	}
}
