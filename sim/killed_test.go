package sim

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal"
)

// Half of a hundred offers are under way when the node that takes them is killed, and then
// one that offers. Each offer has its end, nothing is kept for anybody afterwards, and what
// comes again is taken.
func TestKilledDuringOffers(t *testing.T) {
	s := beset(t, 12)
	people := s.honest()
	victim, others := people[0], people[1:11]
	var items []content.Item
	for i := range 100 {
		value := bytes.Repeat([]byte{byte(i), 1}, 10_000+100*i)
		items = append(items, content.Item{Key: blob.KeyOf(blob.Chunk, value).Bytes(), Value: value})
	}
	offer := func() (tickets []id.Ticket) {
		for i, it := range items {
			h := others[i%len(others)]
			if !h.alive {
				continue
			}
			tickets = append(tickets, s.ask(h, func(o *portal.Overlay, t id.Ticket) portal.News {
				return o.Offer(s.time(), t, victim.record(), []content.Item{it})
			}))
		}
		return tickets
	}
	stored := func() (n int) {
		for _, it := range items {
			point, _ := s.network.ID(it.Key)
			a := victim.store.Do(content.Ask{Network: s.network.Name, Verb: content.Get, IDs: []id.ID{point}})
			if a.Err == nil {
				if n++; !bytes.Equal(a.Item.Value, it.Value) {
					t.Error("another value is stored")
				}
			}
		}
		return n
	}
	tickets := offer()
	s.do(func() error {
		return s.run(time.Duration(s.now)+time.Minute, func() bool { return stored() >= len(items)/4 })
	})
	victim.kill()
	if n := stored(); n == len(items) {
		t.Fatal("the test is wrong: all have come")
	}
	s.wait(tickets)
	victim.launch()
	s.pass(10 * time.Second)
	tickets = offer()
	s.pass(300 * time.Millisecond)
	others[0].kill()
	s.wait(slices.DeleteFunc(tickets, func(x id.Ticket) bool { return x.Owner == ticketOf(others[0], id.Ticket{}).Owner }))
	for range 8 { // a node takes eight streams of another at once
		s.pass(15 * time.Second)
		s.wait(offer())
	}
	if n := stored(); n < 90 {
		t.Errorf("%d of 100 are stored", n)
	}
	s.pass(time.Minute)
	for _, h := range s.honest() {
		s.verb(h, func(o *portal.Overlay) portal.News {
			if x := o.Stats(); x.Inbound+x.Outbound+x.InboundBytes+x.OutBytes+x.Queued != 0 {
				t.Errorf("host %d holds %+v", h.i, x)
			}
			return portal.News{}
		})
	}
}
