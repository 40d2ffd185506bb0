package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/utp"
)

// lineFigures are of 1 MB over a line in virtual time: what the machine makes of delay and
// loss, whatever this computer can. Half of the runs have the dialler write, half the
// listener; the bar is for the longest of them.
var lineFigures = []figure{
	{name: "utp-link-20ms", says: "1 MB at a round trip of 20 ms, in virtual time, median of 100", workload: "utp-link", key: "20ms", kind: limit, many: true, bar: 0.2e9, unit: nanos},
	{name: "utp-link-100ms", says: "at 100 ms", workload: "utp-link", key: "100ms", kind: limit, many: true, bar: 1e9, unit: nanos},
	{name: "utp-link-50ms-loss1", says: "at 50 ms, 1 % lost", workload: "utp-link", key: "50ms-1", kind: limit, many: true, bar: 1e9, unit: nanos},
	{name: "utp-link-50ms-loss5", says: "at 50 ms, 5 % lost", workload: "utp-link", key: "50ms-5", kind: limit, many: true, bar: 2.5e9, unit: nanos},
	{name: "utp-link-600ms", says: "at 600 ms", workload: "utp-link", key: "600ms", kind: limit, many: true, bar: 6e9, unit: nanos},
}

var lineWorkloads = []workload{
	{name: "utp-link", once: true, run: func(s side, _ uint64) (values, error) { return runLines(s, 1_000_000) }},
}

// lineOf is what packets go through, each way: they take half of trip, and some are lost.
type lineOf struct {
	key  string
	trip time.Duration
	loss float64
}

var linesOf = []lineOf{
	{"20ms", 20 * time.Millisecond, 0},
	{"100ms", 100 * time.Millisecond, 0},
	{"50ms-1", 50 * time.Millisecond, 0.01},
	{"50ms-5", 50 * time.Millisecond, 0.05},
	{"600ms", 600 * time.Millisecond, 0},
}

// All lines, as in utp's own tests.
const (
	lineRuns   = 100
	lineRate   = 50_000_000  // bytes per second
	lineBuffer = 2_000_000   // that wait for the line; more are lost
	lineHead   = 107         // of every packet, of discv5 and UDP
	lineFor    = time.Minute // that a run may take, in virtual time
)

func runLines(s side, size int) (values, error) {
	if s == rival {
		return nil, nil
	}
	v := values{keyRuns: lineRuns}
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(data)
	for _, l := range linesOf {
		var took []time.Duration
		for seed := range uint64(lineRuns) {
			d, err := l.run(seed, data)
			if err != nil {
				return nil, fmt.Errorf("%s, seed %d: %w", l.key, seed, err)
			}
			took = append(took, d)
		}
		slices.Sort(took)
		v[l.key], v[l.key+keyLeast], v[l.key+keyMost] = float64(took[lineRuns/2]), float64(took[0]), float64(took[lineRuns-1])
	}
	return v, nil
}

// virtual is two endpoints and the line between them, in virtual time.
type virtual struct {
	lineOf
	start, now time.Time
	rng        *rand.Rand
	sent       int
	ends       [2]*lineEnd
}

type lineEnd struct {
	v    *virtual
	who  utp.Remote
	e    *utp.Endpoint
	free time.Duration // when the line takes its next packet, since the start
	come []flying      // on the way to it, in order
	got  []byte
	over bool
	err  error
}

// run carries data from one end to the other and tells when the reader had all of it.
func (l lineOf) run(seed uint64, data []byte) (time.Duration, error) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := &virtual{lineOf: l, start: start, now: start, rng: rand.New(rand.NewPCG(seed, 1))}
	for i := range v.ends {
		x := &lineEnd{v: v, who: utp.Remote{ID: id.ID{31: byte(i + 1)}, At: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 9000)}}
		x.e = utp.New(utp.Config{}, rand.New(rand.NewPCG(v.rng.Uint64(), uint64(i))), x)
		v.ends[i] = x
	}
	from, to := v.ends[0], v.ends[1]
	tickets := [2]id.Ticket{{Owner: "from", N: 1}, {Owner: "to", N: 1}}
	dialler, listener, td, tl := from, to, tickets[0], tickets[1]
	if seed%2 == 1 { // as for content that was asked for
		dialler, listener, td, tl = to, from, tickets[1], tickets[0]
	}
	conn, ok := listener.e.Reserve(v.now, tl, dialler.who.ID)
	if !ok {
		return 0, errors.New("no reservation")
	}
	dialler.e.Dial(v.now, td, listener.who, conn)
	from.e.Write(v.now, tickets[0], data)
	from.e.Finish(v.now, tickets[0])
	var took time.Duration
	for !from.over || !to.over {
		if !v.step() {
			return 0, errors.New("no end")
		}
		if took == 0 && to.over {
			took = v.now.Sub(start)
		}
	}
	if err := errors.Join(from.err, to.err); err != nil {
		return 0, err
	}
	if !bytes.Equal(to.got, data) {
		return 0, errOther
	}
	return took, nil
}

// step does what is next, if there is anything.
func (v *virtual) step() bool {
	next, who := v.start.Add(lineFor), (*lineEnd)(nil)
	for _, x := range v.ends {
		if d := x.e.Deadline(); !d.IsZero() && d.Before(next) {
			next, who = d, x
		}
	}
	x := v.ends[0]
	if y := v.ends[1]; x.after(y) {
		x = y
	}
	if len(x.come) > 0 && x.come[0].at.Before(next) {
		p := x.come[0]
		x.come = x.come[1:]
		v.later(p.at)
		x.take(x.e.Packet(v.now, p.from, p.data))
		return true
	}
	if who == nil {
		return false
	}
	v.later(next)
	who.take(who.e.Advance(v.now))
	return true
}

func (v *virtual) later(at time.Time) {
	if at.After(v.now) {
		v.now = at
	}
}

// Send puts a packet on its way, or loses it.
func (x *lineEnd) Send(_ time.Time, _ utp.Remote, packet []byte) {
	v := x.v
	if v.rng.Float64() < v.loss {
		return
	}
	since := v.now.Sub(v.start)
	begin := max(since, x.free)
	if int((begin-since).Seconds()*lineRate) > lineBuffer {
		return
	}
	x.free = begin + time.Duration(float64(len(packet)+lineHead)/lineRate*1e9)
	to := v.ends[0]
	if to == x {
		to = v.ends[1]
	}
	v.sent++
	to.come = append(to.come, flying{v.start.Add(x.free + v.trip/2), v.sent, x.who, bytes.Clone(packet)})
}

func (x *lineEnd) take(n utp.News) {
	for _, e := range n.Events {
		x.got = append(x.got, e.Data...)
		if e.Kind == utp.End || e.Kind == utp.Failed {
			x.over, x.err = true, e.Err
		}
	}
}

// flying is a packet on its way.
type flying struct {
	at   time.Time
	n    int // of two for one moment the earlier comes first
	from utp.Remote
	data []byte
}

// after tells whether the next packet for y comes before that for x.
func (x *lineEnd) after(y *lineEnd) bool {
	if len(x.come) == 0 || len(y.come) == 0 {
		return len(x.come) == 0
	}
	a, b := x.come[0], y.come[0]
	return b.at.Before(a.at) || b.at.Equal(a.at) && b.n < a.n
}
