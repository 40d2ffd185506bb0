package sim

import (
	"bytes"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/portal"
)

// A node that keeps few sessions loses all of them, again and again, while others bring it
// streams and fetch some: a crowd of strangers that it asks takes their places. Every stream
// comes to its end, with the bytes that were sent.
func TestSessionsLostAmongACrowd(t *testing.T) {
	const sessions, brings, rounds = 8, 6, 5
	s := raidOf(t, 12)
	hub := s.hosts[contentSeeds]
	s.world.configure = func(h *host, c *node.Config) {
		if s.configure(h, c); h == hub {
			c.Discovery.Sessions = sessions
		}
	}
	s.do(s.rise)
	people := s.honest()
	for i := range 3 * sessions {
		s.sybil(s.key(anybody), alone(i), friends)
	}
	item := func(n byte) (key, value []byte) {
		value = bytes.Repeat([]byte{n, 1, n}, 200_000)
		return blob.KeyOf(blob.Chunk, value).Bytes(), value
	}
	var tickets, gets []id.Ticket
	var brought []id.ID
	values := map[id.Ticket][]byte{}
	for i, h := range people[1 : 1+brings] {
		key, value := item(byte(i))
		at, _ := s.network.ID(key)
		brought = append(brought, at)
		tickets = append(tickets, s.ask(h, func(o *portal.Overlay, t id.Ticket) portal.News {
			return o.Offer(s.time(), t, hub.record(), []content.Item{{Key: key, Value: value}})
		}))
		key, value = item(byte(100 + i))
		at, _ = s.network.ID(key)
		h.store.Do(content.Ask{Network: s.network.Name, Verb: content.Put, Item: content.Item{ID: at, Key: key, Value: value, Class: content.Durable}})
		get := s.ask(hub, func(o *portal.Overlay, t id.Ticket) portal.News {
			return o.FindContent(s.time(), t, h.record(), key)
		})
		gets, values[get] = append(gets, get), value
	}
	began, before := s.now, s.handshakes(hub)
	for range rounds {
		s.pass(200 * time.Millisecond)
		s.talkTo(hub, s.sybils)
	}
	s.wait(append(tickets, gets...))
	took := time.Duration(s.now - began)
	t.Logf("%d handshakes, all done after %v", s.handshakes(hub)-before, took)
	for _, ticket := range tickets {
		if a := s.answers[ticket]; a.Err != nil || len(a.Codes) != 1 || a.Codes[0] != 0 {
			t.Errorf("an offer: %v, %v", a.Codes, a.Err)
		}
	}
	if n := s.has(hub, brought); n != brings {
		t.Errorf("%d of %d items that were brought are stored", n, brings)
	}
	for _, get := range gets {
		if a := s.answers[get]; a.Err != nil || !bytes.Equal(a.Value, values[get]) {
			t.Errorf("a get: %d bytes, %v", len(a.Value), a.Err)
		}
	}
}

// talkTo has a node ping all of them at once: while they are waited for, what else there is
// of sessions gives way.
func (s *raid) talkTo(h *host, whom []*host) {
	s.t.Helper()
	for _, o := range whom {
		if err := h.node.Discover(s.time(), func(d *discv5.Discovery) discv5.News {
			return d.Ping(s.time(), h.tickets.Next(), o.record())
		}); err != nil {
			s.t.Fatal(err)
		}
	}
	h.flush()
}

func (s *raid) handshakes(h *host) (n uint64) {
	if err := h.node.Discover(s.time(), func(d *discv5.Discovery) discv5.News {
		n = d.Stats().Handshakes
		return discv5.News{}
	}); err != nil {
		s.t.Fatal(err)
	}
	return n
}
