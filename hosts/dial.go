package hosts

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Banned tells whether the key or the address is under a ban. Either may be zero.
func (b *Book) Banned(now time.Time, who id.ID, a link.Addr) bool {
	if b.bans.until.Len() == 0 {
		return false
	}
	if !who.IsZero() && b.bans.has(now, OfID(who)) {
		return true
	}
	ip := a.IP()
	return ip.IsValid() && b.bans.has(now, OfIP(ip))
}

// Addr is where to dial a host at its n-th attempt: its addresses in turn.
func (b *Book) Addr(h Host, attempt int) (link.Addr, bool) {
	if len(h.Addrs) == 0 || attempt < 0 {
		return link.Addr{}, false
	}
	return h.Addrs[attempt%len(h.Addrs)], true
}

// Tried notes the outcome of a dial that ran its course; one that was cancelled is
// no outcome. Success clears the failures. Failure turns white and gold grey, puts
// the next try off, and forgets the host when it failed too often (params.go).
func (b *Book) Tried(now time.Time, who id.ID, ok bool) {
	e, known := b.entries.Get(who)
	if !known || e.Colour == Black {
		return
	}
	b.tried(now, e)
	if ok {
		b.relist(e, func() {
			e.LastSeen, e.Ever, e.Fails = now, true, 0
			e.proved(now)
		})
		b.settle(now, who, true)
		return
	}
	if e.Fails == 0 {
		e.failing = now
	}
	e.Fails++
	e.Tries++
	b.putOff(now, e)
	if Legal(e.Colour, Grey) && e.Colour != Dark && b.shift(now, e, Grey) != nil {
		b.drop(now, e)
		return
	}
	b.settle(now, who, false)
	tooOften := e.Fails >= unprovenFails && now.Sub(e.failing) >= unprovenFor
	if e.Reached {
		tooOften = e.Fails >= provenFails && now.Sub(e.LastSeen) >= forgetAfter
	}
	if tooOften && e.Colour == Grey {
		b.drop(now, e)
	}
}

// PutOff notes a dial that says nothing about the host: it answered and would not
// have us now, or we are off the network ourselves. It keeps its colour and is left
// alone for a while.
func (b *Book) PutOff(now time.Time, who id.ID) {
	if e, ok := b.entries.Get(who); ok {
		b.tried(now, e)
		e.Tries++
		b.putOff(now, e)
	}
}

// Ended notes that the link with a host is down after a useful life of the given
// length. Gold turns grey; a life of a minute clears the redial delay.
func (b *Book) Ended(now time.Time, who id.ID, useful time.Duration) {
	e, ok := b.entries.Get(who)
	if !ok {
		return
	}
	if useful >= usefulFor {
		e.delays = 0
	}
	b.putOff(now, e)
	if e.Colour == Gold && b.shift(now, e, Grey) != nil {
		b.drop(now, e)
	}
}

func (b *Book) putOff(now time.Time, e *entry) {
	e.RetryAt = now.Add(Redial(b.rng.Float64(), e.delays))
	e.delays++
}

// Redial is the delay before a dial after n failures that went before:
// 1 s · 2^n, at most 10 min, ±50 %. luck is uniform in [0, 1).
func Redial(luck float64, n int) time.Duration {
	d := redialMax
	if n < 10 { // 2^10 s is beyond redialMax
		d = min(redialBase<<max(n, 0), redialMax)
	}
	return time.Duration(float64(d) * (0.5 + luck))
}

// ready tells whether a host may be dialled now: a dialable colour, its delay and
// its address's rest over, neither key nor first address banned.
func (b *Book) ready(now time.Time, e *entry) bool {
	return !now.Before(b.rested(e)) && len(e.Addrs) > 0 && !b.Banned(now, e.ID, e.Addrs[0])
}

// Pick draws a host that may be dialled now: the first wanted colour that has one,
// uniform over its network groups, then within the group. Of a colour, hosts whose
// last dial failed come after the others: when many have died at once, a free slot
// does not wait for each of them again. skip refuses hosts, such as connected ones;
// nil refuses none.
func (b *Book) Pick(now time.Time, want []Colour, skip func(id.ID) bool) (Host, bool) {
	for _, c := range want {
		if c == None {
			continue
		}
		for _, failed := range []bool{false, true} {
			who, ok := b.lists[index(c)].pick(b.rng, func(who id.ID) bool {
				e, _ := b.entries.Get(who)
				return (e.Fails > 0) == failed && b.ready(now, e) && (skip == nil || !skip(who))
			})
			if ok {
				return b.Get(who)
			}
		}
	}
	return Host{}, false
}

// NextTry is the first moment at which a host of the wanted colours, not skipped,
// may be dialled; zero when there is none whatever the time.
func (b *Book) NextTry(now time.Time, want []Colour, skip func(id.ID) bool) (at time.Time) {
	for who, e := range b.entries.All() {
		if !slices.Contains(want, e.Colour) || (skip != nil && skip(who)) || len(e.Addrs) == 0 {
			continue
		}
		next := b.rested(e)
		if b.Banned(now, who, e.Addrs[0]) {
			continue // its end changes Version
		}
		if next.Before(now) {
			next = now
		}
		if at.IsZero() || next.Before(at) {
			at = next
		}
	}
	return at
}
