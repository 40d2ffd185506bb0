package portal

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// findNodes asks a node for nodes at distances from it. What done is given is verified,
// fits the question, and is in the table; slow as of call.
func (o *Overlay) findNodes(now time.Time, to *enr.Record, distances []uint16, slow func(now time.Time), done func(now time.Time, found []*enr.Record, err error)) {
	body, err := wire.FindNodes{Distances: distances}.Append(nil)
	if err != nil {
		o.soon(func(now time.Time) { done(now, nil, fmt.Errorf("%w: %w", ErrArguments, err)) })
		return
	}
	who := to.ID()
	o.call(now, to, wire.KindFindNodes, body, slow, func(now time.Time, body []byte, err error) {
		if err != nil {
			done(now, nil, err)
			return
		}
		m, err := wire.DecodeNodes(body)
		if err != nil {
			done(now, nil, o.misread(now, who, err))
			return
		}
		o.verify(now, to, m.Records, func(now time.Time, all []*enr.Record) {
			done(now, o.found(now, to, distances, all), nil)
		})
	})
}

// found sieves the records of an answer and puts them into the table. Records at
// distances that were not asked for count against the sender.
func (o *Overlay) found(now time.Time, from *enr.Record, asked []uint16, all []*enr.Record) []*enr.Record {
	for _, r := range all {
		if asked != nil && misplaced(from.ID(), asked, r) {
			o.blamePeer(now, from.ID(), blameRecord, "a record at a distance that was not asked for")
			break
		}
	}
	good := o.sieve(now, from, asked, all, wire.RecordsMax)
	for _, r := range good {
		if r.ID() != from.ID() {
			o.table.Add(now, r, kad.Found)
		}
	}
	return good
}

// search is a node lookup.
type search struct {
	o      *Overlay
	key    uint64
	target id.ID
	paths  int
	hasty  bool
	kad    *kad.Search
	wake   *timer
	done   func(now time.Time, closest, met []*enr.Record)
}

// lookup finds the nodes nearest to a target (portal-wire-protocol.md, "Lookup"). It may
// wait for others to end; done is called once, with nothing when there is no room.
func (o *Overlay) lookup(now time.Time, target id.ID, done func(now time.Time, closest, met []*enr.Record)) {
	o.begun(now, &search{target: target, paths: 1, done: done})
}

// lookupOver is lookup over so many disjoint paths, which does not wait for slow nodes.
func (o *Overlay) lookupOver(now time.Time, target id.ID, paths int, done func(now time.Time, closest, met []*enr.Record)) {
	o.begun(now, &search{target: target, paths: paths, hasty: true, done: done})
}

func (o *Overlay) begun(now time.Time, s *search) {
	s.o, s.key = o, o.tickets.Next().N
	if !o.admit(now, s.start) {
		o.soon(func(now time.Time) { s.done(now, nil, nil) })
	}
}

// admit runs a lookup now, or when one of those under way has ended. It is refused when
// too many wait.
func (o *Overlay) admit(now time.Time, start func(now time.Time)) bool {
	switch {
	case o.searches.Len()+o.finds.Len() < lookupsMax:
		start(now)
	case len(o.waiting) >= lookupsWaiting:
		return false
	default:
		o.waiting = append(o.waiting, start)
	}
	return true
}

// release starts a lookup that waits, because one has ended.
func (o *Overlay) release() {
	if len(o.waiting) == 0 {
		return
	}
	next := o.waiting[0]
	o.waiting[0] = nil
	o.waiting = o.waiting[1:]
	o.soon(next)
}

// searchConfig is what all our searches have in common.
func (o *Overlay) searchConfig(target id.ID) kad.SearchConfig {
	return kad.SearchConfig{
		Self: o.cfg.Self, Target: target, Timeout: lookupWithin,
		Size: o.table.Size(), Localnet: o.cfg.Localnet,
	}
}

func (s *search) start(now time.Time) {
	cfg := s.o.searchConfig(s.target)
	cfg.Paths, cfg.Hasty = s.paths, s.hasty
	s.kad = kad.NewSearch(now, cfg, s.o.table.Closest(s.target, kad.BucketMax, false))
	s.o.searches.Put(s.key, s)
	s.step(now)
}

// step asks whom the search names now.
func (s *search) step(now time.Time) {
	o := s.o
	if !o.searches.Has(s.key) {
		return
	}
	for next := s.kad.Next(now); len(next) > 0; next = s.kad.Next(now) {
		for _, r := range next {
			s.ask(now, r)
		}
	}
	o.timers.stop(s.wake)
	if s.kad.Done() {
		o.searches.Delete(s.key)
		o.looked = now
		o.release()
		s.done(now, s.kad.Closest(), s.kad.Met())
		return
	}
	if at := s.kad.Deadline(); !at.IsZero() {
		s.wake = o.timers.add(at, s.step)
	}
}

// ask asks a node. Who was silent lately is not waited for.
func (s *search) ask(now time.Time, r *enr.Record) {
	slow := func(now time.Time) {
		s.kad.Slow(r.ID())
		s.step(now)
	}
	if s.o.silent(r) {
		s.kad.Slow(r.ID())
		slow = nil
	}
	s.o.findNodes(now, r, kad.Distances(s.target, r.ID()), slow, func(now time.Time, found []*enr.Record, err error) {
		if err != nil {
			s.kad.Failed(now, r.ID())
		} else {
			s.kad.Answered(now, r.ID(), found)
		}
		s.step(now)
	})
}
