package session

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// meetSeed remembers where a seed is, for crowding.
func (k *Keeper) meetSeed(a link.Addr) {
	if g := k.groupOf(a); g != "" && k.seedGroups.Len() < SlotsMax {
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
	s.times.fails = 0
	k.closeSeed(now, s, "answered")
}

func (k *Keeper) closeSeed(now time.Time, s *slot, why string) {
	who := s.ID
	if c, ok := k.links.Get(who); ok && c.slot == s {
		c.slot = nil
		k.drop(who, link.Requested)
	}
	s.rest(now, k.seedRested(s), why)
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
