package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// TestTrap19DialStorm: a thousand hosts that refuse at once, or that
// never answer, cost at most ten dials a second and bounded dials in flight.
func TestTrap19DialStorm(t *testing.T) {
	for _, mode := range []string{"connection refused", "hole", "too many peers"} {
		w := newNetwork(t)
		peer := w.stranger("8.250.1.1") // so that failures count
		me := w.join("8.200.1.1", Config{Outbound: 128, Localnet: true, Peers: []link.Addr{peer.addr}})
		for n := range 1000 {
			a := link.MustAddr(fmt.Sprintf("/ip4/8.%d.%d.1/tcp/4001", n%200, n/200)).WithPeer(testKey(5000 + n).Public().PeerID())
			if err := me.book.HearAddr(t0, "", a); err != nil {
				t.Fatal(err)
			}
		}
		switch mode {
		case "connection refused": // nobody has those keys
		default:
			x := w.stranger("8.251.1.1")
			x.mode = mode
			for n := range 1000 {
				w.byID[testKey(5000+n).ID()] = x
			}
		}
		me.start()
		for range 600 {
			w.run(100 * time.Millisecond)
			if n := me.k.dials.Len(); n > inFlightMax {
				t.Fatalf("%s: %d dials in flight", mode, n)
			}
		}
		noStorm(t, me)
		if n := len(me.dials); n < 60 {
			t.Errorf("%s: only %d dials in a minute", mode, n)
		}
		clear(w.byID)
	}
}

// TestRefusalIsNoFailure: a host that has us already, or no room, keeps its colour
// and its place.
func TestRefusalIsNoFailure(t *testing.T) {
	for _, why := range []link.Reason{link.AlreadyConnected, link.TooManyPeers} {
		w := newNetwork(t)
		peer, host := w.stranger("8.1.1.1"), w.stranger("8.2.1.1")
		me := w.join("8.200.1.1", Config{Outbound: 1, Peers: []link.Addr{peer.addr}, RefineEvery: -1})
		_ = me.book.Hear(t0, "", host.rec)
		_ = me.book.Move(t0, host.key.ID(), hosts.White)
		host.mode = why.String()
		me.start()
		w.run(time.Hour)
		mustBe(t, me, host, hosts.White)
		if h, _ := me.book.Get(host.key.ID()); h.Fails != 0 {
			t.Errorf("%s: %d failures", why, h.Fails)
		}
		if n := len(me.dials); n > 30 {
			t.Errorf("%s: %d dials in an hour", why, n)
		}
		host.mode = "connection refused"
		w.run(time.Hour)
		mustBe(t, me, host, hosts.Grey)
	}
}

// TestOutageKeepsTheBook: while we have no peer at all, failures are not held
// against the hosts.
func TestOutageKeepsTheBook(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{Outbound: 4})
	for n := range 20 {
		m := w.stranger(fmt.Sprintf("8.%d.1.1", n+1))
		m.mode = "network unreachable"
		_ = me.book.Hear(t0, "", m.rec)
		if n%2 == 0 {
			_ = me.book.Move(t0, m.key.ID(), hosts.White)
		}
	}
	me.start()
	w.run(6 * time.Hour)
	if c := me.book.Counts(); c.White != 10 || c.Grey != 10 {
		t.Errorf("after the outage %+v", c)
	}
	for _, m := range w.members {
		m.mode = ""
	}
	w.run(16 * time.Minute)
	if me.k.filled() != 4 {
		t.Errorf("%d slots filled", me.k.filled())
	}
}

// TestRefineKeepsWhatASlotMisses: a probe that comes up while a slot is empty stays.
func TestRefineKeepsWhatASlotMisses(t *testing.T) {
	w := newNetwork(t)
	a, b := w.stranger("8.1.1.1"), w.stranger("8.2.1.1")
	me := w.join("8.200.1.1", Config{Outbound: 1, RefineEvery: time.Second})
	_ = me.book.Hear(t0, "", a.rec)
	me.start()
	w.run(500 * time.Millisecond)
	_ = me.book.Hear(w.now, "", b.rec)
	for me.k.probes[0].State != Connecting {
		w.run(time.Millisecond)
	}
	w.cut(me.links[a.key.ID()], "connection reset")
	w.run(15 * time.Millisecond)
	if me.k.Kind(b.key.ID()) != Outbound || me.k.filled() != 1 {
		t.Errorf("the probe's link is %q", me.k.Kind(b.key.ID()))
	}
	mustBe(t, me, b, hosts.Gold)
	mustBe(t, me, a, hosts.Grey)
}

// TestTrap17SelfDial: our own address under another name is found
// out once.
func TestTrap17SelfDial(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{Outbound: 1, RefineEvery: -1})
	fake := testKey(777).Public().PeerID()
	a := me.addr.Bare().WithPeer(fake)
	_ = me.book.HearAddr(t0, "", a)
	w.byID[fake.ID()] = me
	me.start()
	w.run(time.Second)
	if me.logged("refused n0 outbound: connected to self") != 1 {
		t.Errorf("log %q", me.log)
	}
	if err := me.book.HearAddr(w.now, "", me.addr.Bare().WithPeer(testKey(778).Public().PeerID())); err == nil {
		t.Error("the address is not known to be our own")
	}
}

// TestDirectIsShared: many users of one host cause one dial; the queue is bounded.
func TestDirectIsShared(t *testing.T) {
	w := newNetwork(t)
	host := w.stranger("8.1.1.1")
	me := w.join("8.200.1.1", Config{Outbound: -1})
	me.start()
	n := 0
	for ; n <= directsMax; n++ {
		if me.k.Connect(w.now, id.Ticket{Owner: "user", N: uint64(n)}, host.addr) != nil {
			break
		}
	}
	if n != directsMax {
		t.Errorf("%d waiters", n)
	}
	w.run(time.Second)
	if len(me.dials) != 1 || len(me.news.Answers) != directsMax {
		t.Errorf("%d dials, %d answers", len(me.dials), len(me.news.Answers))
	}
	for _, a := range me.news.Answers {
		if a.Err != nil || a.ID != host.key.ID() {
			t.Fatalf("answer %+v", a)
		}
	}
	if me.k.waiting() != 0 {
		t.Error("users left behind")
	}
	_ = me.book.Ban(w.now, hosts.OfID(host.key.ID()), time.Hour)
	if err := me.k.Connect(w.now, id.Ticket{}, host.addr); err != ErrBanned {
		t.Errorf("banned host: %v", err)
	}
	if err := me.k.Connect(w.now, id.Ticket{}, me.addr); err != ErrSelf {
		t.Errorf("ourselves: %v", err)
	}
}

// TestVictim: a thousand identities that strangers place at ten addresses, on any
// port, cost each address at most one dial a minute.
func TestVictim(t *testing.T) {
	w := newNetwork(t)
	peer := w.stranger("8.250.1.1") // so that failures count
	me := w.join("8.200.1.1", Config{Outbound: 32, RefineEvery: time.Second, Peers: []link.Addr{peer.addr}})
	me.start()
	per := map[string][]time.Time{}
	for minute := range 30 {
		for n := range 100 {
			who := testKey(5000 + 100*minute + n).Public().PeerID()
			a := func(i int) link.Addr {
				return link.MustAddr(fmt.Sprintf("/ip4/8.%d.1.1/tcp/%d", 1+(n+i)%10, 4001+n)).WithPeer(who)
			}
			_ = me.book.HearAddrs(w.now, fmt.Sprint(n), []link.Addr{a(0), a(1), a(2)})
		}
		w.run(time.Minute)
	}
	for i, to := range me.tos {
		if to != peer.addr {
			per[to.IP().String()] = append(per[to.IP().String()], me.dials[i])
		}
	}
	if len(per) != 10 {
		t.Errorf("%d addresses dialled, want all ten", len(per))
	}
	for ip, at := range per {
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < time.Minute {
				t.Errorf("%s is dialled again after %v", ip, gap)
			}
		}
	}
}

// TestTrap17OwnSlots: a kept peer and a seed that turn out to be ourselves are not tried
// again, though nothing but the dial could tell.
func TestTrap17OwnSlots(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{Outbound: -1})
	bare := me.addr.Bare()
	w.byID[bare.ID()] = me
	me.setup(Config{Outbound: 1, RefineEvery: -1, Peers: []link.Addr{bare}, Seeds: []link.Addr{link.MustAddr("/ip4/8.200.1.1/tcp/9")}})
	me.start()
	w.run(time.Hour)
	if len(me.dials) != 2 {
		t.Errorf("%d dials to ourselves", len(me.dials))
	}
	for _, s := range me.k.Slots() {
		if s.Role == Manual || s.Role == Seed {
			if s.State != Idle || s.Why == "" {
				t.Errorf("slot %+v", s)
			}
		}
	}
}

// TestTrap30StopDemotesNobody: our own stop says nothing about the hosts: not of those
// whose links it ends, nor of those that a dial was under way to.
func TestTrap30StopDemotesNobody(t *testing.T) {
	w := newNetwork(t)
	peer := w.stranger("9.1.1.1") // so that failures count
	me := w.join("8.200.1.1", Config{Outbound: 8, Peers: []link.Addr{peer.addr}})
	up, hole := w.spread(me, 1, 4, hosts.White), w.spread(me, 50, 4, hosts.White)
	for _, m := range hole {
		m.mode = "hole"
	}
	me.start()
	w.run(time.Second)
	if me.k.filled() != 4 || me.k.dials.Len() != 4 {
		t.Fatalf("%d slots filled, %d dials", me.k.filled(), me.k.dials.Len())
	}
	flying := me.k.dials.Keys()
	me.stop()
	for _, ticket := range flying {
		me.k.DialFailed(w.now, ticket, "cancelled")
	}
	w.run(time.Minute)
	for _, m := range up {
		mustBe(t, me, m, hosts.Gold)
	}
	for _, m := range hole {
		mustBe(t, me, m, hosts.White)
		if h, _ := me.book.Get(m.key.ID()); h.Fails != 0 {
			t.Error("a dial that our stop cancelled counts as a failure")
		}
	}
}
