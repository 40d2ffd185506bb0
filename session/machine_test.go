package session

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"pgregory.net/rapid"
)

// TestAnyOrder: starts, stops and everything between, in any order, keep the
// invariants of check; after the last stop nothing is left, and after that the node
// works as if new.
func TestAnyOrder(t *testing.T) { rapid.Check(t, anyOrder) }

// FuzzKeeper is the same with a fuzzer that chooses what comes next.
func FuzzKeeper(f *testing.F) { f.Fuzz(rapid.MakeFuzz(anyOrder)) }

func anyOrder(rt *rapid.T) {
	w := newNetwork(nil)
	w.t = rt
	for n := range 8 {
		w.stranger([]string{"8.1.1.1", "8.2.1.1", "8.3.1.1", "8.3.2.2", "8.4.1.1", "8.5.1.1", "2a01::1", "2a02::1"}[n])
	}
	others := w.members[:8:8]
	me := w.join("8.200.1.1", Config{
		Outbound: 3, Inbound: 4, RefineEvery: 3 * time.Second,
		Seeds: []link.Addr{others[0].addr}, Peers: []link.Addr{others[1].addr},
	})
	for _, m := range others[2:5] {
		_ = me.book.Hear(t0, "", m.rec)
	}
	others[0].knows = others[4:]
	user := uint64(0)
	other := func(t *rapid.T) *member { return rapid.SampledFrom(others).Draw(t, "other") }
	rt.Repeat(map[string]func(*rapid.T){
		"":      func(*rapid.T) { me.check() },
		"start": func(*rapid.T) { me.start() },
		"stop":  func(*rapid.T) { me.stop(); empty(rt, me) },
		"run": func(t *rapid.T) {
			w.run(time.Duration(rapid.IntRange(1, 5000).Draw(t, "ms")) * time.Millisecond)
		},
		"mode": func(t *rapid.T) {
			other(t).mode = rapid.SampledFrom([]string{"", "hole", "connection refused", "too many peers"}).Draw(t, "mode")
		},
		"cut": func(t *rapid.T) {
			if x := me.links[other(t).key.ID()]; x != nil {
				w.cut(x, "connection reset")
			}
		},
		"dialin": func(t *rapid.T) {
			m := other(t)
			user++
			_ = m.k.Connect(w.now, id.Ticket{Owner: "user", N: user}, me.addr)
		},
		"connect": func(t *rapid.T) {
			user++
			_ = me.k.Connect(w.now, id.Ticket{Owner: "user", N: user}, other(t).addr)
		},
		"abandon": func(t *rapid.T) {
			me.k.Abandon(w.now, id.Ticket{Owner: "user", N: uint64(rapid.IntRange(0, 50).Draw(t, "user"))})
		},
		"release": func(t *rapid.T) {
			if n := len(me.news.Answers); n > 0 {
				a := me.news.Answers[rapid.IntRange(0, n-1).Draw(t, "answer")]
				me.k.Release(w.now, a.ID, a.Use)
			}
		},
		"protect":   func(t *rapid.T) { _ = me.k.Protect(w.now, other(t).key.ID(), "app") },
		"unprotect": func(t *rapid.T) { me.k.Unprotect(w.now, other(t).key.ID(), "app") },
		"slots":     func(t *rapid.T) { me.k.SetOutbound(w.now, rapid.IntRange(0, 5).Draw(t, "n")) },
		"peer":      func(t *rapid.T) { _ = me.k.AddPeer(w.now, other(t).addr) },
		"nopeer":    func(t *rapid.T) { me.k.RemovePeer(w.now, other(t).addr) },
		"ban":       func(t *rapid.T) { _ = me.book.Ban(w.now, hosts.OfID(other(t).key.ID()), time.Second) },
		"seed":      func(*rapid.T) { _ = me.k.Contact(w.now) },
		"disturb":   func(*rapid.T) { me.k.Disturbed(w.now, NetworkChanged) },
		"trust":     func(t *rapid.T) { _ = me.k.Trust(w.now, other(t).key.ID()) },
		"untrust":   func(t *rapid.T) { me.k.Untrust(w.now, other(t).key.ID()) },
		"inbound":   func(t *rapid.T) { me.k.SetInbound(w.now, rapid.IntRange(0, 5).Draw(t, "n")) },
		"forget":    func(t *rapid.T) { me.k.Forget(w.now, other(t).key.ID()) },
		"leaving":   func(t *rapid.T) { me.k.Leaving(other(t).key.ID()) },
		"hear":      func(t *rapid.T) { _ = me.book.Hear(w.now, "8.1", other(t).rec) },
		"look":      func(*rapid.T) { me.k.probing.look, me.k.probing.feel = w.now, w.now },
		"stray": func(t *rapid.T) { // of dials, links and questions that nobody knows
			ticket, m := id.Ticket{Owner: Owner, N: uint64(rapid.IntRange(1, 40).Draw(t, "ticket"))}, other(t)
			if _, flying := me.k.dials.Get(ticket); !flying {
				me.input(func(now time.Time) News { return me.k.DialFailed(now, ticket, "late") })
			}
			if c, ok := me.k.links.Get(m.key.ID()); !ok || c.ticket != ticket {
				me.input(func(now time.Time) News { return me.k.Down(now, m.key.ID(), ticket, "late", 0) })
			}
			me.input(func(now time.Time) News { return me.k.Found(now, ticket, rapid.IntRange(0, 2).Draw(t, "n")) })
		},
	})
	asked := map[uint64]bool{}
	me.stop()
	empty(rt, me)
	for _, a := range me.news.Answers {
		if asked[a.Ticket.N] {
			rt.Fatalf("user %d was answered twice", a.Ticket.N)
		}
		asked[a.Ticket.N] = true
	}
	w.run(time.Minute)
	if len(me.links) != 0 {
		rt.Fatalf("%d links after the stop", len(me.links))
	}
	for _, m := range others {
		m.mode = ""
	}
	me.k.SetOutbound(w.now, 2)
	me.start()
	w.run(15 * time.Minute)
	if me.peers() < 1 || me.k.filled() < 1 {
		rt.Fatalf("%d peers, %d slots filled fifteen minutes after the restart: %+v", me.peers(), me.k.filled(), me.k.Slots())
	}
}
