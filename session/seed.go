package session

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// contact is the history of asking seeds.
type contact struct {
	zero, some int       // contacts without and with peers, for the doubling
	last       time.Time // zero: never in this run
	gapZero    time.Duration
	gapSome    time.Duration
	notBefore  time.Time
}

// Contact asks the seeds now, because a user says so.
func (k *Keeper) Contact(now time.Time) error {
	if !k.running {
		return ErrStopped
	}
	k.contactNow(now)
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
		k.contact.zero = 0
	}
	if at := k.contactDue(now); !at.IsZero() && !now.Before(at) && k.mayDial(now) {
		k.contactNow(now)
	}
}

// contactDue is when the next contact is due by the rules of doc.go; zero when it
// is not. It depends on what the other sessions just found.
func (k *Keeper) contactDue(now time.Time) time.Time {
	if len(k.seeds) == 0 || !k.hungry() || k.seedsBusy() {
		return time.Time{}
	}
	c := &k.contact
	if k.peers > 0 {
		if !k.dry.is || k.find.barren < barrenRounds {
			return time.Time{}
		}
		if c.last.IsZero() {
			return now
		}
		return c.last.Add(c.gapSome)
	}
	at := c.notBefore
	if !c.last.IsZero() {
		at = later(at, c.last.Add(c.gapZero))
	}
	missing := k.places() - k.filled()
	exhausted := k.dry.is && !k.outboundFlying()
	if !exhausted && k.outFails < 2*missing {
		at = later(at, k.zeroUntil)
	}
	return at
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

// contactNow dials the seeds that were left alone longest.
func (k *Keeper) contactNow(now time.Time) {
	c := &k.contact
	c.last = now
	c.gapZero = k.grown(seedGapZero, c.zero, seedGapMax)
	// Upwards only: the gap with peers is a promise to the seed.
	gap := seedGapMax
	if c.some < 20 {
		gap = min(seedGapSome<<c.some, seedGapMax)
	}
	c.gapSome = gap + time.Duration(k.rng.Int64N(int64(gap/2)))
	c.zero++
	if k.peers > 0 {
		c.some++
	}
	order := slices.Clone(k.seeds)
	k.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	slices.SortStableFunc(order, func(a, b *slot) int { return a.tried.Compare(b.tried) })
	left := seedsAtOnce
	for _, s := range order {
		who := s.homeID
		if left == 0 || !k.mayDial(now) {
			return
		}
		if s.State != Sleeping || (!who.IsZero() && (who == k.cfg.Self || k.links.Has(who) || k.dialling(who))) {
			continue
		}
		left--
		s.tried = now
		k.cfg.Trace.Emit(now, trace.Event{
			Strand: "session", Kind: "seed_contact", Peer: who, Addr: s.home.String(), N: int64(c.zero),
		})
		k.start(now, k.tickets.Next(), &dial{kind: Seed, slot: s, who: who, addr: s.home})
	}
}

// meetSeed remembers where a seed is, for crowding.
func (k *Keeper) meetSeed(a link.Addr) {
	if g := k.groupOf(a); g != "" && k.seedGroups.Len() < slotsMax {
		k.seedGroups.Add(g)
	}
}

// greetSeed begins the wait for a seed's answer. The question is asked by Advance,
// when the protocols have heard of the link too.
func (k *Keeper) greetSeed(now time.Time, s *slot) {
	s.set(now, Asking, "")
	s.askAt, s.askUntil, s.asked = now, now.Add(seedFor), 0
}

func (k *Keeper) askSeed(now time.Time, s *slot) {
	s.ask, s.askAt = k.tickets.Next(), time.Time{}
	s.asked++
	if f, ok := k.finder.(SeedFinder); ok {
		f.FindFrom(now, s.ask, s.ID)
		return
	}
	k.finder.Find(now, s.ask)
}

// seedAnswered lets a seed go that answered. One that knew nobody in the first
// moments is asked once more.
func (k *Keeper) seedAnswered(now time.Time, s *slot, n int) {
	if n == 0 && s.asked == 1 && now.Sub(s.Since) < seedAgain {
		s.ask, s.askAt = id.Ticket{}, s.Since.Add(seedAgain)
		return
	}
	k.cfg.Trace.Emit(now, trace.Event{
		Strand: "session", Kind: "seed_answered", Peer: s.ID, Addr: s.Addr.String(), N: int64(n),
	})
	k.closeSeed(now, s, "answered")
}

func (k *Keeper) closeSeed(now time.Time, s *slot, why string) {
	who := s.ID
	if c, ok := k.links.Get(who); ok && c.slot == s {
		c.slot = nil
		k.drop(who, link.Requested)
	}
	s.rest(now, time.Time{}, why)
}

func (k *Keeper) askDue() (at time.Time) {
	for _, s := range k.seeds {
		if s.State != Asking {
			continue
		}
		next := s.askUntil
		if !s.askAt.IsZero() && s.askAt.Before(next) {
			next = s.askAt
		}
		if at.IsZero() || next.Before(at) {
			at = next
		}
	}
	return at
}
