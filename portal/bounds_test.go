package portal

import (
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// Bounds that no attack of the other tests comes up against.

// A node that asks without end has its burst and its rate; so have offers, which are fewer.
func TestBoundRates(t *testing.T) {
	w := newWorld(t, 51)
	a, b := w.add(func(c *Config) { c.Radius = content.Distance{} }), w.add(nil)
	w.meet(5 * time.Second)
	key, _ := w.blob(8)
	for name, c := range map[string]struct {
		body        []byte
		served      func(answer []byte) bool
		rate, burst int
	}{
		"requests": {message(t, wire.FindNodes{Distances: []uint16{256}}), func(b []byte) bool { return len(b) > 0 }, requestsPerSecond, requestsBurst},
		"offers": {message(t, wire.Offer{Keys: [][]byte{key}}), func(b []byte) bool {
			m, err := wire.DecodeAccept(b, 2, 1)
			return err == nil && m.Codes[0] == wire.Outside
		}, offersPerSecond, offersBurst},
	} {
		w.run(time.Minute) // the allowance is full
		served := 0
		for range 3000 { // 600 a second
			a.request(b, c.body, func(answer []byte) {
				if c.served(answer) {
					served++
				}
			})
			w.run(5 * time.Second / 3000)
		}
		if most := c.burst + 5*c.rate + 1; served > most || served < most*9/10 {
			t.Errorf("%d %s of 3000 are served in 5 s, want %d", served, name, most)
		}
	}
}

// An item that trickles in above the least rate has its time, and who sends has one too when
// the other end takes nothing.
func TestBoundTimes(t *testing.T) {
	w := village(t, 52, 2)
	a, b := w.nodes[0], w.nodes[1]
	key, value := w.blob(3 << 20)
	w.streamRate = slowBytes / int(slowEvery/time.Second) * 3 / 2
	from := w.now
	got := a.ask(func(t id.Ticket) News {
		return a.o.Offer(w.now, t, b.record, []content.Item{{Key: key, Value: value}})
	})
	if took := w.now.Sub(from); got.Err == nil || took < itemWithin || took > itemWithin+time.Second {
		t.Errorf("an item of 3 MiB at %d B/s: %v after %v", w.streamRate, got.Err, took)
	}
	w.streamRate = 0
	w.settle()
	p := a.o.peer(b.id, b.record)
	var err error
	tick := a.o.tickets.Next()
	a.o.send(w.now, tick, p, [][]byte{make([]byte, 10*sendRate)}, false, func(_ time.Time, e error) { err = e })
	a.pipes[tick] = &end{}
	a.did(a.o.Stream(w.now, tick, StreamEvent{Kind: StreamOpen}))
	w.run(sendWithin + 9*time.Second)
	if err != nil {
		t.Fatalf("given up early: %v", err)
	}
	w.run(2 * time.Second)
	if !errors.Is(err, ErrTransfer) {
		t.Errorf("who takes nothing is waited for: %v", err)
	}
	delete(a.pipes, tick)
	w.settle()
}

// Lookups beyond those under way wait, and beyond those that wait they are refused.
func TestBoundLookups(t *testing.T) {
	w := village(t, 53, 2)
	a, b := w.nodes[0], w.nodes[1]
	b.down = true
	const over = 10
	var asked []id.Ticket
	for range lookupsMax + lookupsWaiting + over {
		key, _ := w.blob(8)
		asked = append(asked, a.tick.Next())
		a.did(a.o.Get(w.now, asked[len(asked)-1], key, false))
	}
	if n := a.o.finds.Len() + a.o.searches.Len(); n != lookupsMax || len(a.o.waiting) != lookupsWaiting {
		t.Errorf("%d under way, %d wait", n, len(a.o.waiting))
	}
	refused := 0
	for _, ticket := range asked {
		if x, ok := a.answers[ticket]; ok && errors.Is(x.Err, ErrBusy) {
			refused++
		}
	}
	if refused != over {
		t.Errorf("%d refused, want %d", refused, over)
	}
}

// What waits for one node is bounded, and what waits in streams and of gossip for all.
func TestBoundQueues(t *testing.T) {
	w := village(t, 54, 2)
	a, b := w.nodes[0], w.nodes[1]
	w.meddle = func(_, _ *host, _, _ []byte) ([]byte, bool) { return nil, false } // b never answers
	busy := 0
	carry := func(gossip bool, n int) {
		for range n {
			key, value := w.blob(100)
			a.o.carry(w.now, b.record, &parcel{item: content.Item{ID: id.ID(key[1:]), Key: key, Value: value}, gossip: gossip, done: func(_ time.Time, _ wire.Code, err error) {
				if errors.Is(err, ErrBusy) {
					busy++
				}
			}})
		}
		a.did(a.o.take())
		w.run(10 * time.Millisecond)
	}
	carry(false, queueItems+400)
	c, ok := a.o.couriers.Get(b.id)
	if !ok || c.waiting() > queueItems || busy < 100 {
		t.Errorf("%d wait, %d refused", c.waiting(), busy)
	}
	w.meddle = nil
	w.settle()
	busy = 0
	a.o.sums.waiting += gossipBytesMax
	carry(true, 1)
	carry(false, 1)
	if a.o.sums.waiting -= gossipBytesMax; busy != 1 {
		t.Errorf("%d of gossip and another refused, want the gossip", busy)
	}
	p := a.o.peer(b.id, b.record)
	a.o.sums.sent += sentBytesMax
	if a.o.mayServe(p) {
		t.Error("streams hold more than they may")
	}
	if a.o.sums.sent -= sentBytesMax; !a.o.mayServe(p) {
		t.Error("nothing waits, and nobody is served")
	}
	w.settle()
}

// Who offers what is on its way is remembered, a few of them; a ban ends.
func TestBoundPeers(t *testing.T) {
	w := village(t, 55, 20)
	a := w.nodes[0]
	key, _ := w.blob(100)
	for _, h := range w.nodes[1:] {
		a.reply(h, message(t, wire.Offer{Keys: [][]byte{key}}))
	}
	if c, ok := a.o.claims.Get(id.ID(key[1:])); !ok || len(c.others) != fallbacksMax {
		t.Errorf("%d are remembered, want %d", len(c.others), fallbacksMax)
	}
	b := w.nodes[1]
	for _, c := range []struct {
		points float64
		want   time.Duration
	}{{banAt, banInvalid}, {blameLie, banFor}} {
		for p := a.o.peer(b.id, nil); !p.bannedNow(w.now); {
			a.o.blamePeer(w.now, b.id, c.points, "a test")
		}
		p := a.o.peer(b.id, nil)
		if !p.bannedNow(w.now.Add(c.want-time.Second)) || p.bannedNow(w.now.Add(c.want)) {
			t.Errorf("%v points: banned until %v", c.points, p.banned.Sub(w.now))
		}
		p.banned = time.Time{}
	}
}
