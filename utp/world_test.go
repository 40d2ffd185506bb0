package utp

import (
	"bytes"
	"container/heap"
	"crypto/sha256"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// tester is what tests and properties have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is a network in virtual time: endpoints, and lines between them with delay,
// loss, reordering and a rate.
type world struct {
	t      tester
	now    time.Time
	rng    *rand.Rand
	queue  flying
	serial int
	nodes  []*host
	line   line
	tap    func(from, to *host, b []byte) bool // false loses the packet
}

// line is what every packet goes through.
type line struct {
	trip    time.Duration // there and back, without queues
	loss    float64
	reorder float64       // of packets, which take up to shift longer
	shift   time.Duration // default a fifth of the trip
	double  float64       // of packets, which come twice
	rate    int           // bytes per second, each host's uplink; 0 is no bound
	buffer  int           // bytes that wait for the uplink; 0 is no bound
}

// host is an endpoint and what its user sees.
type host struct {
	w       *world
	name    int
	who     Remote
	e       *Endpoint
	rng     *rand.Rand
	free    time.Duration // when the uplink is, since t0
	longest time.Duration // that a packet waited for the uplink
	got     map[id.Ticket]*got
	on      func(v Event)
	out     int // bytes
	packets int
}

// got is what the user of a stream has of it.
type got struct {
	bytes   int
	hash    interface{ Write([]byte) (int, error) }
	opened  bool
	drained int
	end     bool
	err     error
	at      time.Duration // of the end
}

type flight2 struct {
	at     time.Time
	serial int
	from   *host
	to     *host
	b      []byte
}

type flying []flight2

func (q flying) Len() int { return len(q) }
func (q flying) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].serial < q[j].serial
}
func (q flying) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *flying) Push(x any)   { *q = append(*q, x.(flight2)) }
func (q *flying) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

func newWorld(t tester, seed uint64, l line) *world {
	if l.shift == 0 {
		l.shift = l.trip / 5
	}
	return &world{t: t, now: t0, rng: rand.New(rand.NewPCG(seed, 1)), line: l}
}

func (w *world) host(cfg Config) *host {
	n := len(w.nodes)
	h := &host{w: w, name: n, got: map[id.Ticket]*got{}}
	h.who = Remote{ID: id.ID{31: byte(n + 1)}, At: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n + 1)}), 9000)}
	h.rng = rand.New(rand.NewPCG(w.rng.Uint64(), uint64(n)))
	h.e = New(cfg, h.rng, h)
	w.nodes = append(w.nodes, h)
	return h
}

// Send puts a packet on its way.
func (h *host) Send(now time.Time, to Remote, packet []byte) {
	w := h.w
	if len(packet) > max(PacketMax, h.e.cfg.PacketMax) {
		w.t.Fatalf("a packet of %d bytes", len(packet))
	}
	var peer *host
	for _, x := range w.nodes {
		if x.who == to {
			peer = x
		}
	}
	h.packets++
	h.out += len(packet)
	if peer == nil || w.tap != nil && !w.tap(h, peer, packet) || w.rng.Float64() < w.line.loss {
		return
	}
	since := w.now.Sub(t0)
	leaves := since
	if w.line.rate > 0 {
		begin := max(since, h.free)
		wait := begin - since
		if w.line.buffer > 0 && int(wait.Seconds()*float64(w.line.rate)) > w.line.buffer {
			return
		}
		h.longest = max(h.longest, wait)
		h.free = begin + time.Duration(float64(len(packet)+107)/float64(w.line.rate)*1e9)
		leaves = h.free
	}
	at := t0.Add(leaves + w.line.trip/2)
	if w.line.reorder > 0 && w.rng.Float64() < w.line.reorder {
		at = at.Add(time.Duration(w.rng.Int64N(int64(w.line.shift))))
	}
	times := 1
	if w.line.double > 0 && w.rng.Float64() < w.line.double {
		times = 2
	}
	for range times {
		w.serial++
		heap.Push(&w.queue, flight2{at, w.serial, h, peer, bytes.Clone(packet)})
	}
}

// step does what is next, and tells whether there was anything before end.
func (w *world) step(end time.Time) bool {
	next, who := end, (*host)(nil)
	for _, h := range w.nodes {
		if d := h.e.Deadline(); !d.IsZero() && d.Before(next) {
			next, who = d, h
		}
	}
	if len(w.queue) > 0 && !w.queue[0].at.After(next) && w.queue[0].at.Before(end) && (who == nil || w.queue[0].at.Before(next)) {
		x := heap.Pop(&w.queue).(flight2)
		w.now = later(w.now, x.at)
		x.to.take(x.to.e.Packet(w.now, x.from.who, x.b))
		return true
	}
	if who == nil {
		return false
	}
	w.now = later(w.now, next)
	who.take(who.e.Advance(w.now))
	return true
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// run goes on for a while, or until done says so.
func (w *world) run(d time.Duration, done func() bool) {
	end := w.now.Add(d)
	for done == nil || !done() {
		if !w.step(end) {
			w.now = end
			return
		}
	}
}

func (h *host) take(n News) {
	for _, v := range n.Events {
		g := h.got[v.Ticket]
		if g == nil {
			g = &got{hash: sha256.New()}
			h.got[v.Ticket] = g
		}
		if g.end || g.err != nil {
			h.w.t.Fatalf("host %d: %v after the end of %v", h.name, v.Kind, v.Ticket)
		}
		switch v.Kind {
		case Open:
			g.opened = true
		case Data:
			g.bytes += len(v.Data)
			g.hash.Write(v.Data)
		case Drained:
			g.drained++
		case End:
			g.end = true
			g.at = h.w.now.Sub(t0)
		case Failed:
			g.err = v.Err
			g.at = h.w.now.Sub(t0)
		}
		if h.on != nil {
			h.on(v)
		}
	}
}

func (g *got) digest() []byte {
	return g.hash.(interface{ Sum([]byte) []byte }).Sum(nil)
}

// over tells whether the stream of t is over at h.
func (h *host) over(t id.Ticket) bool {
	g := h.got[t]
	return g != nil && (g.end || g.err != nil)
}

var tickets = id.Tickets{Owner: "test"}

// transfer is one stream with all its bytes.
type transfer struct {
	from, to   *host
	tFrom, tTo id.Ticket
	data       []byte
	began      time.Duration
}

// send opens a stream from one host to another and writes all of data. The listener
// writes if pull is true, as for content that was asked for; the dialler otherwise.
func (w *world) send(from, to *host, data []byte, pull bool) *transfer {
	x := &transfer{from: from, to: to, tFrom: tickets.Next(), tTo: tickets.Next(), data: data, began: w.now.Sub(t0)}
	dialler, listener, tD, tL := from, to, x.tFrom, x.tTo
	if pull {
		dialler, listener, tD, tL = to, from, x.tTo, x.tFrom
	}
	conn, ok := listener.e.Reserve(w.now, tL, dialler.who.ID)
	if !ok {
		w.t.Fatal("no reservation")
	}
	dialler.e.Dial(w.now, tD, listener.who, conn)
	from.e.Write(w.now, x.tFrom, data)
	from.e.Finish(w.now, x.tFrom)
	return x
}

func (x *transfer) over() bool { return x.from.over(x.tFrom) && x.to.over(x.tTo) }

// check fails unless all bytes have arrived, and returns how long that took.
func (x *transfer) check(t tester) time.Duration {
	t.Helper()
	a, b := x.from.got[x.tFrom], x.to.got[x.tTo]
	if a == nil || b == nil || !a.end || !b.end {
		t.Fatalf("not ended: writer %+v, reader %+v", a, b)
	}
	want := sha256.Sum256(x.data)
	if b.bytes != len(x.data) || !bytes.Equal(b.digest(), want[:]) {
		t.Fatalf("%d bytes arrived of %d, or others", b.bytes, len(x.data))
	}
	if len(x.data) > 0 && a.drained != 1 {
		t.Fatalf("drained %d times", a.drained)
	}
	return b.at - x.began
}

// noise is n bytes that do not repeat.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}

// idle fails unless the host has nothing left.
func (h *host) idle(t tester) {
	t.Helper()
	s := h.e.Stats()
	if s.Inbound+s.Outbound+s.Waiting+s.Held != 0 || len(h.e.streams)+len(h.e.tickets)+len(h.e.peers)+len(h.e.timers.heap) != 0 {
		t.Fatalf("left: %+v", s)
	}
}

func (k Kind) String() string {
	return [...]string{"none", "open", "data", "drained", "end", "failed"}[k]
}

// ticketed is a stream at one end.
type ticketed struct {
	e *Endpoint
	t id.Ticket
}
