package linktest

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// manyMessages go each way, on all lanes in turn at random.
const manyMessages = 10_000

// plan is a reproducible stream of messages: lane, code and size of each.
func plan(seed uint64) func() (link.Lane, uint64, int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	ps := Protocols()
	return func() (link.Lane, uint64, int) {
		n := link.Lane(rng.IntN(len(ps)))
		code := uint64(0)
		if !ps[n].Bare {
			code = rng.Uint64N(ps[n].Length)
		}
		return n, code, 8 + rng.IntN(1500)
	}
}

// Every message arrives once, whole and in the order of its lane, with both
// directions in use.
func testManyMessages(t *testing.T, p Pair) {
	ours, theirs := both(t, p)
	send := func(l link.Link, seed uint64) error {
		next := plan(seed)
		for n := range manyMessages {
			lane, code, size := next()
			if err := l.Write(link.Msg{Lane: lane, Code: code, Data: fill(n, size)}); err != nil {
				return fmt.Errorf("write %d: %w", n, err)
			}
		}
		return nil
	}
	receive := func(l link.Link, seed uint64) error {
		type want struct {
			n, size int
			code    uint64
		}
		wants := make([][]want, len(Protocols()))
		next := plan(seed)
		for n := range manyMessages {
			lane, code, size := next()
			wants[lane] = append(wants[lane], want{n, size, code})
		}
		for got := 0; got < manyMessages; {
			m, err := l.Read()
			switch {
			case err != nil:
				return fmt.Errorf("read %d: %w", got, err)
			case anyTime(m.Op):
				continue
			case m.Op != link.Data || len(wants[m.Lane]) == 0:
				return fmt.Errorf("read %d: %s on lane %d", got, m.Op, m.Lane)
			}
			w := wants[m.Lane][0]
			wants[m.Lane] = wants[m.Lane][1:]
			if m.Code != w.code {
				return fmt.Errorf("message %d: code %d, want %d", w.n, m.Code, w.code)
			}
			if err := same(m.Data, w.n, w.size); err != nil {
				return err
			}
			got++
		}
		return nil
	}
	errs := make(chan error, 4)
	go func() { errs <- send(ours, 1) }()
	go func() { errs <- send(theirs, 2) }()
	go func() { errs <- receive(theirs, 1) }()
	go func() { errs <- receive(ours, 2) }()
	for range 4 {
		if _, err := within(t, "traffic", func() (struct{}, error) { return struct{}{}, <-errs }); err != nil {
			t.Error(err)
		}
	}
}

// Messages up to the limit cross; the empty one too, where there is a code.
func testBigMessages(t *testing.T, p Pair) {
	ours, theirs := both(t, p)
	for i, pr := range Protocols() {
		for _, size := range []int{8, 64<<10 - 1, 64 << 10, 64<<10 + 1, pr.PayloadBytesMax() - 1, pr.PayloadBytesMax()} {
			write(t, ours, link.Msg{Lane: link.Lane(i), Data: fill(i, size)})
			m := read(t, theirs, link.Data)
			if err := same(m.Data, i, size); err != nil || m.Lane != link.Lane(i) {
				t.Fatalf("%s: lane %d: %v", pr.Name, m.Lane, err)
			}
		}
		if pr.Bare {
			continue // an empty bare frame is legal and ignored
		}
		write(t, theirs, link.Msg{Lane: link.Lane(i), Code: 1})
		if m := read(t, ours, link.Data); len(m.Data) != 0 || m.Code != 1 {
			t.Errorf("%s: empty message came as code %d and %d bytes", pr.Name, m.Code, len(m.Data))
		}
	}
}

// What breaks the protocol's own description is refused by Write, and the link
// lives on.
func testRefusals(t *testing.T, p Pair) {
	ours, theirs := both(t, p)
	for i, pr := range Protocols() {
		if err := ours.Write(link.Msg{Lane: link.Lane(i), Data: make([]byte, pr.PayloadBytesMax()+1)}); err == nil {
			t.Errorf("%s: wrote %d bytes", pr.Name, pr.PayloadBytesMax()+1)
		}
		if !pr.Bare {
			if err := ours.Write(link.Msg{Lane: link.Lane(i), Code: pr.Length, Data: []byte("text")}); err == nil {
				t.Errorf("%s: wrote code %d of %d", pr.Name, pr.Length, pr.Length)
			}
		}
		write(t, ours, link.Msg{Lane: link.Lane(i), Data: fill(i, 10)})
		if err := same(read(t, theirs, link.Data).Data, i, 10); err != nil {
			t.Error(err)
		}
	}
}

// flood writes on a lane until it is told to stop or has written total bytes, and
// counts.
type flood struct {
	wrote atomic.Int64 // messages
	done  chan error
	over  atomic.Bool
	taken uint64 // the tag of one that was cancelled
	read  int    // messages that pass read
}

const (
	floodBytes    = 128 << 10 // of one message
	floodMessages = 1024      // 128 MiB: far above what any queue may hold
)

func startFlood(l link.Link, lane link.Lane) *flood {
	f := &flood{done: make(chan error, 1)}
	go func() {
		for n := range floodMessages {
			if f.over.Load() {
				break
			}
			if err := l.Write(link.Msg{Lane: lane, Data: fill(n, floodBytes), Tag: uint64(n) + 1}); err != nil {
				f.done <- err
				return
			}
			f.wrote.Add(1)
		}
		f.done <- nil
	}()
	return f
}

// rest waits until the flood stands still and returns how much was written.
func (f *flood) rest(t *testing.T) int64 {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(patience)
	defer end.Stop()
	last, still := int64(-1), 0
	for still < 8 {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatal("the writer never came to rest")
		}
		if n := f.wrote.Load(); n != last {
			last, still = n, 0
		} else {
			still++
		}
	}
	return last
}

// pass reads the flood, which goes on, until a message comes on another lane. Lanes
// are in no order to each other; but what comes only when the flood is over was held
// up by it.
func (f *flood) pass(t *testing.T, to link.Link, lane link.Lane) link.Msg {
	t.Helper()
	for {
		m := read(t, to, link.Data)
		if m.Lane != lane {
			return m
		}
		if err := same(m.Data, f.read, floodBytes); err != nil {
			t.Fatal(err)
		}
		if f.read++; f.read == floodMessages {
			t.Fatal("the flood let nothing past")
		}
	}
}

// finish stops the flood and reads what is left of it from the other end: everything,
// in order. It returns what came on other lanes.
func (f *flood) finish(t *testing.T, from, to link.Link, lane link.Lane) (other []link.Msg) {
	t.Helper()
	const last = 7 // the code that ends it
	f.over.Store(true)
	result := make(chan error, 1)
	go func() {
		for n := f.read; ; {
			m, err := to.Read()
			if f.taken == uint64(n)+1 {
				n++
			}
			switch {
			case err != nil:
				result <- err
				return
			case anyTime(m.Op):
			case m.Lane != lane:
				other = append(other, m)
			case m.Code == last:
				if int64(n) != f.wrote.Load() {
					err = fmt.Errorf("%d messages came of %d", n, f.wrote.Load())
				}
				result <- err
				return
			default:
				if err := same(m.Data, n, floodBytes); err != nil {
					result <- err
					return
				}
				n++
			}
		}
	}()
	wait := func(what string, c chan error) {
		t.Helper()
		if _, err := within(t, what, func() (struct{}, error) { return struct{}{}, <-c }); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	wait("flood", f.done)
	write(t, from, link.Msg{Lane: lane, Code: last})
	wait("reading", result)
	return other
}

// A remote that does not read stops the writer before much is held in memory, and
// nothing is lost when it reads again.
func testBackPressure(t *testing.T, p Pair) {
	ours, theirs := both(t, p)
	f := startFlood(ours, 0)
	if n := f.rest(t); n >= floodMessages/2 {
		t.Fatalf("wrote %d MiB to a remote that does not read", n*floodBytes>>20)
	}
	f.finish(t, ours, theirs, 0)
}

// Where lanes have their own flow control, a stuck one holds up no other and tells
// when it is free again.
func testLanesApart(t *testing.T, p Pair) {
	ours, theirs := both(t, p)
	busier, ok := ours.(link.Busier)
	if !ok {
		t.Skip("all lanes share one wire")
	}
	f := startFlood(ours, 0)
	f.rest(t)
	if busy := busier.Busy(); !busy.Has(0) || busy.Has(1) || busy.Has(2) {
		t.Fatalf("busy lanes %b, want lane 0", busy)
	}
	write(t, ours, link.Msg{Lane: 1, Data: []byte("past")})
	if m := f.pass(t, theirs, 0); m.Lane != 1 || string(m.Data) != "past" {
		t.Errorf("past lane 0 came %q on lane %d", m.Data, m.Lane)
	}
	if other := f.finish(t, ours, theirs, 0); len(other) != 0 {
		t.Errorf("on other lanes came %v", other)
	}
	if m := read(t, ours, link.Freed); m.Lane != 0 {
		t.Errorf("lane %d was freed, want 0", m.Lane)
	}
	if busy := busier.Busy(); busy != 0 {
		t.Errorf("busy lanes %b at the end", busy)
	}
}

// A message that waits for the wire can be taken out, and nothing else is lost.
func testCancel(t *testing.T, p Pair) {
	ours, theirs := both(t, p)
	canceller, ok := ours.(link.Canceller)
	if !ok {
		t.Skip("no message waits")
	}
	f := startFlood(ours, 0)
	f.taken = uint64(f.rest(t)) // the last one that was written
	if canceller.Cancel(1, f.taken) || canceller.Cancel(link.LanesMax, f.taken) || canceller.Cancel(0, floodMessages+1) || canceller.Cancel(0, 1) {
		t.Error("cancelled a message that is not there or on the wire")
	}
	if !canceller.Cancel(0, f.taken) || canceller.Cancel(0, f.taken) {
		t.Error("Cancel")
	}
	f.rest(t) // there is room for another
	f.finish(t, ours, theirs, 0)
	if busier, ok := ours.(link.Busier); ok && busier.Busy() != 0 {
		t.Errorf("busy lanes %b at the end", busier.Busy())
	}
}

// A lane that one end shuts carries the other direction on.
func testHalfClose(t *testing.T, p Pair) {
	if p.NoHalfClose {
		t.Skip("this kind cannot tell")
	}
	ours, theirs := both(t, p)
	for n := range 3 {
		write(t, ours, link.Msg{Lane: 1, Code: 2, Data: fill(n, 100)})
	}
	write(t, ours, link.Msg{Lane: 1, Op: link.Shut})
	write(t, ours, link.Msg{Lane: 1, Op: link.Shut}) // again is harmless
	for n := range 3 {
		if err := same(read(t, theirs, link.Data).Data, n, 100); err != nil {
			t.Error(err)
		}
	}
	if m := read(t, theirs, link.Ended); m.Lane != 1 {
		t.Errorf("lane %d ended, want 1", m.Lane)
	}
	if err := ours.Write(link.Msg{Lane: 1, Data: []byte("text")}); err == nil {
		t.Error("wrote on a lane that is shut")
	}
	write(t, theirs, link.Msg{Lane: 1, Code: 3, Data: []byte("back")})
	if m := read(t, ours, link.Data); m.Lane != 1 || m.Code != 3 || string(m.Data) != "back" {
		t.Errorf("got lane %d code %d %q", m.Lane, m.Code, m.Data)
	}
	write(t, ours, link.Msg{Lane: 0, Data: []byte("other")})
	if m := read(t, theirs, link.Data); m.Lane != 0 || string(m.Data) != "other" {
		t.Errorf("got lane %d %q", m.Lane, m.Data)
	}
}

// gather waits for goroutines.
func gather(t *testing.T, g *sync.WaitGroup) {
	t.Helper()
	_, _ = within(t, "goroutines", func() (struct{}, error) { g.Wait(); return struct{}{}, nil })
}
