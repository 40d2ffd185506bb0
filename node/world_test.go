package node

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// world plays some nodes against each other, one input at a time: links are pairs
// of numbers, jobs are done and saves kept at once, and time passes when told.
type world struct {
	t     testing.TB
	now   time.Time
	conns link.Conn
	hosts []*host
	ends  map[link.Conn]*end // by the number at either end
	// hold keeps dials instead of making links.
	hold bool
	// race, when set, makes links and ends them, each end in its own time.
	race *race
}

// host is one node and all that left it.
type host struct {
	w       *world
	name    string
	key     *id.Key
	n       *Node
	handler *recorder
	events  []trace.Event
	files   map[string][]byte
	fail    error // of every save
	dials   []Dial
	closes  []peer.Close
	downs   map[link.Conn]int

	messages  []gossipsub.Message
	published []gossipsub.Published
	lines     []chat.Line
	answers   []chat.Answer
	connected []session.Answer
}

// end is one end of a link.
type end struct {
	at    *host
	conn  link.Conn
	other *end
}

func newWorld(t testing.TB) *world {
	return &world{t: t, now: start, ends: map[link.Conn]*end{}}
}

func addr(name string) link.Addr {
	return link.MustAddr("/mem/" + name).WithPeer(linktest.Key(name).Public().PeerID())
}

func (w *world) add(name string, change func(*Config)) *host {
	h := &host{w: w, name: name, key: linktest.Key(name), handler: &recorder{}, files: map[string][]byte{}, downs: map[link.Conn]int{}}
	h.handler.h = h
	cfg := Config{
		Key: h.key, Network: "test", Localnet: true,
		Session: session.Config{Outbound: -1, Inbound: 8},
		Gossip:  gossipsub.Config{Params: gossipsub.Params{}, Sign: gossipsub.StrictSign},
		Chat:    chat.Config{Author: chat.NewAuthor(h.key)},
		Handlers: []Handler{{
			Protocol: link.Protocol{Name: "user", Version: 1, Length: 4},
			Handler:  h.handler,
		}},
		Trace: func(_ time.Time, e trace.Event) { h.events = append(h.events, e) },
	}
	if change != nil {
		change(&cfg)
	}
	n, err := New(w.now, cfg, rand.New(rand.NewPCG(1, uint64(len(w.hosts)))), func(name string) ([]byte, bool) {
		data, ok := h.files[name]
		return data, ok
	})
	if err != nil {
		w.t.Fatal(err)
	}
	h.n = n
	w.hosts = append(w.hosts, h)
	n.Start(w.now)
	if err := n.SetAddrs(w.now, []link.Addr{link.MustAddr(fmt.Sprintf("/ip4/10.0.0.%d/tcp/4001", len(w.hosts))).WithPeer(h.key.Public().PeerID())}); err != nil {
		w.t.Fatal(err)
	}
	w.settle()
	return h
}

func (w *world) named(a link.Addr) *host {
	for _, h := range w.hosts {
		if a.ID() == h.key.ID() {
			return h
		}
	}
	return nil
}

// info is what a link says at one end, with all lanes.
func (h *host) info(remote *host, dir link.Direction, t id.Ticket) link.Info {
	pub := remote.key.Public()
	out := link.Info{ID: remote.key.ID(), PeerID: pub.PeerID(), Public: pub, Kind: link.Mem, Addr: addr(remote.name), Dir: dir, Ticket: t}
	for i, p := range Protocols("test", h.n.cfg.Handlers) {
		out.Lanes = append(out.Lanes, link.LaneInfo{Lane: link.Lane(i), Stream: p.StreamIDs()[0]})
	}
	return out
}

// link joins two nodes; from dialled, with a ticket of its own.
func (w *world) link(from, to *host, t id.Ticket) (a, b *end) {
	w.conns += 2
	a, b = &end{at: from, conn: w.conns - 1}, &end{at: to, conn: w.conns}
	a.other, b.other = b, a
	w.ends[a.conn], w.ends[b.conn] = a, b
	from.n.LinkUp(w.now, a.conn, from.info(to, link.Out, t))
	to.n.LinkUp(w.now, b.conn, to.info(from, link.In, id.Ticket{}))
	return a, b
}

// cut ends a link at both ends, once.
func (w *world) cut(e *end, why link.Reason) {
	for _, x := range []*end{e, e.other} {
		if _, up := w.ends[x.conn]; up {
			delete(w.ends, x.conn)
			x.at.downs[x.conn]++
			x.at.n.LinkDown(w.now, x.conn, &link.Closed{Reason: why, Remote: x != e})
		}
	}
}

// settle carries out what every node asks for, until none asks for anything.
func (w *world) settle() {
	for busy := true; busy; {
		busy = false
		for _, h := range w.hosts {
			busy = h.turn() || busy
		}
	}
}

// turn carries out what one node asks for and tells whether that was anything.
func (h *host) turn() bool {
	w, out := h.w, h.n.Take()
	h.messages = append(h.messages, out.Messages...)
	h.published = append(h.published, out.Published...)
	h.lines = append(h.lines, out.Lines...)
	h.answers = append(h.answers, out.Answers...)
	h.connected = append(h.connected, out.Connected...)
	h.dials = append(h.dials, out.Dials...)
	h.closes = append(h.closes, out.Closes...)
	for _, d := range out.Dials {
		if w.race != nil {
			w.race.dial(h, d)
		}
		if w.hold || w.race != nil {
			continue
		}
		if to := w.named(d.To); to != nil && to != h {
			w.link(h, to, d.Ticket)
		} else {
			h.n.DialFailed(w.now, d.Ticket, fmt.Errorf("nobody at %s", d.To))
		}
	}
	for _, c := range out.Closes {
		if e, up := w.ends[c.Conn]; up && w.race != nil {
			w.race.end(e, c.Reason)
		} else if up {
			w.cut(e, c.Reason)
		}
	}
	for _, j := range out.Jobs {
		h.n.Done(w.now, j.Ticket, j.Run())
	}
	for _, s := range out.Saves {
		h.save(s)
	}
	for _, c := range out.Ready {
		e, up := w.ends[c]
		for up {
			m, ok := h.n.Next(w.now, c, 0)
			if !ok {
				break
			}
			if w.race != nil && w.race.holds(e.other, m) {
				continue
			}
			if _, up = w.ends[e.other.conn]; up {
				e.other.at.n.LinkMsg(w.now, e.other.conn, m)
			}
		}
	}
	return len(out.Dials)+len(out.Closes)+len(out.Jobs)+len(out.Saves)+len(out.Ready) > 0
}

func (h *host) save(s work.Save) {
	if h.fail == nil && s.Append {
		h.files[s.File] = append(h.files[s.File], s.Data...)
	} else if h.fail == nil {
		h.files[s.File] = s.Data
	}
	if !s.Ticket.IsZero() {
		h.n.Saved(h.w.now, s.Ticket, h.fail)
	}
}

// pass lets time go by, from deadline to deadline.
func (w *world) pass(d time.Duration) {
	until := w.now.Add(d)
	for {
		next, who := until, (*host)(nil)
		for _, h := range w.hosts {
			if at := h.n.Deadline(); !at.IsZero() && at.Before(next) {
				next, who = at, h
			}
		}
		if next.After(w.now) {
			w.now = next
		}
		if who == nil {
			return
		}
		who.n.Advance(w.now)
		w.settle()
	}
}

// connect has one node dial another on demand.
func (w *world) connect(from, to *host) *end {
	w.t.Helper()
	if err := from.n.Connect(w.now, id.Ticket{Owner: Owner, N: uint64(w.conns) + 1}, addr(to.name)); err != nil {
		w.t.Fatal(err)
	}
	w.pass(time.Second)
	for _, e := range w.ends {
		if e.at == from && e.other.at == to {
			return e
		}
	}
	w.t.Fatalf("%s and %s are not connected", from.name, to.name)
	return nil
}

// recorder is a user's protocol that writes down what it is told, and how many
// events the strands had emitted by then.
type recorder struct {
	h     *host
	calls []string
	at    []int // len(h.events) at each call
	up    map[id.ID]int
	err   error // of Recv
	port  *peer.Port
	why   error // of the last Down
	wake  time.Time
}

func (r *recorder) note(what string, p *peer.Peer) {
	r.calls = append(r.calls, what)
	r.at = append(r.at, len(r.h.events))
	if r.up == nil {
		r.up = map[id.ID]int{}
	}
	switch what {
	case "up":
		r.up[p.ID()]++
	case "down":
		r.up[p.ID()]--
	}
	if v := r.up[p.ID()]; v < 0 || v > 1 {
		r.h.w.t.Errorf("%s: %q leaves %d Ups without a Down", r.h.name, what, v)
	}
}

func (r *recorder) Up(_ time.Time, p *peer.Port) {
	r.port = p
	r.note("up", p.Peer())
}

func (r *recorder) Down(_ time.Time, p *peer.Port, why error) {
	r.why = why
	r.note("down", p.Peer())
}

func (r *recorder) Recv(_ time.Time, p *peer.Port, m link.Msg) error {
	r.note(fmt.Sprintf("recv %d %s", m.Code, m.Data), p.Peer())
	return r.err
}

func (r *recorder) Room(_ time.Time, p *peer.Port) { r.note("room", p.Peer()) }
func (r *recorder) Advance(time.Time) {
	r.wake = time.Time{}
	r.calls = append(r.calls, "advance")
	r.at = append(r.at, 0)
}
func (r *recorder) Deadline() time.Time { return r.wake }
