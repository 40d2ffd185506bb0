package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Tests named after the rows of docs/origins.md, table D.

// TestD2StartOrder: manual peers first, then inbound and outbound; saved hosts
// before seeds, although nobody has answered yet.
func TestD2StartOrder(t *testing.T) {
	w := newNetwork(t)
	seed, manual, saved := w.stranger("8.1.1.1"), w.stranger("8.2.1.1"), w.stranger("8.3.1.1")
	for _, m := range w.members {
		m.mode = "hole"
	}
	me := w.join("8.200.1.1", Config{Outbound: 2, Peers: []link.Addr{manual.addr}, Seeds: []link.Addr{seed.addr}, RefineEvery: -1})
	_ = me.book.Hear(t0, "", saved.rec)
	if _, why, ok := me.k.Admit(t0, link.Info{ID: manual.key.ID(), Dir: link.In}); ok || why != link.Quitting {
		t.Error("a link was admitted before the start")
	}
	me.start()
	if _, _, ok := me.k.Admit(t0, link.Info{ID: manual.key.ID(), Dir: link.In}); !ok {
		t.Error("inbound is not open after the start")
	}
	w.run(5 * time.Second)
	var order []string
	for _, l := range me.log {
		if strings.Contains(l, "slot_connecting") {
			order = append(order, strings.Fields(l)[3])
		}
	}
	if want := []string{"manual", "outbound", "seed"}; !slices.Equal(order, want) {
		t.Errorf("dials in the order %v, want %v", order, want)
	}
	if me.logged("seed_contact") != 1 {
		t.Errorf("log\n%s", strings.Join(me.log, "\n"))
	}
}

// TestD2SeedOnlyWhenHostsFailed: hosts that never answer give way to the seed after
// about three seconds; hosts that refuse give way sooner; hosts that answer never.
func TestD2SeedOnlyWhenHostsFailed(t *testing.T) {
	for _, c := range []struct {
		mode     string
		from, to time.Duration // of the first seed contact
	}{{"hole", 2400 * time.Millisecond, 3600 * time.Millisecond}, {"connection refused", 0, 1500 * time.Millisecond}} {
		w := newNetwork(t)
		seed, saved := w.stranger("8.1.1.1"), w.stranger("8.3.1.1")
		saved.mode, seed.mode = c.mode, "hole"
		me := w.join("8.200.1.1", Config{Outbound: 2, Seeds: []link.Addr{seed.addr}, RefineEvery: -1})
		_ = me.book.Hear(t0, "", saved.rec)
		me.start()
		for me.logged("seed_contact") == 0 && w.now.Sub(t0) < time.Minute {
			w.run(10 * time.Millisecond)
		}
		if at := w.now.Sub(t0); at < c.from || at > c.to {
			t.Errorf("%s: first seed contact after %s, want %s to %s", c.mode, at, c.from, c.to)
		}
	}
}

// TestD3NoInboundIsFine: without inbound the node is outbound only.
func TestD3NoInboundIsFine(t *testing.T) {
	w := newNetwork(t)
	other := w.stranger("8.1.1.1")
	late := w.stranger("8.2.1.1")
	me := w.join("8.200.1.1", Config{Inbound: -1})
	_ = me.book.Hear(t0, "", other.rec)
	me.start()
	w.run(time.Second)
	if me.k.Kind(other.key.ID()) != Outbound {
		t.Error("no outbound link")
	}
	_ = late.k.Connect(w.now, id.Ticket{Owner: "user", N: 1}, me.addr)
	w.run(time.Second)
	if a := late.news.Answers; len(a) != 1 || a[0].Err == nil || !strings.Contains(a[0].Err.Error(), link.TooManyPeers.String()) {
		t.Errorf("answers %+v", a)
	}
}

// TestD4ManualForEver: a configured peer that is away is tried for ever, ever less
// often, and taken back when it returns; a host given as seed too is a mistake.
func TestD4ManualForEver(t *testing.T) {
	w := newNetwork(t)
	peer, both := w.stranger("8.1.1.1"), w.stranger("8.2.1.1")
	peer.mode = "connection refused"
	me := w.join("8.200.1.1", Config{Outbound: -1, Peers: []link.Addr{peer.addr, both.addr}, Seeds: []link.Addr{both.addr}})
	me.start()
	w.run(24 * time.Hour)
	if n := len(me.dials); n < 24*60/15 || n > 24*60/5+20 {
		t.Errorf("%d dials in a day", n)
	}
	for i := 1; i < len(me.dials); i++ {
		if gap := me.dials[i].Sub(me.dials[i-1]); gap > 15*time.Minute+time.Second {
			t.Errorf("gap of %s", gap)
		}
	}
	peer.mode = ""
	w.run(16 * time.Minute)
	if me.k.Kind(peer.key.ID()) != Manual {
		t.Fatal("the peer is back and not connected")
	}
	w.run(2 * time.Minute)
	w.cut(me.links[peer.key.ID()], "connection reset") // a useful life clears the delay
	w.run(3 * time.Second)
	if me.k.Kind(peer.key.ID()) != Manual {
		t.Error("the peer was not dialled again soon")
	}
	if s := me.k.Slots()[1]; s.State != Idle || s.Why == "" {
		t.Errorf("slot of the seed: %+v", s)
	}
	if me.book.Counts().Gold != 0 {
		t.Error("a manual peer turned gold")
	}
}

// TestD4ManualPeerConnectedAnyway: a configured peer that dialled us needs no dial.
func TestD4ManualPeerConnectedAnyway(t *testing.T) {
	w := newNetwork(t)
	peer := w.stranger("8.1.1.1")
	peer.mode = "connection refused"
	me := w.join("8.200.1.1", Config{Outbound: -1, Peers: []link.Addr{peer.addr}})
	me.start()
	_ = peer.k.Connect(w.now, id.Ticket{Owner: "user", N: 1}, me.addr)
	w.run(time.Hour)
	if n := len(me.dials); n > 2 {
		t.Errorf("%d dials to a peer that is connected", n)
	}
	if s := me.k.Slots()[0]; s.State != Connected {
		t.Errorf("slot %+v", s)
	}
	peer.mode = ""
	w.cut(me.links[peer.key.ID()], "connection reset")
	w.run(5 * time.Second)
	if me.k.Kind(peer.key.ID()) != Manual {
		t.Error("not dialled after the link was gone")
	}
}

// TestD5InboundCapAndReserve: strangers leave the reserve to manual peers and
// anchors; nobody gets above the cap; one subnet gets a quarter.
func TestD5InboundCapAndReserve(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{Inbound: 20, Outbound: -1, RefineEvery: -1})
	me.start()
	info := func(n int, ip string) link.Info {
		k := testKey(1000 + n)
		return link.Info{ID: k.ID(), PeerID: k.Public().PeerID(), Addr: link.MustAddr("/ip4/" + ip + "/tcp/5"), Dir: link.In}
	}
	admit := func(i link.Info) (link.Reason, bool) {
		kind, why, ok := me.k.Admit(w.now, i)
		if ok {
			me.k.Up(w.now, i, kind)
		}
		return why, ok
	}
	near := 0
	for n := range 20 {
		if _, ok := admit(info(n, fmt.Sprintf("9.9.9.%d", n+1))); ok {
			near++
		}
	}
	for n := range 50 {
		if why, ok := admit(info(100+n, fmt.Sprintf("9.%d.1.1", n+10))); !ok && why != link.TooManyPeers {
			t.Errorf("refused with %s", why)
		}
	}
	if far := me.k.inbound(); near != 5 || far != 16 {
		t.Errorf("%d from one subnet, %d strangers; want 5 and 16", near, far)
	}
	for n := range 6 { // manual peers
		i := info(200+n, fmt.Sprintf("10.%d.1.1", n))
		_ = me.k.AddPeer(w.now, link.MustAddr("/ip4/8.9.9.9/tcp/7").WithPeer(i.PeerID))
		admit(i)
	}
	if all := me.k.inbound(); all != 20 || me.k.leaving() > leavingMax {
		t.Errorf("%d links, cap 20, and %d on their way out", all, me.k.leaving())
	}
	if _, ok := admit(info(0, "9.9.9.1")); !ok {
		t.Error("a second link of a connected peer is the peer table's business")
	}
	for _, who := range me.k.links.Keys() {
		me.k.Down(w.now, who, id.Ticket{}, "gone", 0)
	}
	if me.k.links.Len() != 0 || me.peers() != 0 {
		t.Error("links left")
	}
}

// TestD6SlotsFill: as many slots as configured, one per network group.
func TestD6SlotsFill(t *testing.T) {
	w := newNetwork(t)
	for g := range 6 {
		for n := range 3 {
			w.stranger(fmt.Sprintf("8.%d.%d.1", g+1, n))
		}
	}
	me := w.join("8.200.1.1", Config{Outbound: 4, RefineEvery: -1})
	for _, m := range w.members[:18] {
		_ = me.book.Hear(t0, "", m.rec)
	}
	me.start()
	for range 20 {
		w.run(30 * time.Second)
		groups := map[string]bool{}
		for _, s := range me.k.outs {
			if s.State == Connected {
				if groups[s.Addr.Group()] {
					t.Fatal("two slots in one network group")
				}
				groups[s.Addr.Group()] = true
			}
		}
		if len(groups) != 4 {
			t.Fatalf("%d slots filled", len(groups))
		}
		w.cut(me.links[me.k.outs[0].ID], "connection reset")
	}
}

// TestD7AskBeforeSeeds: with a peer, the peers are asked first; only when that
// brings nothing twice a seed is, and then rarely.
func TestD7AskBeforeSeeds(t *testing.T) {
	w := newNetwork(t)
	seed, peer, third := w.stranger("8.1.1.1"), w.stranger("8.2.1.1"), w.stranger("8.3.1.1")
	peer.knows = []*member{third}
	me := w.join("8.200.1.1", Config{Outbound: 3, Seeds: []link.Addr{seed.addr}, RefineEvery: -1})
	_ = me.book.Hear(t0, "", peer.rec)
	me.start()
	w.run(2 * time.Second)
	if me.k.Kind(third.key.ID()) != Outbound || len(me.finds) == 0 {
		t.Error("the peer's hosts were not asked for")
	}
	if me.logged("seed_contact") != 0 {
		t.Error("a seed was troubled although a peer knew somebody")
	}
	w.run(time.Hour)
	if n := me.logged("seed_contact"); n < 4 || n > 12 {
		t.Errorf("%d seed contacts in an hour of wanting one more", n)
	}
	if len(me.links) != 2 {
		t.Errorf("%d links; the seed's must be dropped", len(me.links))
	}
}

// TestD7SeedIsAskedAndLeft: asked once up, left after the answer or ten seconds.
func TestD7SeedIsAskedAndLeft(t *testing.T) {
	for _, mute := range []bool{false, true} {
		w := newNetwork(t)
		seed, other := w.stranger("8.1.1.1"), w.stranger("8.2.1.1")
		seed.mute, seed.knows = mute, []*member{other}
		me := w.join("8.200.1.1", Config{Outbound: 1, Seeds: []link.Addr{seed.addr}, RefineEvery: -1})
		me.start()
		w.run(9 * time.Second)
		if (me.links[seed.key.ID()] != nil) != mute || (me.logged("seed_answered") > 0) == mute {
			t.Errorf("mute %v: seed connected %v, answered %d times", mute, me.links[seed.key.ID()] != nil, me.logged("seed_answered"))
		}
		if me.peers() == 0 == !mute {
			t.Errorf("mute %v: %d peers", mute, me.peers())
		}
		w.run(1500 * time.Millisecond)
		if mute && me.logged("no answer") != 0 {
			t.Log("slot told why")
		}
		if me.links[seed.key.ID()] != nil && me.logged("seed_contact") == 1 {
			t.Error("a mute seed is kept")
		}
	}
}

// TestD8StopUndoesEverything: links dropped with "quitting", dials forgotten, users
// answered, nothing planned, the book untouched.
func TestD8StopUndoesEverything(t *testing.T) {
	w := newNetwork(t)
	gold, hole, manual, user := w.stranger("8.1.1.1"), w.stranger("8.2.1.1"), w.stranger("8.3.1.1"), w.stranger("8.4.1.1")
	me := w.join("8.200.1.1", Config{Outbound: 2, Peers: []link.Addr{manual.addr}, RefineEvery: -1})
	_ = me.book.Hear(t0, "", gold.rec)
	_ = me.book.Hear(t0, "", hole.rec)
	hole.mode, user.mode = "hole", "hole"
	me.start()
	w.run(time.Second)
	_ = me.k.Connect(w.now, id.Ticket{Owner: "user", N: 7}, user.addr)
	w.run(time.Second)
	if len(me.links) != 2 || me.k.dials.Len() != 2 {
		t.Fatalf("%d links and %d dials before the stop", len(me.links), me.k.dials.Len())
	}
	late := me.k.dials.Keys()
	me.stop()
	empty(t, me)
	w.run(time.Second)
	if len(me.links) != 0 || gold.logged("quitting") == 0 && len(gold.links) != 0 {
		t.Error("links outlive the stop")
	}
	mustBe(t, me, gold, hosts.Gold) // trap 30: closing our own links demotes nobody
	if a := me.news.Answers; len(a) != 1 || a[0].Ticket.N != 7 || !errors.Is(a[0].Err, ErrStopped) {
		t.Errorf("answers %+v", a)
	}
	// A link that comes up late is refused, stopped or started again.
	for _, again := range []bool{false, true} {
		want := link.Quitting
		if again {
			me.start()
			want = link.Requested
		}
		for _, ticket := range late {
			if _, why, ok := me.k.Admit(w.now, link.Info{ID: hole.key.ID(), Addr: hole.addr, Dir: link.Out, Ticket: ticket}); ok || why != want {
				t.Errorf("late link: %v %s, want refused with %s", ok, why, want)
			}
		}
	}
	hole.mode = ""
	w.run(30 * time.Second) // trap 5: the host of the cancelled dial is dialled again
	if me.k.filled() != 2 {
		t.Errorf("%d slots filled after the restart", me.k.filled())
	}
}

func mustBe(t *testing.T, me, other *member, c hosts.Colour) {
	t.Helper()
	if h, _ := me.book.Get(other.key.ID()); h.Colour != c {
		t.Errorf("n%d is %q, want %q", other.n, h.Colour, c)
	}
}

// empty: nothing is left of a run.
func empty(t interface{ Errorf(string, ...any) }, m *member) {
	k := m.k
	if k.dials.Len()+k.links.Len()+len(k.queue)+k.peers+len(k.rate.at) != 0 || !k.Deadline().IsZero() {
		t.Errorf("residue: %d dials, %d links, %d queued, %d peers, deadline %v", k.dials.Len(), k.links.Len(), len(k.queue), k.peers, k.Deadline())
	}
	for _, s := range k.Slots() {
		if s.State != Idle || !s.RetryAt.IsZero() || s.Attempts != 0 {
			t.Errorf("slot is not idle: %+v", s)
		}
	}
}
