package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// raid is whole nodes, honest ones and those that attack the tables and the lookups of
// discv5 and of a network of content.
type raid struct {
	*larder
	t       *testing.T
	keys    int // that were tried
	sybils  []*host
	records []*enr.Record
	answers map[id.Ticket]portal.Answer
}

// beset starts so many honest nodes, and lets their tables fill.
func beset(t *testing.T, nodes int) *raid {
	t.Helper()
	s := raidOf(t, nodes)
	s.do(s.rise)
	return s
}

// raidOf lays out honest nodes that do not run yet.
func raidOf(t *testing.T, nodes int) *raid {
	t.Helper()
	f, err := newField(Field{Nodes: nodes, Seed: *seedFlag}, contentSeeds)
	if err != nil {
		t.Fatal(err)
	}
	s := &raid{larder: newLarder(f, 0), t: t, answers: map[id.Ticket]portal.Answer{}}
	s.world.placed = map[netip.AddrPort]*host{}
	s.world.answered = func(h *host, a portal.Answer) { s.answers[ticketOf(h, a.Ticket)] = a }
	return s
}

func (s *raid) do(f func() error) {
	s.t.Helper()
	if err := f(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *raid) pass(d time.Duration) {
	s.t.Helper()
	s.do(func() error { return s.run(time.Duration(s.now)+d, nil) })
}

// key is the next that gives an ID one wants.
func (s *raid) key(want func(id.ID) bool) *id.Key {
	for ; ; s.keys++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("ropewalk sim sybil"), uint64(s.keys)))
		if k, err := id.KeyFromBytes(sum[:]); err == nil && want(k.ID()) {
			s.keys++
			return k
		}
	}
}

func anybody(id.ID) bool { return true }

// sybil adds a liar with this key at this place.
func (s *raid) sybil(key *id.Key, at netip.AddrPort, as lie) *host {
	h := s.add(false)
	h.key, h.at = key, at
	h.addr = link.MustAddr(fmt.Sprintf("/ip4/%s/tcp/4001", at.Addr())).WithPeer(key.Public().PeerID())
	s.world.nodes[key.Public()] = key.ID()
	s.placed[at] = h
	s.liars[h] = true
	s.sybils = append(s.sybils, h)
	s.records = append(s.records, h.record())
	s.plot.deceive(h, as, s.boot)
	return h
}

// alone is the place of the nth sybil: each in a network of its own.
func alone(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{5, byte(n >> 8), byte(n), 9}), udpPort)
}

// hunt has every sybil write to nodes as often as they let it: discv5's ping and the
// network's, which both have it offered to the tables.
func (s *raid) hunt(whom []*host, d time.Duration) {
	s.t.Helper()
	ping, err := wire.Payload{Type: wire.TypeRadius, Radius: content.DistanceMax}.Append(nil)
	if err == nil {
		ping, err = wire.Ping{Seq: 1, Type: wire.TypeRadius, Payload: ping}.AppendPing(nil)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for end := time.Duration(s.now) + d; time.Duration(s.now) < end; s.pass(time.Second) {
		for i, h := range s.sybils {
			l := h.m.(*liar)
			to := whom[(int(s.now/int64(time.Second))+i)%len(whom)].record()
			l.news(l.d.Ping(s.time(), h.tickets.Next(), to))
			l.news(l.d.Talk(s.time(), h.tickets.Next(), to, s.network.Protocol, ping))
			h.flush()
		}
	}
}

// tabled counts who is in discv5's table of a node.
func (s *raid) tabled(h *host) (n int) {
	s.do(func() error {
		return h.node.Discover(s.time(), func(d *discv5.Discovery) discv5.News {
			for _, b := range d.Buckets() {
				n += len(b)
			}
			return discv5.News{}
		})
	})
	return n
}

// held counts the sybils in a node's two tables, replacements included, and all who are
// in the network's.
func (s *raid) held(h *host) (discovery, overlay, all int) {
	bad := func(r *enr.Record) bool {
		return slices.ContainsFunc(s.records, func(o *enr.Record) bool { return o.ID() == r.ID() })
	}
	err := h.node.Discover(s.time(), func(d *discv5.Discovery) discv5.News {
		for _, b := range d.Buckets() {
			for _, e := range b {
				if bad(e.Record) {
					discovery++
				}
			}
		}
		return discv5.News{}
	})
	s.verb(h, func(o *portal.Overlay) portal.News {
		for _, b := range o.Buckets() {
			for _, e := range b {
				if all++; bad(e.Record) {
					overlay++
				}
			}
		}
		return portal.News{}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return discovery, overlay, all
}

// ask asks a node's overlay, and lets the answer come later.
func (s *raid) ask(h *host, f func(o *portal.Overlay, t id.Ticket) portal.News) id.Ticket {
	t := h.tickets.Next()
	s.verb(h, func(o *portal.Overlay) portal.News { return f(o, t) })
	return ticketOf(h, t)
}

// wait lets all answers come.
func (s *raid) wait(all []id.Ticket) {
	s.t.Helper()
	s.do(func() error {
		return s.run(time.Duration(s.now)+3*time.Minute, func() bool {
			return !slices.ContainsFunc(all, func(t id.Ticket) bool { _, ok := s.answers[t]; return !ok })
		})
	})
}

// nearestFound is the share of lookups for random points, one by each honest node, that
// find the honest node nearest to theirs.
func (s *raid) nearestFound(rounds int) float64 {
	s.t.Helper()
	people, found, asked := s.honest(), 0, 0
	for range rounds {
		want := map[id.Ticket]id.ID{}
		var tickets []id.Ticket
		for _, h := range people {
			target, best := kad.Random(s.rng), (*host)(nil)
			for _, o := range people {
				if o != h && (best == nil || id.CompareDistance(target, o.key.ID(), best.key.ID()) < 0) {
					best = o
				}
			}
			t := s.ask(h, func(o *portal.Overlay, t id.Ticket) portal.News { return o.Query(s.time(), t, target) })
			want[t] = best.key.ID()
			tickets = append(tickets, t)
		}
		s.wait(tickets)
		for _, t := range tickets {
			asked++
			if slices.ContainsFunc(s.answers[t].Records, func(r *enr.Record) bool { return r.ID() == want[t] }) {
				found++
			}
		}
	}
	return float64(found) / float64(asked)
}

// item is a value whose key is drawn, put by a node.
func (s *raid) item(h *host) (key []byte, put id.Ticket) {
	value := fmt.Appendf(nil, "item %d of a raid", s.rng.Uint64())
	key = blob.KeyOf(blob.Chunk, value).Bytes()
	return key, s.ask(h, func(o *portal.Overlay, t id.Ticket) portal.News {
		return o.Put(s.time(), t, key, value, content.Durable)
	})
}

// found is the share of nodes that get an item.
func (s *raid) found(by []*host, key []byte) float64 {
	s.t.Helper()
	var tickets []id.Ticket
	for _, h := range by {
		tickets = append(tickets, s.ask(h, func(o *portal.Overlay, t id.Ticket) portal.News {
			return o.Get(s.time(), t, key, false)
		}))
	}
	s.wait(tickets)
	n := 0
	for _, t := range tickets {
		if a := s.answers[t]; a.Err == nil && a.Value != nil {
			n++
		}
	}
	return float64(n) / float64(len(by))
}
