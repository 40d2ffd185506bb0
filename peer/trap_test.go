package peer

import (
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// Trap 18, a race of two dials: A and B dial each other, and each hears of the two links
// in its own order. Both keep the same one: not two, and not none.
func TestTrap18SimultaneousDial(t *testing.T) {
	for _, first := range []link.Direction{link.Out, link.In} {
		for _, late := range []time.Duration{0, 200 * time.Millisecond, 4 * time.Second} {
			a, b := New(Config{Self: low}), New(Config{Self: high})
			// Link 1 is A's dial, link 2 is B's.
			add := func(t *Table, at time.Time, c link.Conn) Verdict {
				dialled := (t == a) == (c == 1)
				who, dir := high, link.In
				if t == b {
					who = low
				}
				if dialled {
					dir = link.Out
				}
				return t.Add(at, c, info(who, dir))
			}
			order := map[link.Direction][2]link.Conn{link.Out: {1, 2}, link.In: {2, 1}}[first]
			add(a, t0, order[0])
			add(b, t0, order[1])
			add(a, t0.Add(late), order[1])
			add(b, t0.Add(late), order[0])
			pa, _ := a.ByID(high)
			pb, _ := b.ByID(low)
			if pa == nil || pb == nil || pa.Conn() != pb.Conn() || pa.Conn() != 1 {
				t.Errorf("first %s, %v apart: A has %v, B has %v, want the dial of the smaller key at both", first, late, pa, pb)
			}
			if ca, cb := a.TakeCloses(), b.TakeCloses(); len(ca) != 1 || len(cb) != 1 || ca[0].Conn != 2 || cb[0].Conn != 2 {
				t.Errorf("first %s, %v apart: closed %v and %v, want link 2 at both", first, late, ca, cb)
			}
		}
	}
}

// Trap 23, queues without an end: what waits for a peer that does not read is bounded
// by messages and by bytes, for every class, and who sends is told.
func TestTrap23QueuesAreBounded(t *testing.T) {
	for _, size := range []int{0, 100, 64 << 10, 1 << 20} {
		tab := newTable(Config{QueueMsgs: 100, QueueBytes: 4 << 20})
		tab.Add(t0, 1, info(low, link.In, gossip, chat, echo))
		data := make([]byte, size)
		refused := map[link.Lane]bool{}
		for i := range 3000 {
			ln := []link.Lane{gossip, chat, echo}[i%3]
			if ln == chat && size > 1<<16 {
				continue
			}
			err := tab.Queue(t0, low, ln, Message{Data: data, Class: Class(i / 3 % 3)})
			refused[ln] = refused[ln] || errors.Is(err, ErrQueueFull)
		}
		p, _ := tab.ByID(low)
		if p.msgs > 100 || p.bytes > 4<<20 || tab.bytes > 4<<20 {
			t.Errorf("%d bytes each: %d messages and %d bytes wait", size, p.msgs, p.bytes)
		}
		if !refused[echo] {
			t.Errorf("%d bytes each: nobody is told", size)
		}
	}
}
