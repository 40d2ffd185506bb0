package session

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// TestLostLinkIsReplacedSoon: a link that was useful and ends is no failure: another is
// there within a fifth of a second; a kept peer is dialled within one second.
func TestLostLinkIsReplacedSoon(t *testing.T) {
	w := newNetwork(t)
	kept := w.stranger("9.1.1.1")
	me := w.join("8.200.1.1", Config{Peers: []link.Addr{kept.addr}})
	w.spread(me, 1, 30, hosts.White)
	me.start()
	w.run(2 * time.Minute)
	for range 5 {
		w.cut(me.links[me.k.outs[2].ID], "connection reset")
		w.run(200 * time.Millisecond)
		if me.k.filled() != OutboundDefault {
			t.Errorf("%d slots filled 200 ms after a loss", me.k.filled())
		}
		w.run(time.Minute + time.Second)
	}
	for range 5 {
		w.cut(me.links[kept.key.ID()], "connection reset")
		w.run(pauseMax + 50*time.Millisecond)
		if me.k.Kind(kept.key.ID()) != Manual {
			t.Error("the kept peer is not back after a second")
		}
		w.run(2 * time.Minute)
	}
	kept.mode = "connection refused"
	w.cut(me.links[kept.key.ID()], "connection reset")
	me.dials, me.tos = nil, nil
	w.run(time.Hour)
	if n := len(me.contacts(kept.addr)); n < 10 || n > 22 {
		t.Errorf("%d dials in an hour to a kept peer that is away", n)
	}
}

// TestTwoDialsAfterALoss: of the two hosts that are dialled for a useful link that ended,
// the one that comes up first has the slot, also when the other never answers; the other
// is proven and let go. Without a loss there is one dial for a slot.
func TestTwoDialsAfterALoss(t *testing.T) {
	for _, hole := range []bool{false, true} {
		w := newNetwork(t)
		me := w.join("8.200.1.1", Config{Outbound: 1, RefineEvery: -1})
		all := w.spread(me, 1, 1, hosts.White)
		me.start()
		w.run(2 * time.Minute)
		if len(me.dials) != 1 {
			t.Fatalf("%d dials for one slot", len(me.dials))
		}
		all[0].mode = "connection refused"
		all = append(all, w.spread(me, 50, 2, hosts.White)...)
		me.dials, me.tos = nil, nil
		w.cut(me.links[all[0].key.ID()], "connection reset")
		for hole && me.k.outs[0].State != Connecting {
			w.run(time.Millisecond)
		}
		if hole {
			w.byID[me.k.outs[0].ID].mode = "hole"
		}
		w.run(lossPauseMax + 2*w.lag)
		if len(me.dials) != 2 || me.k.filled() != 1 || len(me.links) != 1 {
			t.Errorf("hole %v: %d dials, %d slots filled, %d links", hole, len(me.dials), me.k.filled(), len(me.links))
		}
		w.run(time.Minute)
		if c := me.book.Counts(); c.Gold != 1 || c.White != 1 && !hole || me.k.dials.Len() != 0 || me.k.filled() != 1 {
			t.Errorf("hole %v: a minute later %+v, %d dials under way", hole, c, me.k.dials.Len())
		}
	}
}

// crowd is n Keepers without a network: every dial fails at once.
type crowd struct {
	now   time.Time
	all   []*loner
	dials []time.Time
}

// loner is a Keeper whose dials fail, or come up when the network is there.
type loner struct {
	c    *crowd
	k    *Keeper
	up   bool
	asks []id.Ticket
	addr map[id.Ticket]link.Addr
}

func (l *loner) Dial(t id.Ticket, to link.Addr) {
	l.c.dials = append(l.c.dials, l.c.now)
	l.asks, l.addr[t] = append(l.asks, t), to
}
func (l *loner) GiveUp(id.Ticket)          {}
func (l *loner) Drop(id.ID, link.Reason)   {}
func (l *loner) Find(time.Time, id.Ticket) {}

// turn lets what is due happen.
func (l *loner) turn() {
	now := l.c.now
	for {
		if at := l.k.Deadline(); !at.IsZero() && !at.After(now) {
			l.k.Advance(now)
		}
		if len(l.asks) == 0 {
			return
		}
		t := l.asks[0]
		l.asks = l.asks[1:]
		to := l.addr[t]
		delete(l.addr, t)
		info := link.Info{ID: to.ID(), PeerID: to.PeerID(), Addr: to, Dir: link.Out, Ticket: t}
		if kind, _, ok := l.k.Admit(now, info); l.up && ok {
			l.k.Up(now, info, kind)
		} else if !l.up {
			l.k.DialFailed(now, t, "network unreachable")
		}
	}
}

// run goes on in steps of 50 ms.
func (c *crowd) run(d time.Duration) {
	for end := c.now.Add(d); c.now.Before(end); c.now = c.now.Add(50 * time.Millisecond) {
		for _, l := range c.all {
			l.turn()
		}
	}
}

// perSecond counts the dials since a moment by the second.
func (c *crowd) perSecond(since time.Time) (top, total int) {
	count := map[int]int{}
	for _, at := range c.dials {
		count[int(at.Sub(since)/time.Second)]++
	}
	for _, n := range count {
		total += n
		top = max(top, n)
	}
	return top, total
}

// TestTrap19NoPhase: five hundred nodes lose everybody in one moment. They dial again at
// once, each a few hosts; after the first seconds no second has more than a twentieth of
// the dials of the outage, and when the network is back none has a third.
func TestTrap19NoPhase(t *testing.T) {
	if testing.Short() {
		t.Skip("large, and one goroutine")
	}
	c := &crowd{now: t0}
	for n := range 500 {
		rng := rand.New(rand.NewPCG(uint64(n), 7))
		book := hosts.New(hosts.Config{Self: testPeer(n).ID()}, rng)
		for i := range 40 {
			a := link.MustAddr(fmt.Sprintf("/ip4/8.%d.1.1/tcp/4001", i+1)).WithPeer(testPeer(100_000 + 100*n + i))
			_ = book.HearAddr(t0, "", a)
			_ = book.Move(t0, a.ID(), hosts.White)
		}
		l := &loner{c: c, up: true, addr: map[id.Ticket]link.Addr{}}
		l.k = New(Config{Self: testPeer(n).ID(), RefineEvery: -1}, book, rng, l, l)
		l.k.Start(t0)
		c.all = append(c.all, l)
	}
	c.run(2 * time.Minute)
	for _, l := range c.all {
		l.up = false
		if l.k.filled() != OutboundDefault {
			t.Fatalf("%d slots filled", l.k.filled())
		}
		for _, who := range l.k.links.Keys() {
			x, _ := l.k.links.Get(who)
			l.k.Down(c.now, who, x.ticket, "connection reset", time.Minute)
		}
	}
	lost := c.now
	c.dials = nil
	c.run(3 * time.Second)
	top, total := c.perSecond(lost)
	t.Logf("first 3 s: %d dials, at most %d in a second", total, top)
	if top > 500*dialsPerSecond {
		t.Error("more than the rate of each")
	}
	c.dials = nil
	c.run(5 * time.Minute)
	top, total = c.perSecond(lost)
	t.Logf("5 min after: %d dials, at most %d in a second", total, top)
	if 20*top > total {
		t.Errorf("%d of %d dials in one second", top, total)
	}
	for _, l := range c.all {
		l.up = true
	}
	back := c.now
	c.dials = nil
	c.run(2 * time.Minute)
	top, total = c.perSecond(back)
	t.Logf("after the return: %d dials, at most %d in a second", total, top)
	if 3*top > total {
		t.Errorf("%d of %d dials in one second", top, total)
	}
	for _, l := range c.all {
		if l.k.filled() != OutboundDefault {
			t.Errorf("%d slots filled two minutes after the return", l.k.filled())
		}
	}
}

// testPeer is a peer without a key behind it, so that thousands cost nothing.
func testPeer(n int) id.PeerID {
	raw := make([]byte, 32)
	binary.BigEndian.PutUint64(raw, uint64(n))
	return id.PeerIDOf(id.Ed25519, raw)
}
