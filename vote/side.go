package vote

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/internal/ordered"
)

// side is what is known of our address of one family.
type side struct {
	static, mapped netip.Addr
	votes          ordered.Map[string, ballot] // by group of the voter
	won            netip.Addr                  // that of the votes; invalid for none
	since          time.Time                   // when won was adopted
	met            time.Time                   // when somebody last dialled us
	revoked        netip.Addr                  // not adopted before rested
	rested         time.Time
	own            netip.Addr // on our own word, of an interface; invalid for none
	tried          time.Time  // when strangers were first told of own, this time
	quiet          bool       // nobody came, so that they are not told any more
}

// ballot is the latest word of a group.
type ballot struct {
	saw netip.AddrPort // port 0: it says nothing of the port
	at  time.Time
}

// add takes a group's word in the place of its last one. When there are too many
// groups, the one that was not heard of for longest is forgotten.
func (d *side) add(now time.Time, group string, saw netip.AddrPort) {
	if !d.votes.Has(group) && d.votes.Len() >= votesMax/2 {
		d.votes.Delete(d.oldest())
	}
	d.votes.Put(group, ballot{saw, now})
}

func (d *side) oldest() (group string) {
	var at time.Time
	for g, b := range d.votes.All() {
		if at.IsZero() || b.at.Before(at) {
			group, at = g, b.at
		}
	}
	return group
}

// judge makes the result that of the statements that count now.
func (d *side) judge(now time.Time) {
	d.expire(now)
	d.decide(now)
}

// expire forgets statements that are too old to count, and that an address rests.
func (d *side) expire(now time.Time) {
	if !now.Before(d.rested) {
		d.revoked = netip.Addr{}
	}
	for i := 0; i < d.votes.Len(); {
		if g, b := d.votes.At(i); now.Sub(b.at) >= voteFor {
			d.votes.Delete(g)
		} else {
			i++
		}
	}
}

// decide adopts the address that most groups say, when they are enough and more than
// those that say the present one, and gives up an address that nobody says any more.
func (d *side) decide(now time.Time) {
	count := d.count()
	best, n := netip.Addr{}, 0
	for ip, k := range count.All() {
		if k > n && ip != d.revoked {
			best, n = ip, k
		}
	}
	have, _ := count.Get(d.won)
	switch {
	case n >= groupsMin && n > have && best != d.won:
		d.won, d.since = best, now
	case have == 0:
		d.won = netip.Addr{}
	}
}

// count is how many groups say each address.
func (d *side) count() (out ordered.Map[netip.Addr, int]) {
	for _, b := range d.votes.All() {
		ip := b.saw.Addr()
		n, _ := out.Get(ip)
		out.Put(ip, n+1)
	}
	return out
}

// port is the port that enough groups see at the adopted address, more of them than
// see any other; else 0.
func (d *side) port() uint16 {
	var count ordered.Map[uint16, int]
	for _, b := range d.votes.All() {
		if p := b.saw.Port(); p != 0 && b.saw.Addr() == d.won {
			n, _ := count.Get(p)
			count.Put(p, n+1)
		}
	}
	port, most, tie := uint16(0), 0, false
	for p, n := range count.All() {
		switch {
		case n > most:
			port, most, tie = p, n, false
		case n == most:
			tie = true
		}
	}
	if most < groupsMin || tie {
		return 0
	}
	return port
}

// reached tells whether somebody dialled us lately enough to prove the address.
func (d *side) reached() bool { return d.metSince(d.since) }

func (d *side) metSince(t time.Time) bool { return !d.met.IsZero() && d.met.After(t.Add(-contactFor)) }

// try notes an address that we have on our own word, as that of an interface.
func (d *side) try(now time.Time, ip netip.Addr) {
	if d.own != ip {
		d.own, d.tried, d.quiet = ip, now, false
	}
	d.rest(now)
}

// rest keeps quiet of such an address when nobody reached us at it in time, and tries
// it again when it has rested.
func (d *side) rest(now time.Time) {
	switch {
	case !d.own.IsValid() || d.metSince(d.tried):
		d.quiet = false
	case !now.Before(d.tried.Add(revokeAfter + restFor)):
		d.tried, d.quiet = now, false
	case !now.Before(d.tried.Add(revokeAfter)):
		d.quiet = true
	}
}

// revoke gives up an address that nobody reached us at in time.
func (d *side) revoke(now time.Time) {
	if d.won.IsValid() && !d.reached() && now.Sub(d.since) >= revokeAfter {
		d.revoked, d.rested = d.won, now.Add(restFor)
		d.won = netip.Addr{}
		d.decide(now)
	}
}

// deadline is when a statement is too old, an address is revoked, kept quiet or rested.
func (d *side) deadline(localnet bool) (at time.Time) {
	sooner := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if d.votes.Len() > 0 {
		b, _ := d.votes.Get(d.oldest())
		sooner(b.at.Add(voteFor))
	}
	if d.won.IsValid() && !d.reached() && !localnet {
		sooner(d.since.Add(revokeAfter))
	}
	if d.revoked.IsValid() {
		sooner(d.rested)
	}
	if d.own.IsValid() && !d.metSince(d.tried) && !localnet {
		ends := d.tried.Add(revokeAfter)
		if d.quiet {
			ends = ends.Add(restFor)
		}
		sooner(ends)
	}
	return at
}
