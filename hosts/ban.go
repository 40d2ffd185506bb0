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
	until ordered.Map[Target, time.Time]
	next  time.Time // no ban ends before; zero when there is none
	max   int
}

// put bans t and returns the target whose ban gave way, if the list was full: the
// one that would have ended first.
func (b *bans) put(t Target, until time.Time) (gone Target) {
	if !b.until.Has(t) && b.until.Len() >= b.max {
		var first time.Time
		for x, end := range b.until.All() {
			if gone.IsZero() || end.Before(first) {
				gone, first = x, end
			}
		}
		b.until.Delete(gone)
	}
	b.until.Put(t, until)
	if b.next.IsZero() || until.Before(b.next) {
		b.next = until
	}
	return gone
}

func (b *bans) has(now time.Time, t Target) bool {
	until, ok := b.until.Get(t)
	return ok && now.Before(until)
}

// expire removes the bans that ended and returns whom they were for.
func (b *bans) expire(now time.Time) (ended []Target) {
	if b.next.IsZero() || now.Before(b.next) {
		return nil
	}
	b.next = time.Time{}
	for t, until := range b.until.All() {
		if !now.Before(until) {
			ended = append(ended, t)
		} else if b.next.IsZero() || until.Before(b.next) {
			b.next = until
		}
	}
	for _, t := range ended {
		b.until.Delete(t)
	}
	return ended
}
