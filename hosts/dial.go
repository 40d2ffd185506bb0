package hosts

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Banned tells whether the key or the address is under a ban. Either may be zero.
func (b *Book) Banned(now time.Time, who id.ID, a link.Addr) bool {
	if b.bans.len()+b.bans.ever.Len() == 0 {
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
// the next try off, and forgets the host when it failed too often (params.go). Either
// settles a contest for the host's place.
func (b *Book) Tried(now time.Time, who id.ID, ok bool) {
	e, known := b.entries.Get(who)
	if !known || e.Colour == Black {
		return
	}
	if e.Colour == White && b.lists[index(White)].elders.has(e) {
		b.learn(ok)
	}
	if ok {
		b.relist(e, func() {
			e.LastTried, e.LastSeen, e.Ever, e.Fails = now, now, true, 0
			e.proved(now)
		})
	} else {
		b.failed(now, e)
	}
	b.settle(now, who, ok)
}

// learn keeps how often dials of elders succeed.
func (b *Book) learn(ok bool) {
	hit := 0.0
	if ok {
		hit = 1
	}
	b.elderLuck += (hit - b.elderLuck) / luckDials
}

func (b *Book) failed(now time.Time, e *entry) {
	if e.Fails == 0 {
		e.failing = now
	}
	b.relist(e, func() {
		e.LastTried = now
		e.Fails++
		e.Tries++
		b.putOff(now, e)
	})
	if Legal(e.Colour, Grey) && e.Colour != Dark && b.shift(now, e, Grey) != nil {
		b.drop(now, e)
		return
	}
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
		b.relist(e, func() {
			e.LastTried = now
			e.Tries++
			b.putOff(now, e)
		})
	}
}

// Ended notes that the link with a host is down after a useful life of the given
// length. Gold turns grey; a life of a minute clears the redial delay.
func (b *Book) Ended(now time.Time, who id.ID, useful time.Duration) {
	e, ok := b.entries.Get(who)
	if !ok {
		return
	}
	b.relist(e, func() {
		if useful >= usefulFor {
			e.delays = 0
		}
		if useful > 0 && e.Reached {
			e.LastSeen = now
		}
		b.putOff(now, e)
	})
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
