package session

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// ask has a user want a host and returns the answer.
func (m *member) ask(t *testing.T, to link.Addr, n uint64) Answer {
	t.Helper()
	had := len(m.news.Answers)
	if err := m.k.Connect(m.net.now, id.Ticket{Owner: "user", N: n}, to); err != nil {
		t.Fatal(err)
	}
	m.net.run(100 * time.Millisecond)
	if len(m.news.Answers) != had+1 || m.news.Answers[had].Err != nil {
		t.Fatalf("answers %+v", m.news.Answers[had:])
	}
	return m.news.Answers[had]
}

// A link on demand is counted: the last of its users takes it down, and no user of an
// earlier link takes down a later one.
func TestDirectIsCounted(t *testing.T) {
	w := newNetwork(t)
	host := w.stranger("8.1.1.1")
	me := w.join("8.200.1.1", Config{Outbound: -1, RefineEvery: -1})
	me.start()
	who := host.key.ID()
	kind := func(want Kind, when string) {
		t.Helper()
		w.run(100 * time.Millisecond)
		if got := me.k.Kind(who); got != want {
			t.Fatalf("%s: link of kind %q, want %q", when, got, want)
		}
	}
	a, b := me.ask(t, host.addr, 1), me.ask(t, host.addr, 2)
	me.k.Release(w.now, who, a.Use)
	kind(Direct, "one of two users is gone")
	me.k.Release(w.now, who, b.Use)
	kind(None, "both are gone")

	old := me.ask(t, host.addr, 3)
	w.cut(me.links[who], "connection reset")
	again := me.ask(t, host.addr, 4)
	me.k.Release(w.now, who, old.Use)
	me.k.Release(w.now, who, old.Use)
	kind(Direct, "a user of an earlier link is gone, twice")

	_ = me.k.Protect(w.now, who, "app")
	me.k.Release(w.now, who, again.Use)
	kind(Direct, "nobody uses it, and it is protected")
	me.k.Unprotect(w.now, who, "app")
	kind(None, "nor is it protected")

	last := me.ask(t, host.addr, 5)
	if err := me.k.AddPeer(w.now, host.addr); err != nil {
		t.Fatal(err)
	}
	w.run(time.Second)
	me.k.Release(w.now, who, last.Use)
	kind(Manual, "it is a manual peer by now")
	held := me.ask(t, host.addr, 6)
	me.k.Forget(w.now, who)
	kind(Direct, "the manual peer is forgotten, and a user has it")
	me.k.Release(w.now, who, held.Use)
	kind(None, "the user is gone too")
}

// Links of other sessions are shared and stay when their user goes.
func TestDirectSharesOtherSessions(t *testing.T) {
	w := newNetwork(t)
	out, in := w.stranger("8.1.1.1"), w.stranger("8.2.1.1")
	me := w.join("8.200.1.1", Config{Outbound: 1, RefineEvery: -1})
	_ = me.book.Hear(t0, "", out.rec)
	me.start()
	_ = in.k.Connect(w.now, in.k.tickets.Next(), me.addr)
	w.run(time.Second)
	dials := len(me.dials)
	for m, want := range map[*member]Kind{out: Outbound, in: Inbound} {
		a := me.ask(t, m.addr, 1)
		me.k.Release(w.now, m.key.ID(), a.Use)
		w.run(time.Second)
		if got := me.k.Kind(m.key.ID()); got != want {
			t.Errorf("link of kind %q after its user, want %q", got, want)
		}
	}
	if len(me.dials) != dials {
		t.Error("dialled although there were links")
	}
}

// A host that is being probed is waited for: the dial is shared.
func TestDirectWaitsForAProbe(t *testing.T) {
	w := newNetwork(t)
	host, other := w.stranger("8.1.1.1"), w.stranger("8.2.1.1")
	me := w.join("8.200.1.1", Config{Outbound: 1, RefineEvery: time.Second})
	_ = me.book.Hear(t0, "", other.rec)
	me.start()
	w.run(500 * time.Millisecond)
	_ = me.book.Hear(w.now, "", host.rec)
	for !me.k.dialling(host.key.ID()) {
		w.run(time.Millisecond)
	}
	dials := len(me.dials)
	me.ask(t, host.addr, 1)
	w.run(5 * time.Second)
	if got := me.k.Kind(host.key.ID()); got != Direct || len(me.dials) != dials {
		t.Errorf("link of kind %q, %d dials more", got, len(me.dials)-dials)
	}
}

// A link that is about to end, as that of a probe that is over, is given to nobody: who
// asks waits for its end, and is dialled for then.
func TestDirectWaitsForTheEnd(t *testing.T) {
	d := newDoor(Config{Inbound: 96})
	who := testKey(1)
	d.come(who.ID(), "8.1.1.1")
	d.k.Leaving(who.ID())
	if err := d.k.Connect(d.now, id.Ticket{Owner: "user", N: 1}, d.at("8.1.1.1").WithPeer(who.Public().PeerID())); err != nil {
		t.Fatal(err)
	}
	if n := d.k.Advance(d.now); len(n.Answers) != 0 || d.k.dials.Len() != 0 {
		t.Errorf("answers %+v, %d dials while the link ends", n.Answers, d.k.dials.Len())
	}
	if at := d.k.Deadline(); !at.After(d.now) {
		t.Error("spins until the link has ended")
	}
	d.leave(who.ID())
	d.k.Advance(d.now)
	if d.k.dials.Len() != 1 || d.k.waiting() != 1 {
		t.Errorf("%d dials, %d waiters after the end", d.k.dials.Len(), d.k.waiting())
	}
}

// TestTrap34CancelledDialThatSucceedsLate: a dial that nobody waits for any more is
// given up, and its link is refused when it comes all the same; one that others wait
// for goes on.
func TestTrap34CancelledDialThatSucceedsLate(t *testing.T) {
	w := newNetwork(t)
	host := w.stranger("8.1.1.1")
	me := w.join("8.200.1.1", Config{Outbound: -1, RefineEvery: -1})
	me.start()
	ticket := func(n uint64) id.Ticket { return id.Ticket{Owner: "user", N: n} }
	for _, others := range []bool{false, true} {
		_ = me.k.Connect(w.now, ticket(1), host.addr)
		if others {
			_ = me.k.Connect(w.now, ticket(2), host.addr)
		}
		w.run(w.lag / 2) // on its way
		if !me.k.Abandon(w.now, ticket(1)) || me.k.Abandon(w.now, ticket(1)) {
			t.Fatal("not abandoned once")
		}
		w.run(time.Second)
		if got := me.k.Kind(host.key.ID()) == Direct; got != others || me.k.dials.Len() != 0 || me.k.waiting() != 0 {
			t.Fatalf("others wait %v: there is a link %v, %d dials, %d waiters", others, got, me.k.dials.Len(), me.k.waiting())
		}
		if n := len(me.news.Answers); n > 1 || n == 1 && !others {
			t.Fatalf("answers %+v", me.news.Answers)
		}
	}
	if host.k.Kind(me.key.ID()) != Inbound {
		t.Error("the link of the other user is not there")
	}
}
