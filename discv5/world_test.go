package discv5

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// world is machines in memory and a network between them, in virtual time.
type world struct {
	tb    tester
	rng   *rand.Rand
	now   time.Time
	seq   int
	queue events
	at    map[netip.AddrPort]*machine
	all   []*machine

	delay, jitter time.Duration
	loss, twice   float64
	working       time.Duration // how long a job takes
	// tap sees each packet before it is sent on; false drops it.
	tap func(from, to netip.AddrPort, b []byte) bool
}

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

type event struct {
	at  time.Time
	seq int
	run func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

func newWorld(tb tester, seed uint64) *world {
	return &world{
		tb: tb, rng: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1_700_000_000, 0),
		at: map[netip.AddrPort]*machine{}, delay: 5 * time.Millisecond,
	}
}

// after has something done later.
func (w *world) after(d time.Duration, run func()) {
	w.seq++
	heap.Push(&w.queue, event{w.now.Add(d), w.seq, run})
}

// machine is a node of the world.
type machine struct {
	*Discovery
	w      *world
	key    *id.Key
	addr   netip.AddrPort
	cfg    Config
	down   bool
	life   int // of restarts
	wakeAt time.Time

	requests []Request // bodies copied
	answers  map[id.Ticket]Answer
	alive    []*enr.Record
	reports  []Report
	next     id.Tickets
	// serve, when not nil, answers requests at once.
	serve func(r Request) (body []byte, now bool)
}

func testKey(n int) *id.Key {
	raw := [32]byte{31: byte(n), 30: byte(n >> 8), 0: 1}
	k, err := id.KeyFromBytes(raw[:])
	if err != nil {
		panic(err)
	}
	return k
}

func testRecord(tb tester, k *id.Key, at netip.AddrPort, seq uint64, extra ...enr.Pair) *enr.Record {
	b := enr.Builder{Seq: seq, Extra: extra}
	if at.Addr().Is4() {
		b.IP, b.UDP = at.Addr(), at.Port()
	} else if at.IsValid() {
		b.IP6, b.UDP6 = at.Addr(), at.Port()
	}
	r, err := b.Sign(k)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// public is the address of the nth machine: each in a network of its own.
func public(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(20 + n%50), byte(n / 50), byte(n), 7}), 9000)
}

func loopback(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(10_000+n))
}

// add makes a machine and starts it.
func (w *world) add(n int, at netip.AddrPort, edit ...func(*Config)) *machine {
	w.tb.Helper()
	m := &machine{w: w, key: testKey(n + 1), addr: at, answers: map[id.Ticket]Answer{}, next: id.Tickets{Owner: "test"}}
	m.cfg = Config{Key: m.key, Record: testRecord(w.tb, m.key, at, 1), Seed: [32]byte{1, byte(n), byte(n >> 8)}, Localnet: at.Addr().IsLoopback()}
	for _, f := range edit {
		f(&m.cfg)
	}
	m.make()
	w.at[at] = m
	w.all = append(w.all, m)
	m.take(m.Start(w.now))
	return m
}

func (m *machine) make() {
	d, err := New(m.w.now, m.cfg, rand.New(rand.NewPCG(uint64(m.addr.Port()), m.w.rng.Uint64())), m)
	if err != nil {
		m.w.tb.Fatal(err)
	}
	m.Discovery = d
}

// restart loses everything but the key.
func (m *machine) restart() {
	m.life++
	m.cfg.Seed[31]++
	protocols := m.protocols
	m.make()
	m.protocols = protocols
	m.take(m.Start(m.w.now))
}

// Send is the network.
func (m *machine) Send(_ time.Time, to netip.AddrPort, packet []byte) {
	w := m.w
	b := append([]byte(nil), packet...)
	if w.tap != nil && !w.tap(m.addr, to, b) {
		return
	}
	copies := 1
	if w.rng.Float64() < w.loss {
		copies = 0
	} else if w.rng.Float64() < w.twice {
		copies = 2
	}
	for range copies {
		d := w.delay
		if w.jitter > 0 {
			d += time.Duration(w.rng.Int64N(int64(w.jitter)))
		}
		w.after(d, func() { w.deliver(m.addr, to, b) })
	}
}

func (w *world) deliver(from, to netip.AddrPort, b []byte) {
	if m := w.at[to]; m != nil && !m.down {
		m.take(m.Packet(w.now, from, b))
	}
}

// take sees to what an input returned.
func (m *machine) take(n News) {
	w := m.w
	for _, r := range n.Requests {
		r.Body = append([]byte(nil), r.Body...)
		m.requests = append(m.requests, r)
		if m.serve != nil {
			if body, now := m.serve(r); now {
				if err := m.Reply(w.now, r.N, body); err != nil {
					w.tb.Errorf("reply: %v", err)
				}
			}
		}
	}
	for _, a := range n.Answers {
		if _, twice := m.answers[a.Ticket]; twice {
			w.tb.Errorf("%s answered twice", a.Ticket)
		}
		a.Body = append([]byte(nil), a.Body...)
		m.answers[a.Ticket] = a
	}
	m.alive = append(m.alive, n.Alive...)
	m.reports = append(m.reports, n.Reports...)
	for _, j := range n.Jobs {
		m.work(j)
	}
	m.wake()
}

func (m *machine) work(j work.Job) {
	life := m.life
	m.w.after(m.w.working, func() {
		if result := j.Run(); m.life == life {
			m.take(m.Done(m.w.now, j.Ticket, result))
		}
	})
}

// wake has Advance called when it is due.
func (m *machine) wake() {
	at := m.Deadline()
	if at.IsZero() || !m.wakeAt.IsZero() && !at.Before(m.wakeAt) && m.wakeAt.After(m.w.now) {
		return
	}
	m.wakeAt = at
	m.w.after(max(0, at.Sub(m.w.now)), func() {
		if m.wakeAt.Equal(at) {
			m.wakeAt = time.Time{}
			m.take(m.Advance(m.w.now))
		}
	})
}

// run lets time pass.
func (w *world) run(d time.Duration) {
	end := w.now.Add(d)
	for steps := 0; len(w.queue) > 0 && !w.queue[0].at.After(end); steps++ {
		e := heap.Pop(&w.queue).(event)
		if e.at.After(w.now) {
			w.now, steps = e.at, 0
		}
		if steps > 200_000 {
			w.tb.Fatal("time stands still")
		}
		e.run()
	}
	w.now = end
}

// until lets time pass until something is so.
func (w *world) until(d time.Duration, so func() bool) time.Duration {
	w.tb.Helper()
	start := w.now
	for !so() {
		if w.now.Sub(start) >= d {
			w.tb.Fatalf("not so after %v", d)
		}
		w.run(time.Millisecond)
	}
	return w.now.Sub(start)
}

// verbs with a ticket.
func (m *machine) talk(to *machine, proto string, body []byte) id.Ticket {
	t := m.next.Next()
	m.take(m.Talk(m.w.now, t, to.cfg.Record, proto, body))
	return t
}

func (m *machine) ping(to *machine) id.Ticket {
	t := m.next.Next()
	m.take(m.Ping(m.w.now, t, to.cfg.Record))
	return t
}

func (m *machine) tellTo(to *machine, proto string, body []byte) error {
	err := m.Tell(m.w.now, to.key.ID(), to.addr, proto, body)
	m.wake()
	return err
}

// answer waits for the answer of a ticket.
func (m *machine) answer(t id.Ticket) Answer {
	m.w.tb.Helper()
	m.w.until(time.Minute, func() bool { _, ok := m.answers[t]; return ok })
	return m.answers[t]
}

func (m *machine) String() string { return fmt.Sprint(m.addr) }
