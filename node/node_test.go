package node

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/session"
)

func ticket(n uint64) id.Ticket { return id.Ticket{Owner: Owner, N: n} }

// Each news goes where it belongs: the strand's own to the strand, the rest to the
// application, and nothing to both.
func TestRouting(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	if err := b.n.Follow(w.now, "news"); err != nil {
		t.Fatal(err)
	}
	for _, h := range w.hosts {
		h.n.Join(w.now, ticket(1), "lobby", 0)
	}
	w.settle()
	w.connect(a, b)
	if len(a.connected) != 1 || a.connected[0].Err != nil || a.connected[0].ID != b.key.ID() {
		t.Errorf("connected: %+v", a.connected)
	}
	w.pass(2 * time.Second)

	// The application's own topic: to the application alone.
	a.n.Publish(w.now, ticket(2), "news", []byte("hello"))
	w.pass(time.Second)
	if len(a.published) != 1 || a.published[0].Ticket != ticket(2) || a.published[0].Peers != 1 {
		t.Errorf("published: %+v", a.published)
	}
	if len(b.messages) != 1 || string(b.messages[0].Data) != "hello" || b.messages[0].Via != a.key.ID() {
		t.Errorf("messages: %+v", b.messages)
	}
	if len(a.messages) != 0 {
		t.Errorf("a follows nothing and got %+v", a.messages)
	}

	// A line: asked in chat, published by the router, answered by chat; no gossip
	// message or outcome of it reaches the application.
	a.n.Say(w.now, ticket(3), "lobby", "hi")
	w.pass(time.Second)
	last := a.answers[len(a.answers)-1]
	if last.Ticket != ticket(3) || last.Err != nil || last.Line == nil || last.Line.Text != "hi" {
		t.Errorf("answers: %+v", a.answers)
	}
	if len(b.lines) != 1 || b.lines[0].Text != "hi" || b.lines[0].AuthorID != a.key.ID() {
		t.Errorf("lines: %+v", b.lines)
	}
	if got := a.lines[len(a.lines)-1]; got.State != chat.Delivered {
		t.Errorf("the line stays %q at its author's", got.State)
	}
	if len(b.messages) != 1 || len(a.published) != 1 {
		t.Errorf("chat's traffic reached the application: %d messages, %d outcomes", len(b.messages), len(a.published))
	}

	// A topic that both follow goes to both, and stays until both let go.
	topic := chat.Topic("test", "lobby")
	if err := b.n.Follow(w.now, topic); err != nil {
		t.Fatal(err)
	}
	w.settle()
	a.n.Say(w.now, ticket(4), "lobby", "both")
	w.pass(time.Second)
	if len(b.messages) != 2 || len(b.lines) != 2 {
		t.Errorf("%d messages and %d lines, want 2 and 2", len(b.messages), len(b.lines))
	}
	b.n.Unfollow(w.now, topic)
	w.settle()
	a.n.Say(w.now, ticket(5), "lobby", "chat only")
	w.pass(time.Second)
	if len(b.messages) != 2 || len(b.lines) != 3 {
		t.Errorf("%d messages and %d lines, want 2 and 3", len(b.messages), len(b.lines))
	}

	// Records: each end knows the other's by its own hello.
	for i, h := range w.hosts {
		other := w.hosts[1-i]
		if got, ok := h.n.book.Get(other.key.ID()); !ok || got.Record == nil || got.Record.ID() != other.key.ID() {
			t.Errorf("%s does not hold %s's record: %+v", h.name, other.name, got)
		}
	}
	// Pings: a round trip was measured, of no time in this world.
	if p := a.n.Peers(); len(p) != 1 || len(p[0].Protocols) != 5 || p[0].Session != string(session.Direct) {
		t.Errorf("peers: %+v", p)
	}
}

// A line that could not be saved is answered with the error, and not said.
func TestFailedSaveReachesTheAsker(t *testing.T) {
	w := newWorld(t)
	a := w.add("a", nil)
	a.n.Join(w.now, ticket(1), "lobby", 0)
	w.settle()
	full := errors.New("disk full")
	a.fail = full
	a.n.Say(w.now, ticket(2), "lobby", "lost")
	w.settle()
	if last := a.answers[len(a.answers)-1]; last.Ticket != ticket(2) || !errors.Is(last.Err, full) {
		t.Errorf("answer: %+v", last)
	}
	a.fail = nil
	a.n.Say(w.now, ticket(3), "lobby", "kept")
	w.settle()
	if last := a.answers[len(a.answers)-1]; last.Ticket != ticket(3) || last.Err != nil {
		t.Errorf("answer after the repair: %+v", last)
	}
}

// closes lists what a node wanted closed for a reason.
func (h *host) closesFor(why link.Reason) (out []link.Conn) {
	for _, c := range h.closes {
		if c.Reason == why {
			out = append(out, c.Conn)
		}
	}
	return out
}

// Of two links with one peer one stays, the same at both ends, and every protocol
// sees one Down for each Up.
func TestDuplicateLinks(t *testing.T) {
	for _, both := range []bool{false, true} {
		for _, apart := range []time.Duration{0, 10 * time.Second} {
			t.Run(fmt.Sprintf("both dial %v, %s apart", both, apart), func(t *testing.T) {
				w := newWorld(t)
				a, b := w.add("a", nil), w.add("b", nil)
				w.hold = true
				dial := func(from, to *host) {
					if err := from.n.Connect(w.now, ticket(uint64(w.conns)+1), addr(to.name)); err != nil {
						t.Fatal(err)
					}
					from.n.Advance(w.now)
					w.settle()
				}
				dial(a, b)
				if both {
					dial(b, a)
				}
				w.link(a, b, a.dials[0].Ticket)
				if apart > 0 {
					w.settle()
					w.pass(apart)
				}
				if both && len(b.dials) > 0 {
					w.link(b, a, b.dials[0].Ticket)
				} else {
					// It lost the first one and dials again.
					b.n.LinkUp(w.now, 100, b.info(a, link.In, id.Ticket{}))
					lone := &end{at: b, conn: 100, other: &end{at: a, conn: 101}}
					w.ends[100] = lone
				}
				w.settle()
				w.pass(time.Second)
				for _, h := range w.hosts {
					other := a.key.ID()
					if h == a {
						other = b.key.ID()
					}
					if n := h.n.PeerCount(); n != 1 && both {
						t.Errorf("%s has %d peers", h.name, n)
					}
					if got := h.handler.up[other]; got != h.n.PeerCount() {
						t.Errorf("%s: %d Ups without a Down for %d peers: %v", h.name, got, h.n.PeerCount(), h.handler.calls)
					}
					for c, n := range h.downs {
						if n != 1 {
							t.Errorf("%s: link %d went down %d times", h.name, c, n)
						}
					}
				}
				if both {
					pa, okA := a.n.peers.ByID(b.key.ID())
					pb, okB := b.n.peers.ByID(a.key.ID())
					if !okA || !okB {
						t.Fatalf("a has b %v, b has a %v; a's events %+v", okA, okB, a.events)
					}
					if w.ends[pa.Conn()] == nil || w.ends[pa.Conn()].other.conn != pb.Conn() {
						t.Errorf("a keeps link %d, b keeps %d: not the same", pa.Conn(), pb.Conn())
					}
				}
			})
		}
	}
}

// A link that is refused is closed with the reason, and no strand hears of it.
func TestRefusedLinks(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", func(c *Config) { c.Session.Inbound = 1 }), w.add("b", nil)
	c, self := w.add("c", nil), w.add("a", nil)
	tests := []struct {
		name string
		from *host
		why  link.Reason
	}{
		{"ourselves", self, link.Self},
		{"full", c, link.TooManyPeers},
	}
	w.link(b, a, id.Ticket{}) // b does not know of the dial and refuses; a's end stays
	first := w.conns
	for _, tc := range tests {
		w.conns++
		a.n.LinkUp(w.now, w.conns, a.info(tc.from, link.In, id.Ticket{}))
		out := a.n.Take()
		if len(out.Closes) != 1 || out.Closes[0].Conn != w.conns || out.Closes[0].Reason != tc.why {
			t.Errorf("%s: closes %+v, want %d for %s", tc.name, out.Closes, w.conns, tc.why)
		}
		// What such a link still reads, and its end, mean nothing.
		a.n.LinkMsg(w.now, w.conns, link.Msg{Lane: laneChat, Data: []byte("x")})
		a.n.LinkMsg(w.now, w.conns, link.Msg{Lane: LaneUser, Op: link.Opened, Stream: "/x"})
		a.n.LinkDown(w.now, w.conns, nil)
		a.n.LinkDown(w.now, w.conns, nil)
	}
	if len(a.handler.calls) != 1 || a.n.PeerCount() != 1 {
		t.Errorf("handler was told %v; %d peers", a.handler.calls, a.n.PeerCount())
	}
	if err := a.n.Ban(w.now, b.key.ID(), netip.Addr{}, time.Hour); err != nil {
		t.Fatal(err)
	}
	out := a.n.Take()
	if len(out.Closes) != 1 || out.Closes[0].Conn != first {
		t.Errorf("a ban closes %+v, want link %d", out.Closes, first)
	}
	a.n.LinkDown(w.now, first, nil)
	a.n.LinkUp(w.now, 1000, a.info(b, link.In, id.Ticket{}))
	if out := a.n.Take(); len(out.Closes) != 1 || a.n.PeerCount() != 0 {
		t.Errorf("a banned peer's link: %+v", out.Closes)
	}
}

// A breach on any lane costs the link, once, and the link's end comes up once.
func TestBreachClosesOnce(t *testing.T) {
	tests := []struct {
		name string
		msg  link.Msg
	}{
		{"gossip", link.Msg{Lane: laneGossip, Data: []byte{0xff, 0xff, 0xff}}},
		{"pex", link.Msg{Lane: lanePex, Code: 0, Data: []byte("noise")}},
		{"chat", link.Msg{Lane: laneChat, Code: 0, Data: []byte{0xff}}},
		{"pulse", link.Msg{Lane: lanePulse, Code: 0, Data: []byte("short")}},
		{"user", link.Msg{Lane: LaneUser, Code: 1, Data: []byte("bad")}},
		{"code beyond the protocol", link.Msg{Lane: LaneUser, Code: 4}},
		{"lane beyond the table", link.Msg{Lane: LaneUser + 1}},
		{"last lane there can be", link.Msg{Lane: 255}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.add("a", nil), w.add("b", nil)
			e := w.connect(a, b)
			a.handler.err = link.Breach
			for range 3 {
				a.n.LinkMsg(w.now, e.conn, tc.msg)
			}
			out := a.n.Take()
			if len(out.Closes) != 1 || out.Closes[0].Conn != e.conn {
				t.Fatalf("closes %+v, want link %d once", out.Closes, e.conn)
			}
			if len(a.n.Peers()) != 0 {
				t.Error("a peer that is given up is still shown")
			}
			if _, ok := a.n.Next(w.now, e.conn, 0); ok {
				t.Error("a link that is given up is still written to")
			}
			w.cut(e, out.Closes[0].Reason)
			w.settle()
			if a.n.PeerCount() != 0 || a.handler.up[b.key.ID()] != 0 {
				t.Errorf("%d peers, user's protocol was told %v", a.n.PeerCount(), a.handler.calls)
			}
		})
	}
}

// Lane events of lanes there are not, in any order, change nothing.
func TestLaneEvents(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	e := w.connect(a, b)
	a.handler.calls = nil
	event := func(ln link.Lane, op link.Op) {
		a.n.LinkMsg(w.now, e.conn, link.Msg{Lane: ln, Op: op, Stream: "/x"})
	}
	for _, ln := range []link.Lane{LaneUser + 1, 63, 255} {
		for _, op := range []link.Op{link.Opened, link.Shut, link.Began, link.Ended, link.Freed} {
			event(ln, op)
		}
	}
	if len(a.handler.calls) != 0 {
		t.Errorf("told %v", a.handler.calls)
	}
	for _, ln := range []link.Lane{laneGossip, lanePex, laneChat, lanePulse, LaneUser} {
		for _, op := range []link.Op{link.Opened, link.Opened, link.Shut, link.Shut, link.Ended, link.Began, link.Opened, link.Ended} {
			event(ln, op)
		}
	}
	want := []string{"down", "up", "down", "up", "down", "up", "down"}
	if !slices.Equal(a.handler.calls, want) {
		t.Errorf("told %v, want %v", a.handler.calls, want)
	}
	w.settle()
	w.cut(e, link.Requested)
	w.settle()
	if a.handler.up[b.key.ID()] != 0 {
		t.Errorf("told %v", a.handler.calls)
	}
}

// The user's protocols hear last: when they do, no strand says anything more of
// that input.
func TestHandlersAreCalledLast(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	w.hold = true
	if err := a.n.Connect(w.now, ticket(1), addr("b")); err != nil {
		t.Fatal(err)
	}
	a.n.Advance(w.now)
	w.settle()
	check := func(what string, input func()) {
		t.Helper()
		a.handler.calls, a.handler.at = nil, nil
		input()
		if len(a.handler.calls) != 1 || a.handler.at[0] != len(a.events) {
			t.Errorf("%s: told %v at event %v of %d", what, a.handler.calls, a.handler.at, len(a.events))
		}
	}
	check("up", func() { a.n.LinkUp(w.now, 50, a.info(b, link.Out, a.dials[0].Ticket)) })
	check("recv", func() { a.n.LinkMsg(w.now, 50, link.Msg{Lane: LaneUser, Code: 3, Data: []byte("x")}) })
	check("down", func() { a.n.LinkDown(w.now, 50, nil) })

	a.handler.wake = w.now.Add(90 * time.Millisecond)
	if at := a.n.Deadline(); at.After(a.handler.wake) {
		t.Errorf("deadline %s, the user's is %s", at, a.handler.wake)
	}
	a.handler.calls = nil
	w.hold = false
	w.pass(100 * time.Millisecond)
	if !slices.Equal(a.handler.calls, []string{"advance"}) {
		t.Errorf("told %v", a.handler.calls)
	}
}

// After Stop nothing that was under way brings anything up: links of late dials are
// refused, jobs and saves that end are taken without a word, and Start works again.
func TestStop(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	a.n.Join(w.now, ticket(1), "lobby", 0)
	w.settle()
	w.connect(a, b)
	w.hold = true
	c := w.add("c", nil)
	if err := a.n.Connect(w.now, ticket(2), addr("c")); err != nil {
		t.Fatal(err)
	}
	a.n.Advance(w.now)
	w.settle()
	late := a.dials[len(a.dials)-1].Ticket
	if err := a.n.Connect(w.now, ticket(3), addr("d")); err != nil {
		t.Fatal(err)
	}
	a.n.Advance(w.now)
	w.settle()
	later := a.dials[len(a.dials)-1].Ticket
	a.n.Say(w.now, ticket(4), "lobby", "last")
	jobs := a.n.Take().Jobs
	if len(jobs) == 0 || late == later {
		t.Fatalf("%d jobs, dials %v", len(jobs), a.dials)
	}

	a.n.Stop(w.now)
	a.n.Stop(w.now)
	w.settle()
	if got := a.closesFor(link.Quitting); len(got) != 1 || a.n.PeerCount() != 0 {
		t.Errorf("closes %v, %d peers", a.closes, a.n.PeerCount())
	}
	if _, saved := a.files[hostsFile]; !saved {
		t.Error("the host book is not saved")
	}
	for _, n := range []uint64{2, 3} {
		i := slices.IndexFunc(a.connected, func(c session.Answer) bool { return c.Ticket == ticket(n) })
		if i < 0 || a.connected[i].Err == nil {
			t.Errorf("who waited for dial %d is not answered: %+v", n, a.connected)
		}
	}
	calls := len(a.handler.calls)
	a.n.LinkUp(w.now, 500, a.info(c, link.Out, late))
	a.n.DialFailed(w.now, later, errors.New("too late"))
	for _, j := range jobs {
		a.n.Done(w.now, j.Ticket, j.Run())
	}
	out := a.n.Take()
	if len(out.Closes) != 1 || out.Closes[0].Conn != 500 || out.Closes[0].Reason != link.Quitting {
		t.Errorf("a late link: closes %+v", out.Closes)
	}
	if len(out.Dials) != 0 || len(a.handler.calls) != calls {
		t.Errorf("after Stop: dials %v, the user's protocol was told %v", out.Dials, a.handler.calls[calls:])
	}
	a.n.LinkDown(w.now, 500, nil)
	if err := a.n.Connect(w.now, ticket(5), addr("b")); err == nil {
		t.Error("a stopped node dials")
	}

	w.hold = false
	a.n.Start(w.now)
	w.settle()
	w.connect(a, b)
}

// The record follows the addresses: signed anew when they change, with a greater
// number, and no longer announced when nobody could use it.
func TestRecordFollowsAddrs(t *testing.T) {
	w := newWorld(t)
	a := w.add("a", nil)
	first := a.n.Record()
	set := func(addrs ...string) string {
		t.Helper()
		var list []link.Addr
		for _, text := range addrs {
			list = append(list, link.MustAddr(text).WithPeer(a.key.Public().PeerID()))
		}
		if err := a.n.SetAddrs(w.now, list); err != nil {
			t.Fatal(err)
		}
		return a.n.Record()
	}
	if again := set("/ip4/10.0.0.1/tcp/4001"); again != first {
		t.Error("signed anew without a change")
	}
	seq := a.n.record.Seq()
	tests := []struct {
		name      string
		addrs     []string
		ip        string
		tcp, quic uint16
	}{
		{"another port", []string{"/ip4/10.0.0.1/tcp/4002"}, "10.0.0.1", 4002, 0},
		{"public before private before loopback", []string{"/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/2", "/ip4/203.0.113.7/tcp/3", "/ip4/203.0.113.8/tcp/4"}, "203.0.113.7", 3, 0},
		{"quic too", []string{"/ip4/203.0.113.7/udp/5/quic-v1", "/ip4/203.0.113.7/tcp/3", "/ip4/203.0.113.7/tcp/9"}, "203.0.113.7", 3, 5},
		{"a name is no address", []string{"/dns4/example.org/tcp/3", "/ip4/0.0.0.0/tcp/4"}, "", 0, 0},
		{"none", nil, "", 0, 0},
		{"again", []string{"/ip4/10.0.0.1/tcp/4001"}, "10.0.0.1", 4001, 0},
	}
	for _, tc := range tests {
		was := a.n.Record()
		now := set(tc.addrs...)
		r := a.n.record
		rope, _ := r.Rope()
		ip := ""
		if r.IP().IsValid() {
			ip = r.IP().String()
		}
		if ip != tc.ip || rope.TCP != tc.tcp || rope.QUIC != tc.quic {
			t.Errorf("%s: %s %d %d, want %s %d %d", tc.name, ip, rope.TCP, rope.QUIC, tc.ip, tc.tcp, tc.quic)
		}
		if now != was && r.Seq() <= seq {
			t.Errorf("%s: seq %d after %d", tc.name, r.Seq(), seq)
		}
		seq = r.Seq()
		if !strings.HasPrefix(now, "enr:") {
			t.Errorf("%s: record %q", tc.name, now)
		}
	}
}

// A node of what another saved: rooms, lines and hosts are there again.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	a.n.Join(w.now, ticket(1), "lobby", 0)
	w.settle()
	w.connect(a, b)
	a.n.Say(w.now, ticket(2), "lobby", "kept")
	w.pass(time.Second)
	a.n.Stop(w.now)
	w.settle()

	again := newWorld(t)
	again.now = w.now
	c := again.add("a", nil)
	c.files = a.files
	n, err := New(again.now, c.n.cfg, rand.New(rand.NewPCG(1, 2)), func(name string) ([]byte, bool) { data, ok := a.files[name]; return data, ok })
	if err != nil {
		t.Fatal(err)
	}
	lines, _, err := n.History("lobby", "", 10)
	if err != nil || len(lines) != 1 || lines[0].Text != "kept" {
		t.Errorf("history: %+v %v", lines, err)
	}
	if _, ok := n.book.Get(b.key.ID()); !ok {
		t.Error("the host book is empty")
	}
}

// Round trips that links measure count where pulse has none; who ended a link, and
// why, is told to the user's protocols and stands in the event.
// Origin: C10
func TestC10WhoEndedTheLink(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(w *world, a *host, e *end)
		want error
	}{
		{"the remote", func(w *world, _ *host, e *end) { w.cut(e.other, link.TooManyPeers) }, &link.Closed{Reason: link.TooManyPeers, Remote: true}},
		{"we", func(w *world, _ *host, e *end) { w.cut(e, link.Requested) }, &link.Closed{Reason: link.Requested}},
		{"our protocol", func(w *world, a *host, _ *end) { a.handler.port.Drop(w.now, link.Useless) }, &link.Closed{Reason: link.Useless}},
		{"we, and it broke before we could say so", func(w *world, a *host, e *end) {
			a.handler.port.Drop(w.now, link.Useless)
			a.n.LinkDown(w.now, e.conn, errors.New("reset"))
		}, &link.Closed{Reason: link.Useless}},
		{"nobody", func(w *world, a *host, e *end) { a.n.LinkDown(w.now, e.conn, errors.New("reset")) }, errors.New("reset")},
		{"nobody knows", func(w *world, a *host, e *end) { a.n.LinkDown(w.now, e.conn, nil) }, link.NetworkError},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.add("a", nil), w.add("b", nil)
			e := w.connect(a, b)
			a.n.pulse.Down(b.key.ID())
			a.n.LinkMsg(w.now, e.conn, link.Msg{Op: link.Timed, Code: uint64(3 * time.Millisecond)})
			a.n.LinkMsg(w.now, e.conn, link.Msg{Op: link.Timed, Code: 1 << 63})
			if got := a.n.Peers()[0].RTT; got != 3*time.Millisecond {
				t.Errorf("round trip %s", got)
			}
			tc.end(w, a, e)
			w.settle()
			if a.handler.why == nil || a.handler.why.Error() != tc.want.Error() {
				t.Errorf("told %v, want %v", a.handler.why, tc.want)
			}
			last := ""
			for _, x := range a.events {
				if x.Strand == "peer" && x.Kind == "down" {
					last = x.Err
				}
			}
			if last != tc.want.Error() {
				t.Errorf("the event says %q", last)
			}
		})
	}
}

// A handler whose lane refused is called when there is room, and one that awaits it
// when everything is written.
func TestHandlersHearOfRoom(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	e := w.connect(a, b)
	o := a.handler.port
	for o.Send(w.now, peer.Message{Code: 1, Class: peer.Ordinary}) == nil {
	}
	a.handler.calls = nil
	w.settle()
	if !slices.Equal(a.handler.calls, []string{"room"}) {
		t.Errorf("told %v", a.handler.calls)
	}
	o.Await()
	a.n.Written(w.now, e.conn)
	if !slices.Equal(a.handler.calls, []string{"room", "room"}) {
		t.Errorf("told %v", a.handler.calls)
	}
}
