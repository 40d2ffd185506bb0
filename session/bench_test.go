package session

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// clock runs events in the order of their time, then of their making.
type clock struct {
	now    time.Time
	events []event
}

type event struct {
	at time.Time
	do func()
}

func (c *clock) after(d time.Duration, do func()) {
	at := c.now.Add(d)
	i, _ := slices.BinarySearchFunc(c.events, at, func(e event, at time.Time) int {
		if e.at.After(at) {
			return 1
		}
		return -1
	})
	c.events = slices.Insert(c.events, i, event{at, do})
}

// member is one node: a Keeper, its book, and what its world would hold.
type member struct {
	n     int
	net   *network
	key   *id.Key
	addr  link.Addr
	rec   *enr.Record
	book  *hosts.Book
	k     *Keeper
	down  bool   // does not answer
	mode  string // how it treats dials: "" answers, else the error text; "hole" never answers
	links map[id.ID]*wire
	log   []string // of trace events, with the virtual time
	news  News     // all of it
	dials []time.Time
	tos   []link.Addr // of dials
	given []id.Ticket // dials given up
	finds []time.Time
	knows []*member // what it tells besides its book
	mute  bool      // answers no questions
}

// wire is a link between two members.
type wire struct {
	from, to *member
	ticket   id.Ticket
	up       time.Time
}

func (w *wire) other(m *member) *member {
	if w.from == m {
		return w.to
	}
	return w.from
}

// network is members on one clock.
type network struct {
	t interface {
		Fatalf(string, ...any)
		Helper()
	}
	clock
	members []*member
	byID    map[id.ID]*member
	lag     time.Duration
	started time.Time
}

func newNetwork(t *testing.T) *network {
	return &network{t: t, clock: clock{now: t0}, byID: map[id.ID]*member{}, lag: 10 * time.Millisecond, started: t0}
}

func testKey(n int) *id.Key {
	var raw [32]byte
	binary.BigEndian.PutUint64(raw[24:], uint64(n)+1)
	k, err := id.KeyFromBytes(raw[:])
	if err != nil {
		panic(err)
	}
	return k
}

// join adds a member at an IP address; on loopback the port tells members apart.
func (w *network) join(ip string, cfg Config) *member {
	m := &member{n: len(w.members), net: w, key: testKey(len(w.members)), links: map[id.ID]*wire{}}
	port := uint16(20000 + m.n)
	b := enr.Builder{Seq: 1, Rope: &enr.Rope{TCP: port}}
	if b.IP = netip.MustParseAddr(ip); b.IP.Is6() {
		b.IP, b.IP6 = netip.Addr{}, b.IP
	}
	rec, err := b.Sign(m.key)
	if err != nil {
		panic(err)
	}
	m.rec = rec
	m.addr = link.RecordAddrs(rec)[0]
	m.setup(cfg)
	w.members = append(w.members, m)
	w.byID[m.key.ID()] = m
	return m
}

// setup gives the member a fresh book and Keeper.
func (m *member) setup(cfg Config) {
	cfg.Self = m.key.ID()
	cfg.Trace = m.trace
	var seeds []id.ID
	for _, a := range cfg.Seeds {
		seeds = append(seeds, a.ID())
	}
	m.book = hosts.New(hosts.Config{Self: cfg.Self, Localnet: cfg.Localnet, Seeds: seeds, Trace: m.trace}, rand.New(rand.NewPCG(uint64(m.n), 1)))
	m.k = New(cfg, m.book, rand.New(rand.NewPCG(uint64(m.n), 2)), m, m)
}

func (m *member) trace(now time.Time, e trace.Event) {
	who := ""
	if x := m.net.byID[e.Peer]; x != nil {
		who = fmt.Sprintf(" n%d", x.n)
	}
	text := fmt.Sprintf("%7.3f %s%s", now.Sub(m.net.started).Seconds(), e.Kind, who)
	if e.Topic != "" {
		text += " " + e.Topic
	}
	if e.Err != "" {
		text += ": " + e.Err
	}
	m.log = append(m.log, text)
}

// Dial, Drop, Find and FindFrom are the world under the Keeper.
func (m *member) Dial(t id.Ticket, to link.Addr) {
	w := m.net
	m.dials, m.tos = append(m.dials, w.now), append(m.tos, to)
	w.after(w.lag, func() {
		r := w.byID[to.ID()]
		switch {
		case r == nil || r.down:
			m.input(func(now time.Time) News { return m.k.DialFailed(now, t, "connection refused") })
		case r.mode == "hole":
		case r.mode != "":
			m.input(func(now time.Time) News { return m.k.DialFailed(now, t, r.mode) })
		default:
			w.connect(m, r, t)
		}
	})
}

// connect is what two worlds do with a finished link: ask Admit, break ties by key,
// then Up.
func (w *network) connect(m, r *member, t id.Ticket) {
	mi := link.Info{ID: r.key.ID(), PeerID: r.key.Public().PeerID(), Record: r.rec, Addr: r.addr, Dir: link.Out, Ticket: t}
	from := m.addr.Bare().At(netip.AddrPortFrom(m.addr.IP(), 50000))
	ri := link.Info{ID: m.key.ID(), PeerID: m.key.Public().PeerID(), Record: m.rec, Addr: from, Dir: link.In}
	mk, _, ok := m.k.Admit(w.now, mi)
	if !ok {
		return
	}
	rk, why, ok := r.k.Admit(w.now, ri)
	if !ok {
		m.input(func(now time.Time) News { return m.k.DialFailed(now, t, why.String()) })
		return
	}
	old := m.links[mi.ID]
	if old != nil && (old.from == m || m.key.ID().Compare(r.key.ID()) > 0) {
		m.input(func(now time.Time) News { return m.k.DialFailed(now, t, link.AlreadyConnected.String()) })
		return
	}
	x := &wire{from: m, to: r, ticket: t, up: w.now}
	m.links[mi.ID], r.links[ri.ID] = x, x
	m.input(func(now time.Time) News { return m.k.Up(now, mi, mk) })
	r.input(func(now time.Time) News { return r.k.Up(now, ri, rk) })
	if old != nil {
		m.closed(old, link.AlreadyConnected.String())
		r.closed(old, link.AlreadyConnected.String())
	}
}

func (m *member) GiveUp(t id.Ticket) { m.given = append(m.given, t) }

func (m *member) Drop(who id.ID, why link.Reason) {
	x := m.links[who]
	if x == nil {
		return
	}
	m.net.after(0, func() { m.net.cut(x, why.String()) })
}

// cut ends a link on both sides.
func (w *network) cut(x *wire, why string) {
	for _, m := range []*member{x.from, x.to} {
		if m.links[x.other(m).key.ID()] == x {
			delete(m.links, x.other(m).key.ID())
			m.closed(x, why)
		}
	}
}

func (m *member) closed(x *wire, why string) {
	t := x.ticket
	if x.to == m {
		t = id.Ticket{}
	}
	useful := m.net.now.Sub(x.up)
	m.input(func(now time.Time) News { return m.k.Down(now, x.other(m).key.ID(), t, why, useful) })
}

func (m *member) Find(now time.Time, t id.Ticket) {
	m.finds = append(m.finds, now)
	for _, r := range m.net.members { // in a fixed order
		if m.links[r.key.ID()] != nil {
			m.FindFrom(now, t, r.key.ID())
		}
	}
}

func (m *member) FindFrom(_ time.Time, t id.Ticket, who id.ID) {
	r := m.net.byID[who]
	if r.mute {
		return
	}
	m.net.after(2*m.net.lag, func() {
		n := 0
		for _, h := range r.book.Sample(m.net.now, 50, nil) {
			if m.book.Hear(m.net.now, r.addr.Group(), h.Record) == nil {
				n++
			}
		}
		for _, x := range r.knows {
			if m.book.Hear(m.net.now, r.addr.Group(), x.rec) == nil {
				n++
			}
		}
		m.input(func(now time.Time) News { return m.k.Found(now, t, n) })
	})
}

// input runs one input and keeps its news.
func (m *member) input(f func(now time.Time) News) {
	n := f(m.net.now)
	m.news.Answers = append(m.news.Answers, n.Answers...)
	m.check()
}

// check is what holds after every input.
func (m *member) check() {
	t := m.net.t
	t.Helper()
	k := m.k
	if k.dials.Len() > inFlightMax {
		t.Fatalf("n%d: %d dials in flight", m.n, k.dials.Len())
	}
	peers, flying := 0, 0
	for _, c := range k.links.All() {
		if c.kind.IsPeer() {
			peers++
		}
	}
	if peers != k.peers {
		t.Fatalf("n%d: %d peers, counted %d", m.n, peers, k.peers)
	}
	for _, group := range [][]*slot{k.manuals, k.outs, k.seeds, k.probes} {
		for _, s := range group {
			d, dialling := k.dials.Get(s.ticket)
			if (s.State == Connecting) != (dialling && d.slot == s) {
				t.Fatalf("n%d: %s slot is %s, its dial there: %v", m.n, s.Role, s.State, dialling)
			}
			if s.State == Connecting {
				flying++
			}
			if c, ok := k.links.Get(s.ID); s.State == Asking && (!ok || c.slot != s) {
				t.Fatalf("n%d: asking seed slot without a link", m.n)
			}
			if c, ok := k.links.Get(s.ID); s.Role == Outbound && s.State == Connected && (!ok || c.slot != s) {
				t.Fatalf("n%d: connected outbound slot without a link", m.n)
			}
		}
	}
	for _, d := range k.dials.All() {
		if d.kind == Direct {
			flying++
		}
	}
	groups := map[string]bool{}
	for _, s := range k.outs {
		if s.busy() && s.group != "" && groups[s.group] {
			t.Fatalf("n%d: two outbound slots in %s", m.n, s.group)
		}
		groups[s.group] = s.busy()
	}
	if len(k.outs) > OutboundMax || len(k.probes) != refineMax+2 {
		t.Fatalf("n%d: %d outbound slots, %d probes", m.n, len(k.outs), len(k.probes))
	}
	if flying != k.dials.Len() {
		t.Fatalf("n%d: %d dials, %d slots and users have one", m.n, k.dials.Len(), flying)
	}
}

// run lets time pass: events and deadlines in order.
func (w *network) run(d time.Duration) {
	end := w.now.Add(d)
	spins := 0
	for {
		at, which := end, -1
		if len(w.events) > 0 && !w.events[0].at.After(at) {
			at = w.events[0].at
			which = -2
		}
		for i, m := range w.members {
			dl := m.k.Deadline()
			if !dl.IsZero() && dl.Before(w.now) {
				dl = w.now
			}
			if !dl.IsZero() && (dl.Before(at) || (dl.Equal(at) && which == -1)) {
				at, which = dl, i
			}
		}
		if at.After(w.now) {
			spins = 0
		}
		if spins++; spins > 10_000 {
			w.t.Fatalf("no time passes at %s", w.now.Sub(w.started))
		}
		w.now = at
		switch which {
		case -1:
			return
		case -2:
			e := w.events[0]
			w.events = w.events[1:]
			e.do()
		default:
			m := w.members[which]
			m.input(m.k.Advance)
		}
	}
}

func (m *member) start() { m.k.Start(m.net.now) }

// stop ends the node as a world would: Keeper first, then its links are gone.
func (m *member) stop() { m.input(m.k.Stop) }

// kill ends the node without a word.
func (m *member) kill() {
	m.down = true
	for _, r := range m.net.members {
		if x := m.links[r.key.ID()]; x != nil {
			delete(m.links, r.key.ID())
			delete(r.links, m.key.ID())
			r.closed(x, "connection reset")
		}
	}
	m.k.Stop(m.net.now)
}

func (m *member) peers() int { return m.k.Peers() }

func (m *member) logged(part string) (n int) {
	for _, l := range m.log {
		if strings.Contains(l, part) {
			n++
		}
	}
	return n
}

// stranger is a member that runs no sessions of its own: a target.
func (w *network) stranger(ip string) *member {
	m := w.join(ip, Config{Outbound: -1, Inbound: 1000, RefineEvery: -1})
	m.start()
	return m
}
