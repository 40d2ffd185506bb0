package session

import (
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// conn is a link in use. Owner: Keeper; one per remote.
type conn struct {
	kind    Kind
	ticket  id.Ticket
	slot    *slot // nil for inbound, direct, and links whose slot let go
	since   time.Time
	group   string  // of its address
	key     uint64  // of the group, in the secret order; 0 until it is needed
	shares  []share // that it counts with
	leaving bool    // its end is on the way
	uses    int     // of users on demand
	use     uint64  // names this link for Release; zero while nobody used it
	values  values
}

// Kind tells why a remote is connected.
func (k *Keeper) Kind(who id.ID) Kind {
	if c, ok := k.links.Get(who); ok {
		return c.kind
	}
	return None
}

// Peers is how many links count as peers.
func (k *Keeper) Peers() int { return k.peers }

// Admit judges a finished link before it goes into the peer table: which session
// it belongs to, or why it is refused. A refused link of our own dial counts as a
// failed dial; nobody needs to say so again.
func (k *Keeper) Admit(now time.Time, info link.Info) (Kind, link.Reason, bool) {
	kind, victim, no := k.judge(now, info)
	e := trace.Event{Strand: "session", Kind: "admitted", Topic: string(kind), Peer: info.ID, Addr: info.Addr.String(), Ticket: info.Ticket}
	if no != nil {
		e.Kind, e.Err = "refused", no.String()
		if info.Dir == link.Out && k.running {
			k.failed(now, info.Ticket, no.String())
			k.next = now
		}
		k.cfg.Trace.Emit(now, e)
		return kind, no.reason, false
	}
	if !victim.IsZero() {
		k.evict(now, victim, info)
	}
	k.cfg.Trace.Emit(now, e)
	return kind, 0, true
}

// refusal is why a link is not kept: what the remote is told, and what we know.
type refusal struct {
	reason link.Reason
	what   string
}

func (r *refusal) String() string {
	if r.what == "" {
		return r.reason.String()
	}
	return r.reason.String() + ": " + r.what
}

// judge goes from what no link gets past to the limits, which some are exempt from.
// victim is whose place the link takes, if it takes one.
func (k *Keeper) judge(now time.Time, info link.Info) (kind Kind, victim id.ID, no *refusal) {
	if !k.running {
		return None, victim, &refusal{link.Quitting, ""}
	}
	kind = Inbound
	if info.Dir == link.Out {
		d, ok := k.dials.Get(info.Ticket)
		if !ok {
			return None, victim, &refusal{link.Requested, "its dial was given up"}
		}
		kind = d.kind
	}
	if info.ID == k.cfg.Self {
		return kind, victim, &refusal{link.Self, ""}
	}
	if !k.cfg.Restrict.AllowsAddr(info.Addr) {
		return kind, victim, &refusal{link.Useless, "outside net_restrict"}
	}
	wanted := named(k.manuals, info.ID) != nil || kind == Manual
	if !wanted && k.book.Banned(now, info.ID, info.Addr) {
		return kind, victim, &refusal{link.Useless, "banned"}
	}
	if !k.there(info.ID) && !k.trusted.Has(info.ID) {
		if victim, no = k.full(now, info, kind, wanted); no != nil {
			return kind, id.ID{}, no
		}
	}
	if kind == Refine {
		if d, _ := k.dials.Get(info.Ticket); k.berth(d, info.Addr) != nil {
			kind = Outbound // a slot can have it
		}
	}
	return kind, victim, nil
}

// there tells whether there is a link with a remote that is not about to end.
func (k *Keeper) there(who id.ID) bool {
	c, ok := k.links.Get(who)
	return ok && !c.leaving
}

// full holds the limits on links: of all peers, where an outbound slot may still give
// its place to a peer that the user wants, and of inbound ones, where a newcomer may
// take the place of another.
func (k *Keeper) full(now time.Time, info link.Info, kind Kind, wanted bool) (victim id.ID, no *refusal) {
	all := k.cfg.Total > 0 && kind.IsPeer() && k.counted() >= k.cfg.Total
	if kind != Inbound {
		if all && (kind != Manual && kind != Direct || k.yielding() == nil) {
			no = &refusal{link.TooManyPeers, "max_peers"}
		}
		return victim, no
	}
	if h, ok := k.book.Get(info.ID); ok && h.Colour == hosts.Gold {
		wanted = true
	}
	if what, is := k.crowded(info.Addr); is && !wanted {
		return victim, &refusal{link.TooManyPeers, what}
	}
	what := ""
	switch {
	case k.inbound() >= k.room(wanted):
		what = "inbound"
	case all:
		what = "max_peers"
	default:
		return victim, nil
	}
	victim, ok := k.victim(now)
	if !ok {
		return id.ID{}, &refusal{link.TooManyPeers, what}
	}
	return victim, nil
}

// inbound is how many links count against the inbound cap.
func (k *Keeper) inbound() (n int) {
	for who, c := range k.links.All() {
		if c.kind == Inbound && !c.leaving && !k.trusted.Has(who) {
			n++
		}
	}
	return n
}

// room is how many inbound places there are: a few are reserved for manual peers and
// anchors.
func (k *Keeper) room(wanted bool) int {
	if wanted {
		return k.cfg.Inbound
	}
	return k.cfg.Inbound - min(inboundReserve, k.cfg.Inbound/4)
}

// Up takes a link that was admitted and stands in the peer table. kind is what
// Admit said. A link of the same remote that it replaces is forgotten here; Down
// for that one comes later and changes nothing.
func (k *Keeper) Up(now time.Time, info link.Info, kind Kind) News {
	if !k.running {
		k.dialer.Drop(info.ID, link.Quitting)
		return k.take()
	}
	c := &conn{kind: kind, since: now, group: info.Addr.Group(), shares: k.shares(info.Addr)}
	var d *dial
	if info.Dir == link.Out {
		var ok bool
		if d, ok = k.dials.Get(info.Ticket); !ok {
			k.dialer.Drop(info.ID, link.Requested)
			return k.take()
		}
		k.dials.Delete(info.Ticket)
		c.ticket, c.slot = info.Ticket, d.slot
		k.outFails = 0
		if c.kind != Outbound && c.kind != Refine {
			c.kind = d.kind // a user may have joined since Admit
		}
	} else {
		c.kind = Inbound
		k.seedCame(info.ID)
	}
	if k.offline(now) {
		k.restart(now, k.peersAt)
	}
	k.heardAt = now
	k.replace(now, info.ID, c)
	k.links.Put(info.ID, c)
	k.shown(info.ID)
	k.gained(now, c.kind)
	if k.book.Returned(now, info.ID) {
		k.bridged(now)
	}
	_ = k.book.Seen(now, info) // a host the book will not keep may still be a peer
	if d != nil {
		k.arrived(now, info, c, d)
		k.answer(d, info.ID, nil)
	}
	k.moist()
	return k.stir(now)
}

// replace forgets a link that a newer one of the same remote takes the place of. Who
// used it uses the newer one, unless its end was meant.
func (k *Keeper) replace(now time.Time, who id.ID, by *conn) {
	c, ok := k.links.Get(who)
	if !ok {
		return
	}
	if !c.leaving {
		by.uses, by.use, by.values = c.uses, c.use, c.values
	}
	if c.slot != nil {
		k.restAfter(now, c.slot, "replaced by another link")
		if c.slot.Role == Manual {
			c.slot.RetryAt, c.slot.delays = now, 0
		}
	}
	k.links.Delete(who)
	k.leave(now, c.kind)
}

// arrived puts a dialled link where it belongs.
func (k *Keeper) arrived(now time.Time, info link.Info, c *conn, d *dial) {
	who := info.ID
	k.timed(now, d)
	k.book.Tried(now, who, true)
	if d.kind == Refine {
		k.probed(now, info, c, d)
	}
	if s := c.slot; s != nil {
		s.ID, s.Addr, s.ticket, s.Attempts, s.RetryAt = who, info.Addr, info.Ticket, 0, time.Time{}
		s.group, s.source = k.groupOf(info.Addr), d.source
		s.set(now, Connected, "")
		k.emit(now, "slot_connected", s, "")
	}
	if d.kind == Direct {
		d.who = who
		k.direct(now, "direct_connected", d, "")
	}
	switch c.kind {
	case Outbound, Direct:
		k.contact.some = 0                    // the network changes
		_ = k.book.Move(now, who, hosts.Gold) // unknown hosts and a full list stay as they are
	case Seed:
		k.meetSeed(info.Addr)
		k.greetSeed(now, c.slot)
	}
}

// Down notes that a link is gone. t is the ticket of its dial, zero when inbound;
// useful is how long it served.
func (k *Keeper) Down(now time.Time, who id.ID, t id.Ticket, reason string, useful time.Duration) News {
	c, ok := k.links.Get(who)
	if !ok || c.ticket != t {
		return k.take()
	}
	k.links.Delete(who)
	k.leave(now, c.kind)
	if c.kind.IsPeer() { // whoever dialled: who just broke off is not the first to dial
		k.book.Ended(now, who, useful)
	}
	if s := c.slot; s != nil {
		k.emit(now, "slot_disconnected", s, reason)
		k.restAfterLink(now, s, reason, useful)
	}
	if s := named(k.manuals, who); s != nil && s.State == Connected {
		k.restAfterLink(now, s, reason, useful) // it was held by this link
	}
	k.moist()
	return k.stir(now)
}

// gained and leave keep the count of peers.
func (k *Keeper) gained(now time.Time, kind Kind) {
	if !kind.IsPeer() {
		return
	}
	if k.peers == 0 {
		k.returned(now)
		k.peersAt = now
	}
	k.peers++
	k.findSoon(now)
}

func (k *Keeper) leave(now time.Time, kind Kind) {
	if !kind.IsPeer() {
		return
	}
	if k.peers--; k.peers == 0 {
		k.lost(now)
	}
}

// lost begins a time without peers: saved hosts first, seeds after a wait that
// differs from node to node. Who was here for a moment only, as one that probes us, does
// not make it longer.
func (k *Keeper) lost(now time.Time) {
	short := now.Sub(k.peersAt) < outageMin
	k.peersAt = now
	if short {
		return
	}
	k.outFails = 0
	k.zeroUntil = now.Add(zeroWait - zeroWait/6 + time.Duration(k.rng.Int64N(int64(zeroWait/3))))
	k.contact.notBefore = now.Add(time.Duration(k.rng.Int64N(int64(time.Second))))
}

// setKind gives a link another reason to be.
func (k *Keeper) setKind(now time.Time, who id.ID, c *conn, kind Kind) {
	was := c.kind
	c.kind = kind
	k.gained(now, kind)
	k.leave(now, was)
}
