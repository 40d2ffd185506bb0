package sim

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/store"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/portal"
)

const (
	roomEach  = 1 << 20 // for what peers send
	valueEach = 1000
)

// C6: a node floods another with items that belong nearer to it than any others, four times
// what it has room for. It has a tenth of the room afterwards, and what others brought is
// still there; where peers have no share all of that is pushed out.
func TestC6FloodNearANode(t *testing.T) {
	for _, c := range []struct {
		share     float64 // zero: the default
		withstood bool
	}{{0, true}, {1, false}} {
		s := pantry(t, c.share)
		people := s.honest()
		victim, thief, others := people[0], people[1], people[2:]
		var good, bad []id.ID
		var tickets []id.Ticket
		for i, h := range others {
			far := victim.around(1<<31|uint32(i), 0, 40)
			good = append(good, far...)
			tickets = append(tickets, s.offerTo(victim, h, far[:20]), s.offerTo(victim, h, far[20:]))
		}
		s.wait(tickets)
		for len(bad)*valueEach < 4*roomEach {
			near := victim.around(0, uint32(1+len(bad)), 32)
			bad = append(bad, near...)
			ticket := s.offerTo(victim, thief, near)
			s.pass(time.Second / 2) // more often it is told to wait
			s.wait([]id.Ticket{ticket})
		}
		s.pass(10 * time.Second)
		kept, theirs := s.has(victim, good), s.has(victim, bad)
		t.Logf("share %v: %d of %d items of others, %d of the thief's %d", c.share, kept, len(good), theirs, len(bad))
		if kept+theirs == 0 || (kept == len(good) && theirs*valueEach <= roomEach/10) != c.withstood {
			t.Errorf("share %v: %d of %d items of others are left, %d of the thief's", c.share, kept, len(good), theirs)
		}
	}
}

// pantry is whole nodes with little room and a network whose keys are points.
func pantry(t *testing.T, share float64) *raid {
	t.Helper()
	s := raidOf(t, 12)
	s.network = content.Network{
		Name: "points", Protocol: "points", Gossip: content.Silent,
		ID: func(key []byte) (at id.ID, err error) {
			if copy(at[:], key) != len(at) {
				err = content.ErrKey
			}
			return at, err
		},
		Check: func(_, _ []byte) error { return nil },
	}
	s.world.configure = func(h *host, c *node.Config) {
		if h.store == nil {
			h.store, s.err = store.NewMemory(store.Config{
				Self: h.key.ID(), Networks: []content.Network{s.network}, Capacity: roomEach, Share: share, Now: s.time,
			})
		}
		s.configure(h, c)
	}
	s.do(s.rise)
	return s
}

// around are n points whose distances from a host are a number in the first 32 bits, and
// numbers from another on in the last.
func (h *host) around(high, low uint32, n int) (out []id.ID) {
	for i := range uint32(n) {
		p := h.key.ID()
		head, tail := p[:4], p[len(p)-4:]
		binary.BigEndian.PutUint32(head, binary.BigEndian.Uint32(head)^high)
		binary.BigEndian.PutUint32(tail, binary.BigEndian.Uint32(tail)^(low+i))
		out = append(out, p)
	}
	return out
}

// offerTo has a node offer items at these points to another.
func (s *raid) offerTo(to, from *host, at []id.ID) id.Ticket {
	var items []content.Item
	for _, p := range at {
		items = append(items, content.Item{Key: p[:], Value: make([]byte, valueEach)})
	}
	return s.ask(from, func(o *portal.Overlay, t id.Ticket) portal.News {
		return o.Offer(s.time(), t, to.record(), items)
	})
}

// has counts the points of which a node has an item.
func (s *raid) has(h *host, all []id.ID) (n int) {
	for _, there := range h.store.Do(content.Ask{Network: s.network.Name, Verb: content.Has, IDs: all}).Have {
		if there {
			n++
		}
	}
	return n
}
