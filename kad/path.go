package kad

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// path is a search of its own among several that ask nobody twice. Owner: Search.
type path struct {
	order  []int32 // in Search.met, the closest first
	flying []int32 // those it has asked that have not answered
}

// alpha is how many questions a path may have in flight.
func (s *Search) alpha() int { return max(1, s.cfg.Alpha/len(s.paths)) }

// hedge marks questions that the path does not wait for any more.
func (p *path) hedge(s *Search, now time.Time) {
	for _, at := range p.flying {
		if c := &s.met[at]; now.Sub(c.since) >= s.cfg.Hedge {
			c.slow = true
		}
	}
}

// free tells whether a path may ask somebody: slow questions do not count, within bounds.
func (p *path) free(s *Search) bool {
	quick := 0
	for _, at := range p.flying {
		if !s.met[at].slow {
			quick++
		}
	}
	return quick < s.alpha() && len(p.flying) < s.alpha()*flightMax
}

// pick is whom to ask: the closest unasked of the k closest that are still in question,
// those with a doubtful word for them last; or nobody.
func (p *path) pick(s *Search) int32 {
	for _, late := range [...]bool{false, true} {
		left := s.cfg.K
		for _, at := range p.order {
			c := &s.met[at]
			switch {
			case left == 0:
				return p.outer(s)
			case c.state == failed, c.state == inFlight && c.slow, !late && s.doubtful(c):
			case c.state == heardOf:
				return at
			default:
				left--
			}
		}
	}
	return nobody
}

// outer is, in a search that has widened, the farthest unasked of the region: who crowds
// around the target is asked last. When nobody is left there, the closest beyond it may
// know others.
func (p *path) outer(s *Search) int32 {
	if !s.widened {
		return nobody
	}
	beyond := nobody
	for _, at := range slices.Backward(p.order) {
		c := &s.met[at]
		switch {
		case c.state != heardOf || s.doubtful(c):
		case s.inRegion(c.id):
			return at
		default:
			beyond = at
		}
	}
	if s.beyond >= s.cfg.K {
		return nobody
	}
	return beyond
}

// meet adds a node to a path, if there is room for it.
func (s *Search) meet(p *path, r *enr.Record, by int32) {
	who := r.ID()
	if who == s.cfg.Self {
		return
	}
	if at := s.find(who); at != nobody {
		s.met[at].vouch(by)
		p.place(s, at)
		return
	}
	where := placesOf(r, s.cfg.Localnet)
	if len(s.met) == knownMax || !Endpoint(r).IsValid() || !s.census.room(where, hostSearchMax, netSearchMax) {
		return
	}
	s.census.count(where, +1)
	at := int32(len(s.met))
	s.met = append(s.met, candidate{id: who, record: r})
	s.met[at].vouch(by)
	s.index(who, at)
	p.place(s, at)
}

// place puts a candidate into a path's order.
func (p *path) place(s *Search, at int32) {
	target, who := s.cfg.Target, s.met[at].id
	i, there := slices.BinarySearchFunc(p.order, who, func(o int32, who id.ID) int {
		return id.CompareDistance(target, s.met[o].id, who)
	})
	if !there {
		p.order = slices.Insert(p.order, i, at)
	}
}
