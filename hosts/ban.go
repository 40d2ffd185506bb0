package hosts

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
)

// ErrBanned is returned for hosts and addresses under a ban.
var ErrBanned = errors.New("hosts: banned")

// ErrTarget is returned for text that names nobody to ban.
var ErrTarget = errors.New("hosts: want a node ID, peer ID, address or IP address")

// Target is whom a ban is for: a key, or a network (IPv4 /32, IPv6 /64). It is
// comparable.
type Target struct {
	ID  id.ID
	Net netip.Prefix
}

// OfID makes a target of a key.
func OfID(who id.ID) Target { return Target{ID: who} }

// OfIP makes a target of an IP address.
func OfIP(ip netip.Addr) Target {
	bits := 32
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return Target{}
	}
	return Target{Net: p}
}

// ParseTarget reads a node ID in hex, a libp2p peer ID, an address (its key when
// it names one, else its IP) or an IP address.
func ParseTarget(s string) (Target, error) {
	if who, err := id.Parse(s); err == nil && !who.IsZero() {
		return OfID(who), nil
	}
	if ip, err := netip.ParseAddr(s); err == nil {
		return OfIP(ip), nil
	}
	if p, err := netip.ParsePrefix(s); err == nil && OfIP(p.Addr()).Net == p {
		return Target{Net: p}, nil
	}
	if p, err := id.ParsePeerID(s); err == nil {
		return OfID(p.ID()), nil
	}
	a, err := link.ParseAddr(s)
	switch {
	case err != nil:
		return Target{}, fmt.Errorf("%w: %.80q", ErrTarget, s)
	case !a.ID().IsZero():
		return OfID(a.ID()), nil
	case a.IP().IsValid():
		return OfIP(a.IP()), nil
	}
	return Target{}, fmt.Errorf("%w: %.80q", ErrTarget, s)
}

// IsZero tells whether the target names nobody.
func (t Target) IsZero() bool { return t == Target{} }

func (t Target) String() string {
	if t.Net.IsValid() {
		return t.Net.String()
	}
	return t.ID.String()
}

// Ban is one ban in force.
type Ban struct {
	Target Target
	Until  time.Time
}

// bans holds who is banned until when, bounded; owner: Book.
type bans struct {
	hard lru[Target, time.Time] // the operator's
	soft lru[Target, time.Time] // for misbehaviour
	ever ordered.Set[Target]    // of the configuration: without an end, and not saved
	next time.Time              // no ban ends before; zero when there is none
	max  int
}

func (b *bans) len() int { return b.hard.len() + b.soft.len() }

// put bans t and returns the target whose ban gave way, if the list was full: of those
// for misbehaviour the one that was of use least lately, then of the operator's. A ban
// for misbehaviour changes none of the operator's, and keys are free: a flood of them
// ends none of the operator's either.
func (b *bans) put(t Target, until time.Time, soft bool) (gone Target) {
	if _, held := b.hard.get(t); held && soft {
		return Target{}
	}
	if soft {
		b.soft.put(t, until)
	} else {
		b.soft.delete(t)
		b.hard.put(t, until)
	}
	if b.len() > b.max {
		var ok bool
		if gone, _, ok = b.soft.oldest(); !ok {
			gone, _, _ = b.hard.oldest()
		}
		b.delete(gone)
	}
	if b.next.IsZero() || until.Before(b.next) {
		b.next = until
	}
	return gone
}

func (b *bans) delete(t Target) bool { return b.hard.delete(t) || b.soft.delete(t) }

func (b *bans) has(now time.Time, t Target) bool {
	if until, ok := b.hard.get(t); ok && now.Before(until) {
		return true
	}
	until, ok := b.soft.get(t)
	return ok && now.Before(until) || b.ever.Has(t)
}

// expire removes the bans that ended and returns whom they were for.
func (b *bans) expire(now time.Time) (ended []Target) {
	if b.next.IsZero() || now.Before(b.next) {
		return nil
	}
	b.next = time.Time{}
	for _, l := range []*lru[Target, time.Time]{&b.hard, &b.soft} {
		for t, until := range l.all() {
			if !now.Before(until) {
				ended = append(ended, t)
			} else if b.next.IsZero() || until.Before(b.next) {
				b.next = until
			}
		}
	}
	for _, t := range ended {
		b.delete(t)
	}
	return ended
}

// Ban bans a key or an IP address for a while, BanFor when d is not positive. A
// host of the book that is banned by key turns black; hosts at a banned IP address
// keep their colour and are not picked.
func (b *Book) Ban(now time.Time, t Target, d time.Duration) error { return b.ban(now, t, d, false) }

// ban is Ban, or, soft, for misbehaviour.
func (b *Book) ban(now time.Time, t Target, d time.Duration, soft bool) error {
	if t.IsZero() {
		return ErrTarget
	}
	if t.ID == b.cfg.Self && !t.Net.IsValid() {
		return ErrSelf
	}
	if d <= 0 {
		d = BanFor
	}
	gone := b.bans.put(t, now.Add(min(d, banMax)), soft)
	if gone == t {
		return ErrFull // of the operator's alone, which it does not displace
	}
	if !gone.IsZero() {
		b.release(now, gone)
	}
	if e, ok := b.entries.Get(t.ID); ok && !t.Net.IsValid() {
		return b.shift(now, e, Black)
	}
	return nil
}

// Unban ends a ban and tells whether there was one.
func (b *Book) Unban(now time.Time, t Target) bool {
	if !b.bans.delete(t) {
		return false
	}
	b.release(now, t)
	return true
}

// release returns a black host to grey when its ban is over, or forgets it when
// there is no room.
func (b *Book) release(now time.Time, t Target) {
	b.version++
	e, ok := b.entries.Get(t.ID)
	if !ok || t.Net.IsValid() || e.Colour != Black {
		return
	}
	to := Dark
	for _, a := range e.Addrs {
		if b.filter.Dialable(a) {
			to = Grey
		}
	}
	if to == Dark {
		e.LastTried = now
	}
	if b.shift(now, e, to) != nil {
		b.drop(now, e)
	}
}

// Bans are the bans in force.
func (b *Book) Bans(now time.Time) []Ban {
	var out []Ban
	for _, l := range []*lru[Target, time.Time]{&b.bans.hard, &b.bans.soft} {
		for t, until := range l.all() {
			if now.Before(until) {
				out = append(out, Ban{t, until})
			}
		}
	}
	return out
}
