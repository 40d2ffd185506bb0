package msgrw

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/link"
)

// model is what an inbox should hold.
type model struct {
	fresh, shown []int // sizes
}

func (m *model) total() (msgs, cost int) {
	for _, list := range [][]int{m.fresh, m.shown} {
		for _, n := range list {
			msgs, cost = msgs+1, cost+costOf(n)
		}
	}
	return msgs, cost
}

// Whatever comes, is shown, read and closed in whatever order: what is counted is
// what is there, and it comes out as it came in.
func TestInboxAccounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all atomic.Int64
		q, m := newInbox(&all), &model{}
		sent, read := uint32(0), uint32(0)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				n := rapid.SampledFrom([]int{4, 60, arenaPayload, arenaPayload + 1, 100_000}).Draw(t, "size")
				data := make([]byte, n)
				binary.BigEndian.PutUint32(data, sent)
				if copied := q.put(time.Time{}, 1, data); copied != (n <= arenaPayload) {
					t.Fatal(copied)
				} else if copied {
					clear(data)
				}
				sent++
				m.fresh = append(m.fresh, n)
			},
			"flush": func(t *rapid.T) {
				q.flush()
				m.shown, m.fresh = append(m.shown, m.fresh...), nil
			},
			"get": func(t *rapid.T) {
				if len(m.shown) == 0 {
					t.Skip("it would wait")
				}
				msg, _, err := q.get()
				if err != nil || int(msg.Size) != m.shown[0] {
					t.Fatal(msg, err)
				}
				raw, _ := msg.bytes()
				if got := binary.BigEndian.Uint32(raw); got != read {
					t.Fatalf("message %d came for %d", got, read)
				}
				read++
				m.shown = m.shown[1:]
			},
			"": func(t *rapid.T) {
				msgs, cost := m.total()
				if gotMsgs, gotCost := q.waiting(); gotMsgs != msgs || gotCost != cost || all.Load() != int64(cost) {
					t.Fatalf("%d messages, %d bytes, %d of the link; want %d and %d", gotMsgs, gotCost, all.Load(), msgs, cost)
				}
			},
		})
		discard := rapid.Bool().Draw(t, "discard")
		q.flush()
		left := len(m.fresh) + len(m.shown)
		lost, _ := q.close(discard)
		for ; !discard && left > 0; left-- {
			if _, _, err := q.get(); err != nil {
				t.Fatal(err)
			}
		}
		if discard && lost != left {
			t.Errorf("%d lost of %d", lost, left)
		}
		if _, _, err := q.get(); err != io.EOF {
			t.Errorf("after the end: %v", err)
		}
		q.put(time.Time{}, 1, []byte("late"))
		q.flush()
		if msgs, cost := q.waiting(); msgs != 0 || cost != 0 || all.Load() != 0 {
			t.Errorf("left: %d messages, %d bytes", msgs, cost)
		}
	})
}

// Random scripts of both ends: what one wrote the other reads, in order, as long as
// the link lives; what is lost was to be lost; and bounds hold at every step.
func TestScriptsOfBothEnds(t *testing.T) {
	done, cancel := context.WithCancel(context.Background())
	cancel() // a write that would wait does not
	rapid.Check(t, func(t *rapid.T) {
		policy := rapid.SampledFrom([]Overflow{Disconnect, Drop, Block}).Draw(t, "policy")
		p, mine := talk("words")
		q, theirs := talk("words")
		q.Limits.Overflow, p.Limits.Overflow = policy, policy
		w := newWorld(t, rapid.Bool().Draw(t, "bare"), []Protocol{p}, []Protocol{q})
		alone := rapid.Bool().Draw(t, "alone")
		w.a.alone, w.b.alone = alone, alone
		sides := []*side{{end: w.a, held: <-mine}, {end: w.b, held: <-theirs}}
		for i, s := range sides {
			s.rw = s.end.hub.peers[conn].rws[0]
			s.other = sides[1-i]
		}
		t.Cleanup(func() {
			for _, s := range sides {
				s.held.end <- nil
			}
		})
		pick := func(t *rapid.T) *side { return sides[rapid.IntRange(0, 1).Draw(t, "side")] }
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				s := pick(t)
				many := rapid.SampledFrom([]int{1, 1, 10, 300}).Draw(t, "many")
				size := rapid.SampledFrom([]int{4, 100, 3000, 300_000}).Draw(t, "size")
				for range many {
					s.write(t, done, size)
				}
			},
			"read": func(t *rapid.T) {
				s := pick(t)
				for range rapid.SampledFrom([]int{1, 10, 300}).Draw(t, "many") {
					s.read(t, policy)
				}
			},
			"turn": func(t *rapid.T) { w.turn() },
			"pass": func(t *rapid.T) {
				for w.turn() { // or the link would be a dead one
				}
				w.pass(time.Duration(rapid.SampledFrom([]int{1, 20, 1000, 11000}).Draw(t, "ms")) * time.Millisecond)
			},
			"": func(t *rapid.T) {
				for _, s := range sides {
					s.check(t, policy)
				}
			},
		})
		if w.ended != nil && w.ended != overflowed || policy != Disconnect && w.ended != nil {
			t.Errorf("the link ended with %v", w.ended)
		}
		for range 10000 { // all that was written is read
			if !w.turn() && sides[0].read(t, policy)+sides[1].read(t, policy) == 0 {
				break
			}
		}
		for _, s := range sides {
			if lost := int(s.other.wrote-s.got) - int(s.rw.kind.dropped); w.ended == nil && lost != 0 {
				t.Errorf("%d of %d messages are lost", lost, s.other.wrote)
			}
		}
	})
}

// side is one end in a script.
type side struct {
	end         *end
	held        *held
	rw          *rw
	other       *side
	wrote, next uint32 // numbers of messages
	got         uint32
}

func (s *side) write(t *rapid.T, ctx context.Context, size int) {
	data := make([]byte, size)
	binary.BigEndian.PutUint32(data, s.wrote)
	err := s.held.WriteMsgContext(ctx, Msg{Code: 1, Size: uint32(size), Payload: bytes.NewReader(data)})
	switch {
	case err == nil:
		s.wrote++
	case errors.Is(err, ErrShuttingDown) && s.end.w.ended != nil:
	case errors.Is(err, context.Canceled):
		if msgs, cost := s.rw.out.left(); msgs < outMsgs && cost+costOf(size) <= outBytes {
			t.Fatalf("refused with %d messages and %d bytes", msgs, cost)
		}
	default:
		t.Fatal(err)
	}
}

// read reads a message if one is there.
func (s *side) read(t *rapid.T, policy Overflow) int {
	q := s.rw.in
	q.mu.Lock()
	ready := len(q.taken)-q.at+len(q.queue) > 0
	q.mu.Unlock()
	if !ready {
		return 0
	}
	m, err := s.held.ReadMsg()
	if err != nil {
		return 0 // discarded by an end of ours
	}
	raw, _ := m.bytes()
	n := binary.BigEndian.Uint32(raw)
	if n < s.next || policy != Drop && n != s.next {
		t.Fatalf("message %d came for %d", n, s.next)
	}
	s.next = n + 1
	s.got++
	return 1
}

func (s *side) check(t *rapid.T, policy Overflow) {
	msgs, cost := s.rw.in.waiting()
	if all := int(s.rw.peer.in.Load()); all != cost {
		t.Fatalf("the link counts %d bytes, its one inbox %d", all, cost)
	}
	out, bytes := s.rw.out.left()
	if out > outMsgs || bytes > outBytes && out > 1 || out == 0 && bytes != 0 {
		t.Fatalf("outbox: %d messages, %d bytes", out, bytes)
	}
	switch {
	case policy == Drop && (msgs > inMsgs || cost > inBytes && msgs > 1),
		policy == Disconnect && (msgs > inMsgsHard || cost > inBrakedHard):
		t.Fatalf("inbox: %d messages, %d bytes", msgs, cost)
	}
}

// A Run that is behind makes the link wait until it is not, but not for long where
// others would wait too.
func TestBrake(t *testing.T) {
	for _, alone := range []bool{true, false} {
		p, mine := talk("words")
		q, theirs := talk("words")
		w := newWorld(t, false, []Protocol{p}, []Protocol{q})
		w.b.alone = alone
		x, y := <-mine, <-theirs
		waits := func() bool { w.b.mu.Lock(); defer w.b.mu.Unlock(); return w.b.held != 0 }
		fill := func() {
			for range 4 * inMsgs {
				done, cancel := context.WithCancel(t.Context())
				cancel()
				if x.WriteMsgContext(done, Msg{Code: 1}) != nil {
					w.turn()
				}
			}
			for w.turn() {
			}
		}
		fill()
		if !waits() {
			t.Fatal("the link goes on")
		}
		take := func(n int) {
			for range n {
				read(t, y)
			}
		}
		r := w.b.hub.peers[conn].rws[0]
		msgs, _ := r.in.waiting()
		take(msgs - inMsgs/2 - 1)
		if !waits() {
			t.Error("it goes on too early")
		}
		take(1)
		if waits() {
			t.Error("half empty, and it waits")
		}
		fill()
		if !waits() {
			t.Fatal("it does not wait a second time")
		}
		w.pass(brakeWithin)
		if waits() != alone {
			t.Errorf("after %s it waits: %v", brakeWithin, waits())
		}
		if !alone {
			before := r.kind.waits
			fill()
			if waits() || r.kind.waits != before {
				t.Error("the neighbours wait again for the same slow Run")
			}
			w.pass(overflowAfter)
			fill()
			if w.ended != link.Subprotocol {
				t.Errorf("ended with %v", w.ended)
			}
		}
		x.end <- nil
		y.end <- nil
	}
}

// Sending and receiving a message allocate less than one time together.
func TestAllocations(t *testing.T) {
	for _, size := range []int{0, 64, 1024, arenaPayload} {
		p, mine := talk("words")
		q, theirs := talk("words")
		w := newWorld(t, false, []Protocol{p}, []Protocol{q})
		x, y := <-mine, <-theirs
		data := make([]byte, size)
		r := bytes.NewReader(data)
		round := func() {
			for range 32 {
				r.Reset(data)
				if err := x.WriteMsg(Msg{Code: 1, Size: uint32(size), Payload: r}); err != nil {
					t.Fatal(err)
				}
			}
			w.turn()
			for range 32 {
				m, err := y.ReadMsg()
				if err != nil {
					t.Fatal(err)
				}
				if err := m.Discard(); err != nil {
					t.Fatal(err)
				}
			}
		}
		round()
		if got := testing.AllocsPerRun(100, round) / 32; got > 0.5 {
			t.Errorf("%d bytes: %.2f allocations for a message", size, got)
		} else {
			t.Logf("%d bytes: %.2f allocations for a message", size, got)
		}
		x.end <- nil
		y.end <- nil
	}
}
