package portal

import (
	"container/heap"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
	"github.com/ropewalk/ropewalk/trace"
)

// world is a network in memory with a clock of its own: every run of one seed is the same.
type world struct {
	t     testing.TB
	now   time.Time
	rng   *rand.Rand
	queue events
	made  uint64
	nodes []*host
	at    map[id.ID]*host
	// latency is the time a packet takes.
	latency time.Duration
	// meddle may change or drop (nil, false) what a request is answered with.
	meddle func(from, to *host, request, answer []byte) ([]byte, bool)
	// resend is after how long discv5 asks a second time; 0: it does not.
	resend time.Duration
	// spoil may change what goes through a stream.
	spoil func(from, to *host, data []byte) []byte
	// streamRate is bytes a second of each stream; 0: no bound.
	streamRate int
	conns      uint16
	waits      map[connKey]*end
	talks      map[string]int // requests by kind
	bytes      int            // of streams
	drawn      []trace.Event
}

type event struct {
	at time.Time
	n  uint64
	do func()
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].n < q[j].n
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

// host is one node with one overlay.
type host struct {
	w       *world
	key     *id.Key
	id      id.ID
	record  *enr.Record
	o       *Overlay
	store   map[id.ID]content.Item
	radius  content.Distance
	answers map[id.Ticket]Answer
	times   map[id.Ticket]int // answers to a ticket
	replies map[uint64]func(body []byte)
	asked   uint64
	pipes   map[id.Ticket]*end
	took    []content.Item
	down    bool
	slow    bool // its store never answers
	mute    bool // its streams never bring anything
	full    bool // it reserves no streams
	tick    id.Tickets
}

func newWorld(t testing.TB, seed uint64) *world {
	return &world{
		t: t, now: time.Unix(1_700_000_000, 0), rng: rand.New(rand.NewPCG(seed, 1)),
		at: map[id.ID]*host{}, latency: 20 * time.Millisecond,
		waits: map[connKey]*end{}, talks: map[string]int{},
	}
}

// blobs is a network of what proves itself: the key is the value's hash.
func blobs() content.Network {
	return content.Network{
		Name: "blobs", Protocol: "\x90\x01",
		ID: func(key []byte) (id.ID, error) {
			if len(key) != 33 || key[0] != 0 {
				return id.ID{}, content.ErrKey
			}
			return id.ID(key[1:]), nil
		},
		Check: func(key, value []byte) error {
			if sha256.Sum256(value) != [32]byte(key[1:]) {
				return content.ErrInvalid
			}
			return nil
		},
		Quick:    1 << 10,
		ValueMax: 4 << 20,
	}
}

// blob is a value of n bytes with its key.
func (w *world) blob(n int) (key, value []byte) {
	value = make([]byte, n)
	for i := range value {
		value[i] = byte(w.rng.Uint32())
	}
	return keyOf(value), value
}

func keyOf(value []byte) []byte {
	sum := sha256.Sum256(value)
	return append([]byte{0}, sum[:]...)
}

// sign makes a record of a key.
func sign(t testing.TB, k *id.Key, seq uint64, port uint16, pairs []enr.Pair) *enr.Record {
	t.Helper()
	r, err := enr.Builder{Seq: seq, IP: netip.AddrFrom4([4]byte{127, 0, 0, 1}), UDP: port, Extra: pairs}.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) newKey() *id.Key {
	for {
		var raw [32]byte
		for i := range raw {
			raw[i] = byte(w.rng.Uint32())
		}
		if k, err := id.KeyFromBytes(raw[:]); err == nil {
			return k
		}
	}
}

// add makes a node; change may be nil.
func (w *world) add(change func(*Config)) *host { return w.addRecord(wire.Entries(1), change) }

// addRecord makes a node whose record has certain entries.
func (w *world) addRecord(pairs []enr.Pair, change func(*Config)) *host {
	k := w.newKey()
	h := &host{
		w: w, key: k, id: k.ID(), store: map[id.ID]content.Item{}, radius: content.DistanceMax,
		answers: map[id.Ticket]Answer{}, times: map[id.Ticket]int{}, replies: map[uint64]func([]byte){},
		pipes: map[id.Ticket]*end{}, tick: id.Tickets{Owner: "app"},
	}
	h.record = sign(w.t, k, 1, uint16(20000+len(w.nodes)), pairs)
	cfg := Config{
		Self: h.id, Network: blobs(), Record: h.record, Localnet: true, Radius: content.DistanceMax,
		Trace: func(_ time.Time, e trace.Event) { w.drawn = append(w.drawn, e) },
	}
	if change != nil {
		change(&cfg)
	}
	h.radius = cfg.Radius
	h.o = New(w.now, cfg, rand.New(rand.NewPCG(w.rng.Uint64(), 2)), h, h, h)
	w.nodes = append(w.nodes, h)
	w.at[h.id] = h
	return h
}

// village is n nodes that were all seeded with the first, and have met.
func village(t testing.TB, seed uint64, n int) *world {
	w := newWorld(t, seed)
	for range n {
		w.add(nil)
	}
	w.meet(15 * time.Second)
	return w
}

// meet starts all nodes, seeds them with the first, and lets time pass.
func (w *world) meet(d time.Duration) {
	for _, h := range w.nodes {
		h.did(h.o.Start(w.now))
		h.did(h.o.Seed(w.now, []*enr.Record{w.nodes[0].record}))
	}
	w.run(d)
}

func (w *world) after(d time.Duration, do func()) {
	w.made++
	heap.Push(&w.queue, event{w.now.Add(d), w.made, do})
}

// run lets time pass.
func (w *world) run(d time.Duration) { w.until(w.now.Add(d), func() bool { return false }) }

// until lets time pass until a condition holds, and tells whether it does.
func (w *world) until(end time.Time, good func() bool) bool {
	for !good() {
		next, queued := end, false
		if len(w.queue) > 0 && !w.queue[0].at.After(next) {
			next, queued = w.queue[0].at, true
		}
		var due *host
		for _, h := range w.nodes {
			if at := h.o.Deadline(); !at.IsZero() && !h.down && (at.Before(next) || !queued && !at.After(next)) {
				next, due, queued = at, h, true
			}
		}
		if next.After(w.now) {
			w.now = next
		}
		switch {
		case due != nil:
			due.did(due.o.Advance(w.now))
		case queued:
			heap.Pop(&w.queue).(event).do()
		default:
			return good()
		}
	}
	return true
}

// did takes the news of an input.
func (h *host) did(n News) {
	for _, r := range n.Replies {
		f, ok := h.replies[r.N]
		if !ok {
			h.w.t.Fatalf("reply to request %d, which waits for none", r.N)
		}
		delete(h.replies, r.N)
		f(r.Body)
	}
	for _, a := range n.Answers {
		h.answers[a.Ticket] = a
		if h.times[a.Ticket]++; h.times[a.Ticket] > 1 {
			h.w.t.Fatalf("%s is answered twice", a.Ticket)
		}
	}
	for _, j := range n.Jobs {
		h.w.after(0, func() {
			if result := j.Run(); !h.down {
				h.did(h.o.Done(h.w.now, j.Ticket, result))
			}
		})
	}
}

// request hands a request in, as node from.
func (h *host) request(from *host, body []byte, reply func([]byte)) {
	h.asked++
	h.replies[h.asked] = reply
	h.did(h.o.Request(h.w.now, Request{From: from.id, Record: from.record, At: netip.MustParseAddrPort("127.0.0.1:9"), Body: body, N: h.asked}))
}

// Talk is the seam to discv5.
func (h *host) Talk(_ time.Time, t id.Ticket, to *enr.Record, proto string, body []byte) {
	w := h.w
	if k, err := wire.KindOf(body); err == nil {
		w.talks[k.String()]++
	}
	answer := func(b []byte, err error) {
		w.after(w.latency, func() {
			if !h.down {
				h.did(h.o.Answered(w.now, t, to.ID(), b, err))
			}
		})
	}
	send := func() {
		peer := w.at[to.ID()]
		if peer == nil || peer.down {
			return
		}
		if proto != peer.o.cfg.Network.Protocol {
			answer(nil, nil)
			return
		}
		peer.request(h, body, func(b []byte) {
			b = append([]byte(nil), b...)
			if w.meddle != nil {
				var ok bool
				if b, ok = w.meddle(h, peer, body, b); !ok {
					return
				}
			}
			answer(b, nil)
		})
	}
	w.after(w.latency, send)
	if w.resend != 0 {
		w.after(w.latency+w.resend, send)
	}
}

// Ask is the seam to the store.
func (h *host) Ask(a content.Ask) {
	if h.slow {
		return
	}
	out := content.Answer{Ticket: a.Ticket}
	switch a.Verb {
	case content.Get:
		it, ok := h.store[a.IDs[0]]
		if out.Item = it; !ok {
			out.Err = content.ErrNotFound
		}
	case content.Has:
		for _, at := range a.IDs {
			_, ok := h.store[at]
			out.Have = append(out.Have, ok)
		}
	case content.Put:
		if a.Item.Class == content.Cache && !h.radius.Covers(h.id, a.Item.ID) {
			out.Err = content.ErrOutside
			break
		}
		h.store[a.Item.ID] = a.Item
		if a.Item.Class == content.Cache && !a.Item.From.IsZero() {
			h.took = append(h.took, a.Item)
		}
	case content.Drop:
		for _, at := range a.IDs {
			delete(h.store, at)
		}
	case content.Page:
		for at, it := range h.store {
			if len(a.IDs) == 0 || at.Compare(a.IDs[0]) > 0 {
				out.Items = append(out.Items, it)
			}
		}
	}
	out.Radius = h.radius
	h.w.after(0, func() {
		if !h.down {
			h.did(h.o.Stored(h.w.now, out))
		}
	})
}

// ask runs a verb and returns its answer.
func (h *host) ask(f func(t id.Ticket) News) Answer {
	h.w.t.Helper()
	t := h.tick.Next()
	h.did(f(t))
	if !h.w.until(h.w.now.Add(10*time.Minute), func() bool { return h.times[t] > 0 }) {
		h.w.t.Fatalf("no answer to %s", t)
	}
	return h.answers[t]
}

func (h *host) put(key, value []byte) Answer {
	return h.ask(func(t id.Ticket) News { return h.o.Put(h.w.now, t, key, value, content.Durable) })
}

func (h *host) get(key []byte) Answer {
	return h.ask(func(t id.Ticket) News { return h.o.Get(h.w.now, t, key, true) })
}

// have puts an item into the store, and nowhere else.
func (h *host) have(key, value []byte) {
	at, err := h.o.point(key)
	if err != nil {
		h.w.t.Fatal(err)
	}
	h.store[at] = content.Item{ID: at, Key: key, Value: value}
}

// quiet checks that nothing is left under way that should have ended.
func (h *host) quiet() error {
	o := h.o
	for _, c := range []struct {
		what string
		n    int
	}{
		{"calls", o.calls.Len()}, {"jobs", o.jobs.Len()}, {"asks", o.asks.Len()}, {"flows", o.flows.Len()},
		{"requests", o.requests.Len()}, {"claims", o.claims.Len()}, {"couriers", o.couriers.Len()},
		{"searches", o.searches.Len()}, {"finds", o.finds.Len()}, {"verbs", o.verbs.Len()},
		{"waiting", len(o.waiting)}, {"puts", o.puts}, {"receives", o.sums.receives}, {"serves", o.sums.serves},
		{"sent", o.sums.sent}, {"held", o.sums.held}, {"reading", o.sums.reading}, {"queued", o.sums.queued}, {"bytes waiting", o.sums.waiting},
		{"gossiping", o.sums.gossiping}, {"pipes", len(h.pipes)},
	} {
		if c.n != 0 {
			return fmt.Errorf("%s: %d %s left", h.id.Short(), c.n, c.what)
		}
	}
	for who, p := range o.peers.each {
		if p.busy() {
			return fmt.Errorf("%s: %s is busy: %+v", h.id.Short(), who.Short(), p)
		}
	}
	return nil
}

// settle lets everything end but the care for the table, and checks that it does.
func (w *world) settle() {
	w.t.Helper()
	var err error
	if !w.until(w.now.Add(5*time.Minute), func() bool {
		err = nil
		for _, h := range w.nodes {
			if !h.down && err == nil {
				err = h.quiet()
			}
		}
		return err == nil
	}) {
		w.t.Fatal(err)
	}
}
