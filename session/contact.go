package session

import (
	"cmp"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// contact is the history of asking seeds.
type contact struct {
	some      int           // contacts with peers, for the doubling
	last      time.Time     // zero: never in this run
	gapSome   time.Duration // with peers, before the next
	notBefore time.Time
}

// seedTimes is what a seed slot remembers. A seed that does not answer is left alone for
// longer and longer, whatever else happens; without peers one that answers is too, for it
// has nobody for us.
type seedTimes struct {
	fails int       // contacts in a row without an answer
	asks  int       // contacts since there were peers for a minute
	since time.Time // when the first of these was
	luck  float64   // of the gap that runs
}

// Contact asks the seeds now, because a user says so.
func (k *Keeper) Contact(now time.Time) error {
	if !k.running {
		return ErrStopped
	}
	k.contactNow(now, true)
	k.next = now
	return nil
}

// runSeeds asks seeds that are connected and contacts others when it is time.
func (k *Keeper) runSeeds(now time.Time) {
	for _, s := range k.seeds {
		if s.State != Asking {
			continue
		}
		switch {
		case !now.Before(s.askUntil):
			k.closeSeed(now, s, "no answer")
		case !s.askAt.IsZero() && !now.Before(s.askAt):
			k.askSeed(now, s)
		}
	}
	if k.peers > 0 && now.Sub(k.peersAt) >= usefulFor {
		for _, s := range k.seeds {
			if s.times.asks = 0; s.times.fails == 0 {
				s.freshSeed()
			}
		}
	}
	if at := k.contactDue(now); !at.IsZero() && !now.Before(at) && k.mayDial(now) {
		k.contactNow(now, false)
	}
}

// contactDue is when the next contact is due by the rules of doc.go; zero when it
// is not. It depends on what the other sessions just found.
func (k *Keeper) contactDue(now time.Time) time.Time {
	if len(k.seeds) == 0 || !k.hungry() || k.seedsBusy() {
		return time.Time{}
	}
	order := k.seedOrder()
	if len(order) == 0 {
		return time.Time{}
	}
	c, s := &k.contact, order[0]
	at := later(k.seedRested(s), c.notBefore)
	if k.peers > 0 {
		if !k.dry.is || k.find.barren < barrenRounds {
			return time.Time{}
		}
		if c.last.IsZero() { // who has found peers without seeds does without for a while
			return later(at, k.peersAt.Add(seedFirstSome))
		}
		return later(at, c.last.Add(c.gapSome))
	}
	if !c.last.IsZero() { // the seeds take turns within the gap of one
		at = later(at, c.last.Add(k.seedGap(s)/time.Duration(len(k.seeds))))
	}
	missing := k.places() - k.filled()
	exhausted := k.dry.is && !k.outboundFlying()
	if !exhausted && k.outFails < 2*missing {
		at = later(at, k.zeroUntil)
	}
	return at
}

// seedGap is how long a seed is left alone after a contact, jitter aside.
func (k *Keeper) seedGap(s *slot) time.Duration {
	t := &s.times
	switch n := max(t.fails, t.asks) - 1; {
	case n < 0: // it has come, or it had its answer long ago
		return 0
	case k.peers == 0: // many that do not answer at all take their time in turn, hence the second
		return min(max(doubled(seedGapZero, n, seedGapAlone), s.tried.Sub(t.since)), seedGapAlone)
	case t.fails > 0:
		return doubled(seedGapSome, t.fails-1, seedGapMax)
	}
	return 0
}

// seedRested is when a seed may be contacted again. Jitter goes upwards only: the gap is
// a promise to the seed.
func (k *Keeper) seedRested(s *slot) time.Time {
	if s.tried.IsZero() {
		return time.Time{}
	}
	gap := k.seedGap(s)
	spread := gap / 2
	if gap >= seedGapAlone {
		spread = gap / 50 // the turns are what spreads the nodes by now
	}
	return s.tried.Add(gap + time.Duration(s.times.luck*float64(spread)))
}

// seedOrder is the seeds that may be contacted, the one that is due first at the head.
func (k *Keeper) seedOrder() []*slot {
	var out []*slot
	for _, s := range k.seeds {
		who := s.homeID
		if s.State == Sleeping && (who.IsZero() || who != k.cfg.Self && !k.links.Has(who) && !k.dialling(who)) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b *slot) int {
		if c := k.seedRested(a).Compare(k.seedRested(b)); c != 0 {
			return c
		}
		return cmp.Compare(a.times.luck, b.times.luck)
	})
	return out
}

func (k *Keeper) seedsBusy() bool {
	return slices.ContainsFunc(k.seeds, func(s *slot) bool { return s.State == Connecting || s.State == Asking })
}

// outboundFlying tells whether a dial for an outbound slot is under way, if only one that
// a probe has taken over.
func (k *Keeper) outboundFlying() bool {
	for _, d := range k.dials.All() {
		if d.kind == Outbound || d.slow {
			return true
		}
	}
	return false
}

// contactNow dials the seeds that are due: two while they are fresh, so that one alone
// does not choose our peers, else one, so that they take turns. A user is not made to wait.
func (k *Keeper) contactNow(now time.Time, user bool) {
	c := &k.contact
	c.last = now
	gap := doubled(seedGapSome, c.some, seedGapMax)
	c.gapSome = gap + time.Duration(k.rng.Int64N(int64(gap/2)))
	if k.peers > 0 {
		c.some++
	}
	left := seedsAtOnce
	for _, s := range k.seedOrder() {
		t := &s.times
		switch {
		case left == 0 || !k.mayDial(now):
			return
		case user:
		case now.Before(k.seedRested(s)), left < seedsAtOnce && k.peers == 0 && max(t.fails, t.asks) > 0:
			return
		}
		left--
		if s.tried = now; t.fails == 0 && t.asks == 0 {
			t.since = now
		}
		t.fails, t.asks, t.luck = min(t.fails+1, 20), min(t.asks+1, 20), k.rng.Float64()
		k.cfg.Trace.Emit(now, trace.Event{
			Strand: "session", Kind: "seed_contact", Peer: s.homeID, Addr: s.home.String(), N: int64(t.asks),
		})
		k.start(now, k.tickets.Next(), &dial{kind: Seed, slot: s, who: s.homeID, addr: s.home})
	}
}

// seedCame notes that a seed has dialled us: it is back, whatever our contacts with it
// came to, and may be asked.
func (k *Keeper) seedCame(who id.ID) {
	if s := named(k.seeds, who); s != nil {
		s.freshSeed()
	}
}

// freshSeeds forgets what our own outage made of the seeds, unless they were asked a
// moment ago.
func (k *Keeper) freshSeeds(now time.Time) {
	if now.Sub(k.contact.last) < seedGapSome {
		return
	}
	for _, s := range k.seeds {
		s.freshSeed()
	}
}

// freshSeed ends the row of contacts.
func (s *slot) freshSeed() { s.times.fails, s.times.asks, s.times.since = 0, 0, s.tried }

// doubled is base · 2^n, at most top.
func doubled(base time.Duration, n int, top time.Duration) time.Duration {
	if n >= 20 {
		return top
	}
	return min(base<<n, top)
}
