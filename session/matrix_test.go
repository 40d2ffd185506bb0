package session

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// cell is one Keeper with one slot brought into a state, and the host that it is about.
type cell struct {
	w    *network
	me   *member
	host *member
	slot *slot
}

// situation is a state of a slot.
type situation struct {
	name  string
	setup func(c *cell)
}

// begin makes the node. Strangers before it are those that the setup named.
func (c *cell) begin(cfg Config, outs ...string) {
	c.me = c.w.join("8.200.1.1", cfg)
	k := c.me.k
	k.outs = slices.DeleteFunc(k.outs, func(s *slot) bool {
		i := slices.Index(outs, s.Use)
		if i >= 0 {
			outs = slices.Delete(outs, i, i+1)
		}
		return i < 0
	})
}

func (c *cell) hear(m *member, as hosts.Colour) {
	_ = c.me.book.Hear(c.w.now, "", m.rec)
	if as != hosts.Grey {
		_ = c.me.book.Move(c.w.now, m.key.ID(), as)
	}
}

// start starts the node and lets a while pass.
func (c *cell) start(d time.Duration) {
	c.me.start()
	c.w.run(d)
}

// outbound is a node with the one slot of a use.
func outbound(use, mode string, known bool, d time.Duration) func(*cell) {
	return func(c *cell) {
		c.begin(Config{RefineEvery: -1}, use)
		c.slot, c.host.mode = c.me.k.outs[0], mode
		if known {
			c.hear(c.host, hosts.White)
		}
		if d >= 0 {
			c.start(d)
		}
	}
}

func manual(mode string, d time.Duration) func(*cell) {
	return func(c *cell) {
		c.begin(Config{RefineEvery: -1, Peers: []link.Addr{c.host.addr}})
		c.slot, c.host.mode = c.me.k.manuals[0], mode
		if d >= 0 {
			c.start(d)
		}
	}
}

func seed(mode string, mute bool, d time.Duration) func(*cell) {
	return func(c *cell) {
		c.begin(Config{RefineEvery: -1, Seeds: []link.Addr{c.host.addr}}, UseKnown)
		c.slot, c.host.mode, c.host.mute = c.me.k.seeds[0], mode, mute
		if d >= 0 {
			c.start(d)
		}
	}
}

// probe is a node with two slots that are filled, whose probe of a use looks at the host.
func probe(use string, state string) func(*cell) {
	return func(c *cell) {
		for n := range 2 {
			c.w.stranger(fmt.Sprintf("8.%d.1.1", 10+n))
		}
		c.begin(Config{}, UseKnown, UseNetwork)
		k := c.me.k
		c.slot, c.host.mode = k.probes[0], "hole"
		switch use {
		case UseFeeler:
			c.slot = k.feeler()
		case UseNetwork:
			c.slot = k.look()
			c.host = c.w.stranger("2a01::1")
			c.host.mode = "hole"
		}
		if state == Idle {
			return
		}
		for _, m := range c.w.members[1:3] {
			c.hear(m, hosts.White)
		}
		c.start(500 * time.Millisecond)
		far := c.w.now.Add(time.Hour)
		k.probing = probing{test: far, again: far, feel: far, look: far}
		if state == Connecting {
			c.hear(c.host, hosts.Grey)
			switch use {
			case UseFeeler:
				k.probing.feel = c.w.now
			case UseNetwork:
				k.probing.look = c.w.now
			default:
				k.probing.test = c.w.now
			}
			k.nudge(c.w.now)
			c.w.run(time.Millisecond)
		}
	}
}

// situations are every state of a slot of every role.
func situations() (out []situation) {
	add := func(name string, setup func(*cell)) { out = append(out, situation{name, setup}) }
	add("manual idle", manual("", -1))
	add("manual sleeping", manual("connection refused", 20*time.Millisecond))
	add("manual connecting", manual("hole", time.Millisecond))
	add("manual connected", manual("", 100*time.Millisecond))
	add("manual connected by another link", func(c *cell) {
		manual("connection refused", 20*time.Millisecond)(c)
		_ = c.host.k.Connect(c.w.now, c.host.k.tickets.Next(), c.me.addr)
		c.w.run(5 * time.Second)
	})
	for _, use := range []string{UseAnchor, UseKnown, UseExplore, UseNetwork} {
		add(use+" idle", outbound(use, "", true, -1))
		add(use+" sleeping", outbound(use, "connection refused", true, 11*time.Millisecond))
		add(use+" sleeping, nobody left", outbound(use, "", false, time.Second))
		add(use+" connecting", outbound(use, "hole", true, time.Millisecond))
		add(use+" connected", outbound(use, "", true, 100*time.Millisecond))
	}
	add("seed idle", seed("", false, -1))
	add("seed sleeping", seed("connection refused", false, 20*time.Millisecond))
	add("seed connecting", seed("hole", false, time.Millisecond))
	add("seed asking", seed("", true, 100*time.Millisecond))
	for _, use := range []string{"", UseFeeler, UseNetwork} {
		for _, state := range []string{Idle, Sleeping, Connecting} {
			add(strings.TrimSpace("refine "+use)+" "+state, probe(use, state))
		}
	}
	return out
}

// stimulus is an input of the Keeper.
type stimulus struct {
	key  string
	name string
	do   func(c *cell)
}

func (c *cell) info(dir link.Direction, t id.Ticket) link.Info {
	i := link.Info{ID: c.host.key.ID(), PeerID: c.host.key.Public().PeerID(), Record: c.host.rec, Addr: c.host.addr, Dir: dir, Ticket: t}
	if dir == link.In {
		i.Addr = link.MustAddr("/ip4/8.1.1.1/tcp/50000")
	}
	return i
}

// up is what a world does with a finished link.
func (c *cell) up(i link.Info) {
	if kind, _, ok := c.me.k.Admit(c.w.now, i); ok {
		c.me.input(func(now time.Time) News { return c.me.k.Up(now, i, kind) })
	}
}

func (c *cell) fail(t id.Ticket, why string) {
	c.me.input(func(now time.Time) News { return c.me.k.DialFailed(now, t, why) })
}

// down ends the link that the slot holds, or is held by.
func (c *cell) down(useful time.Duration) {
	x, ok := c.me.k.links.Get(c.host.key.ID())
	if !ok {
		x = &conn{}
	}
	if e := c.me.links[c.host.key.ID()]; e != nil {
		delete(c.me.links, c.host.key.ID())
		delete(c.host.links, c.me.key.ID())
		c.host.closed(e, "connection reset")
	}
	c.me.input(func(now time.Time) News {
		return c.me.k.Down(now, c.host.key.ID(), x.ticket, "connection reset", useful)
	})
}

// stimuli are every input, and of those that differ by what they carry every kind.
func stimuli() []stimulus {
	who := func(c *cell) id.ID { return c.host.key.ID() }
	stray := id.Ticket{Owner: Owner, N: 1 << 40}
	return []stimulus{
		{"A", "Start", func(c *cell) { c.me.start() }},
		{"B", "Stop", func(c *cell) { c.me.stop() }},
		{"C", "Advance", func(c *cell) { c.me.input(c.me.k.Advance) }},
		{"D", "Advance an hour late", func(c *cell) { c.w.now = c.w.now.Add(time.Hour); c.me.input(c.me.k.Advance) }},
		{"E", "DialFailed, refused", func(c *cell) { c.fail(c.slot.ticket, "connection refused") }},
		{"F", "DialFailed, already connected", func(c *cell) { c.fail(c.slot.ticket, link.AlreadyConnected.String()) }},
		{"G", "DialFailed, too many peers", func(c *cell) { c.fail(c.slot.ticket, link.TooManyPeers.String()) }},
		{"H", "DialFailed, ourselves", func(c *cell) { c.fail(c.slot.ticket, link.Self.String()) }},
		{"I", "DialFailed of nobody's dial", func(c *cell) { c.fail(stray, "connection refused") }},
		{"J", "Admit and Up of the dial", func(c *cell) { c.up(c.info(link.Out, c.slot.ticket)) }},
		{"K", "Admit and Up, the host dialled us", func(c *cell) { c.up(c.info(link.In, id.Ticket{})) }},
		{"L", "Admit and Up of nobody's dial", func(c *cell) { c.up(c.info(link.Out, stray)) }},
		{"M", "Down, short", func(c *cell) { c.down(time.Second) }},
		{"N", "Down, useful", func(c *cell) { c.down(time.Hour) }},
		{"O", "Down of another link", func(c *cell) {
			c.me.input(func(now time.Time) News { return c.me.k.Down(now, who(c), stray, "late", 0) })
		}},
		{"P", "Found nothing", func(c *cell) { c.me.input(func(now time.Time) News { return c.me.k.Found(now, c.slot.ask, 0) }) }},
		{"Q", "Found hosts", func(c *cell) { c.me.input(func(now time.Time) News { return c.me.k.Found(now, c.slot.ask, 3) }) }},
		{"R", "Connect", func(c *cell) { _ = c.me.k.Connect(c.w.now, id.Ticket{Owner: "user", N: 1}, c.host.addr) }},
		{"S", "Contact", func(c *cell) { _ = c.me.k.Contact(c.w.now) }},
		{"T", "AddPeer", func(c *cell) { _ = c.me.k.AddPeer(c.w.now, c.host.addr) }},
		{"U", "RemovePeer", func(c *cell) { c.me.k.RemovePeer(c.w.now, c.host.addr) }},
		{"V", "Forget", func(c *cell) { c.me.k.Forget(c.w.now, who(c)) }},
		{"W", "SetOutbound 0", func(c *cell) { c.me.k.SetOutbound(c.w.now, 0) }},
		{"X", "SetOutbound 20", func(c *cell) { c.me.k.SetOutbound(c.w.now, 20) }},
		{"Y", "SetInbound 0", func(c *cell) { c.me.k.SetInbound(c.w.now, 0) }},
		{"Z", "Trust", func(c *cell) { _ = c.me.k.Trust(c.w.now, who(c)) }},
		{"a", "Untrust", func(c *cell) { c.me.k.Untrust(c.w.now, who(c)) }},
		{"b", "Protect", func(c *cell) { _ = c.me.k.Protect(c.w.now, who(c), "test") }},
		{"c", "a ban of the host", func(c *cell) { _ = c.me.book.Ban(c.w.now, hosts.OfID(who(c)), time.Hour) }},
		{"d", "Disturbed, woke", func(c *cell) { c.me.k.Disturbed(c.w.now, Woke) }},
		{"e", "Disturbed, another network", func(c *cell) { c.me.k.Disturbed(c.w.now, NetworkChanged) }},
		{"f", "Leaving", func(c *cell) { c.me.k.Leaving(who(c)) }},
		{"g", "Abandon", func(c *cell) { c.me.k.Abandon(c.w.now, id.Ticket{Owner: "user", N: 1}) }},
	}
}

// next is the letter of the slot's state: - when it is gone.
func (c *cell) next() string {
	if !slices.Contains(c.me.k.everySlot(), c.slot) {
		return "-"
	}
	return map[string]string{Idle: "i", Sleeping: "s", Connecting: "c", Connected: "C", Asking: "a"}[c.slot.State]
}

// settle lets the Keeper do what is due at this moment.
func (c *cell) settle() {
	for range 100 {
		at := c.me.k.Deadline()
		if at.IsZero() || at.After(c.w.now) {
			return
		}
		c.me.input(c.me.k.Advance)
	}
	c.w.t.Fatalf("no time passes")
}

// TestMatrix: every input in every state of a slot of every role. The state that follows
// is that of the table; the invariants of check hold; no colour changes that may not; a
// stop leaves nothing behind, and after another start the host is dialled or left alone
// as if nothing had been.
func TestMatrix(t *testing.T) {
	want := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(matrix), "\n") {
		name, states, ok := strings.Cut(line, "|")
		if !ok {
			t.Fatalf("row %q", line)
		}
		want[strings.TrimSpace(name)] = strings.TrimSpace(states)
	}
	rows, cells := situations(), 0
	for _, row := range rows {
		var got strings.Builder
		for _, in := range stimuli() {
			c := &cell{w: newNetwork(t)}
			c.host = c.w.stranger("8.1.1.1")
			row.setup(c)
			state, _, _ := strings.Cut(row.name, ",")
			if !strings.Contains(state+" ", " "+c.slot.State+" ") && !strings.Contains(state, " "+c.slot.State+" by") {
				t.Fatalf("%s: the slot is %s: %s", row.name, c.slot.State, c.slot.Why)
			}
			in.do(c)
			c.settle()
			c.me.check()
			got.WriteString(c.next())
			c.afterwards(t, row.name+", "+in.name)
			cells++
		}
		if got.String() != want[row.name] {
			t.Errorf("%-40s| %s\n%-43s%s want", row.name, got.String(), "", want[row.name])
		}
	}
	t.Logf("%d states of slots × %d inputs: %d cells", len(rows), len(stimuli()), cells)
}

// afterwards: time goes on, then the node stops and starts again.
func (c *cell) afterwards(t *testing.T, at string) {
	for _, m := range c.w.members {
		m.mode, m.mute = "", false
	}
	c.w.run(30 * time.Second)
	if n := len(c.me.k.outs); c.me.k.filled() > n || n > 20 {
		t.Errorf("%s: %d of %d slots filled", at, c.me.k.filled(), n)
	}
	for _, l := range c.me.log {
		_, move, ok := strings.Cut(l, "host_moved ")
		if !ok {
			continue
		}
		step := strings.Fields(move)
		from, to, _ := strings.Cut(step[len(step)-1], "→")
		none := func(s string) hosts.Colour { return hosts.Colour(strings.TrimSuffix(s, "none")) }
		if !hosts.Legal(none(from), none(to)) {
			t.Errorf("%s: %s", at, l)
		}
	}
	c.me.stop()
	empty(t, c.me)
	c.w.run(time.Second)
	if len(c.me.links) != 0 {
		t.Errorf("%s: %d links after the stop", at, len(c.me.links))
	}
	c.me.start()
	c.w.run(2 * time.Minute)
	h, known := c.me.book.Get(c.host.key.ID())
	wanted := slices.ContainsFunc(c.me.k.everySlot(), func(s *slot) bool { return s.homeID == c.host.key.ID() })
	if known && !wanted && len(c.me.k.outs) > 2 && h.Colour != hosts.Black && c.me.links[c.host.key.ID()] == nil {
		t.Errorf("%s: the host is %s and has no link after another start", at, h.Colour)
	}
	c.me.stop()
	empty(t, c.me)
}

// matrix has the state that follows: i idle, s sleeping, c connecting, C connected,
// a asking, - the slot is gone. The columns are the inputs in the order of stimuli.
const matrix = `
manual idle                           | ciiiiiiiiiiiiiiiiiii--iiiiiiiiiii
manual sleeping                       | siscssssssssssssssss--sssssssssss
manual connecting                     | cicssssicCcccccccccc--ccccccccccc
manual connected                      | CiCCCCCCCCCCssCCCCCC--CCCCCCCCCCC
manual connected by another link      | CiCCCCCCCCCCssCCCCCC--CCCCCCCCCCC
anchor idle                           | ciiiiiiiiiiiiiiiiiiiii-iiiiiiiiii
anchor sleeping                       | siscssssssssssssssssss-ssssssssss
anchor sleeping, nobody left          | sissssssssssssssssssss-ssssssssss
anchor connecting                     | cicssssscCcccccccccccc-cccccccccc
anchor connected                      | CiCCCCCCCCsCssCCCCCCCC-CCCCCCCCCC
known idle                            | ciiiiiiiiiiiiiiiiiiiii-iiiiiiiiii
known sleeping                        | siscssssssssssssssssss-ssssssssss
known sleeping, nobody left           | sissssssssssssssssssss-ssssssssss
known connecting                      | cicssssscCcccccccccccc-cccccccccc
known connected                       | CiCCCCCCCCsCssCCCCCCCC-CCCCCCCCCC
explore idle                          | ciiiiiiiiiiiiiiiiiiiii-iiiiiiiiii
explore sleeping                      | siscssssssssssssssssss-ssssssssss
explore sleeping, nobody left         | sissssssssssssssssssss-ssssssssss
explore connecting                    | cicssssscCcccccccccccc-cccccccccc
explore connected                     | CiCCCCCCCCsCssCCCCCCCC-CCCCCCCCCC
network idle                          | ciiiiiiiiiiiiiiiiiiiii-iiiiiiiiii
network sleeping                      | siscssssssssssssssssss-ssssssssss
network sleeping, nobody left         | sissssssssssssssssssss-ssssssssss
network connecting                    | cicssssscCcccccccccccc-cccccccccc
network connected                     | CiCCCCCCCCsCssCCCCCCCC-CCCCCCCCCC
seed idle                             | ciiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii
seed sleeping                         | siscsssssssssssssscssssssssssssss
seed connecting                       | ciccsssicacccccccsccccccccccccccc
seed asking                           | aiasaaaaaasassaassaaaaaaaaaaaaaaa
refine idle                           | siiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii
refine sleeping                       | sisssssssssssssssssssssssssssssss
refine connecting                     | cicssssscscccccccsccccccccccccccc
refine feeler idle                    | siiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii
refine feeler sleeping                | sisssssssssssssssssssssssssssssss
refine feeler connecting              | cicssssscscccccccsccccccccccccccc
refine network idle                   | siiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii
refine network sleeping               | sisssssssssssssssssssssssssssssss
refine network connecting             | cicssssscscccccccsccccccccccccccc
`
