package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// host is the machine a simulated node runs on.
type host struct {
	w     *world
	i     int
	key   *id.Key
	addr  link.Addr
	at    netip.AddrPort // for datagrams alone; not valid: udpPort at addr
	seed  bool
	alive bool
	lived bool   // launched at least once
	lives uint32 // how often it was launched
	since int64  // the last launch
	gen   uint32

	m        machine    // what runs here
	node     *node.Node // the same, unless it is hostile
	up       uplink
	links    map[link.Conn]*end
	lastConn link.Conn
	wakeAt   int64               // of the wake in the queue; 0 for none
	files    map[string][][]byte // what was saved, append by append
	seen     map[place]*sighting
	tickets  id.Tickets
	fillers  int    // slots it tries to fill
	inbound  int    // links it takes
	follows  string // the topic it last subscribed
	arrival  arrival
	store    keeper // of content; nil without
	asked    bool   // the play has asked the node something since the last Take
}

// machine is what the world asks of a host: a node is one, and a hostile host.
type machine interface {
	LinkUp(now time.Time, c link.Conn, info link.Info)
	LinkMsg(now time.Time, c link.Conn, m link.Msg)
	LinkDown(now time.Time, c link.Conn, why error)
	Packet(now time.Time, from netip.AddrPort, b []byte)
	Stored(now time.Time, a content.Answer)
	DialFailed(now time.Time, t id.Ticket, why error)
	Done(now time.Time, t id.Ticket, result any)
	Saved(now time.Time, t id.Ticket, err error)
	Advance(now time.Time)
	Deadline() time.Time
	Take() node.Out
	Next(now time.Time, c link.Conn, busy link.LaneSet) (link.Msg, bool)
}

// place is where a text stands: a room's or a topic's.
type place struct {
	topic      bool
	name, text string
}

// sighting is how often and when first a host saw a text.
type sighting struct {
	count int
	at    int64
	id    string
}

const network = "sim"

// newHost lays out host i. Every host has an IPv4 /16 of its own, as far as they
// go, so that the node's rules about network groups are at work.
func (w *world) newHost(i int, seed bool) *host {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], w.opt.Seed)
	binary.BigEndian.PutUint64(raw[8:], uint64(i))
	scalar := sha256.Sum256(append([]byte("ropewalk sim key"), raw[:]...))
	key, err := id.KeyFromBytes(scalar[:])
	if err != nil {
		panic(fmt.Sprintf("sim: key of host %d: %v", i, err)) // one in 2^128
	}
	w.nodes[key.Public()] = key.ID()
	where := link.MustAddr(fmt.Sprintf("/ip4/%d.%d.%d.7/tcp/4001", 20+i%150, i/150%256, i/38400))
	return &host{w: w, i: i, key: key, seed: seed, addr: where.WithPeer(key.Public().PeerID()), files: map[string][][]byte{}, seen: map[place]*sighting{}, tickets: id.Tickets{Owner: node.Owner}}
}

// launch starts the node with what its disk holds.
func (h *host) launch() {
	now := h.w.time()
	h.gen++
	h.lives++
	h.alive, h.lived, h.since = true, true, h.w.now
	h.links = map[link.Conn]*end{}
	h.wakeAt = 0
	h.arrival = arrival{began: time.Duration(h.w.now)}
	rng := rand.New(rand.NewPCG(h.w.rng.Uint64(), h.w.rng.Uint64()))
	cfg := h.config()
	n, err := node.New(now, cfg, rng, func(name string) ([]byte, bool) {
		parts, ok := h.files[name]
		return bytes.Join(parts, nil), ok
	})
	if err != nil {
		h.w.err = err
		h.alive = false
		return
	}
	h.node, h.m = n, n
	if cfg.Discovery != nil {
		n.SetUDP([]netip.AddrPort{h.udp()})
	}
	if err := n.SetAddrs(now, []link.Addr{h.addr}); err != nil {
		h.w.err = err
	}
	n.Start(now)
	if h.w.lab.on && h.follows != "" { // back after a kill, remembering nothing
		clear(h.seen)
		if err := n.Follow(now, h.follows); err != nil {
			h.w.err = err
		}
	}
	h.flush()
}

func (h *host) config() node.Config {
	c := node.Config{
		Key: h.key, Network: network,
		Session: session.Config{Outbound: 8, Inbound: 96},
		Chat:    chat.Config{Author: chat.NewAuthor(h.key), NodeID: h.w.nodeID},
		Trace:   h.told,
	}
	c.Pex.Verify = h.w.verify
	if h.seed {
		c.Session.Inbound = 512
		c.Hosts.Open = true
	}
	for _, s := range h.w.hosts {
		if s.seed && s != h {
			c.Session.Seeds = append(c.Session.Seeds, s.addr)
		}
	}
	h.w.lab.configure(h, &c)
	if h.w.configure != nil {
		h.w.configure(h, &c)
	}
	h.inbound = c.Session.Inbound
	h.fillers = max(c.Session.Outbound, 0)
	return c
}

// told takes an event that the node reports.
func (h *host) told(_ time.Time, e trace.Event) {
	h.w.hash.trace(h.i, e)
	h.arrival.note(time.Duration(h.w.now), e.Kind, e.Topic)
	if h.w.heard != nil {
		h.w.heard(h, e)
	}
}

// kill ends the node without a word. The other ends of its links get a reset.
func (h *host) kill() {
	h.alive = false
	h.gen++
	for c := link.Conn(1); c <= h.lastConn; c++ {
		if e, ok := h.links[c]; ok {
			e.hangUp(&link.Closed{Reason: link.NetworkError, Remote: true})
		}
	}
	h.links, h.node, h.m, h.up = nil, nil, nil, uplink{}
}

// woken does what is due.
func (h *host) woken(at int64) {
	if h.wakeAt == at {
		h.wakeAt = 0
	}
	h.m.Advance(h.w.time())
}

// flush carries out what the node asks for, until it asks for nothing.
func (h *host) flush() {
	for {
		out := h.m.Take()
		now := h.w.time()
		for _, p := range out.Packets {
			h.w.post(h, p)
		}
		for _, d := range out.Dials {
			h.w.dial(h, d)
		}
		for _, c := range out.Closes {
			if e, ok := h.links[c.Conn]; ok {
				e.close(c.Reason)
			}
		}
		for _, c := range out.Ready {
			if e, ok := h.links[c]; ok {
				e.pump()
			}
		}
		for _, s := range out.Saves {
			switch {
			case s.From != "":
				h.files[s.File] = h.files[s.From]
				delete(h.files, s.From)
			case s.Append:
				h.files[s.File] = append(h.files[s.File], s.Data)
			default:
				if s.Keep {
					h.files[s.File+work.OldSuffix] = h.files[s.File]
				}
				h.files[s.File] = [][]byte{s.Data}
			}
		}
		h.note(out)
		if !h.asked && len(out.Jobs) == 0 && len(out.Saves) == 0 && len(out.Ready) == 0 && len(out.Asks) == 0 {
			break
		}
		h.asked = false
		for _, a := range out.Asks {
			h.m.Stored(now, h.ask(a))
		}
		for _, j := range out.Jobs {
			h.m.Done(now, j.Ticket, h.w.run(j))
		}
		for _, s := range out.Saves {
			if !s.Ticket.IsZero() {
				h.m.Saved(now, s.Ticket, nil)
			}
		}
	}
	h.schedule()
}

// schedule makes sure that the node is woken at its deadline.
func (h *host) schedule() {
	at := h.m.Deadline()
	if at.IsZero() {
		return
	}
	due := max(h.w.at(at), h.w.now)
	if h.wakeAt != 0 && h.wakeAt <= due {
		return
	}
	h.wakeAt = due
	h.w.queue.push(due, event{kind: wake, host: int32(h.i), gen: h.gen})
}

// note keeps what the play asks about.
func (h *host) note(out node.Out) {
	if h.w.answered != nil {
		for _, a := range out.Contents {
			h.w.answered(h, a)
		}
	}
	for _, l := range out.Lines {
		// An own line comes up again with every change of state.
		h.sight(place{name: l.Room, text: l.Text}, l.ID.String(), l.AuthorID == h.key.ID())
	}
	for _, m := range out.Messages {
		text, _, _ := bytes.Cut(m.Data, []byte{0}) // what made it larger
		h.sight(place{topic: true, name: m.Topic, text: string(text)}, m.ID, false)
	}
}

func (h *host) sight(p place, id string, own bool) {
	s, ok := h.seen[p]
	switch {
	case !ok:
		h.seen[p] = &sighting{count: 1, at: h.w.now, id: id}
	case !own || s.id != id:
		s.count++
	}
}
