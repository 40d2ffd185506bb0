package kad

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// SearchConfig is what a search has to know. But for Self and Target zero means the
// default.
type SearchConfig struct {
	Self, Target id.ID
	K            int           // how many closest; BucketMax
	Alpha        int           // questions in flight; Alpha
	Paths        int           // paths that share nobody, each with at least one question; 1
	Queries      int           // whom to ask in all; QueriesMax
	Hedge        time.Duration // see HedgeAfter
	Timeout      time.Duration // see TimeMax
	// Hasty has the search end when only slow questions are left.
	Hasty bool
	// Size is about how many nodes the network has (Table.Size); 0: not known, and the
	// search never widens.
	Size float64
	// Localnet takes the limits per host and network from addresses of special ranges.
	Localnet bool
}

func (c *SearchConfig) fill() {
	c.Paths = min(max(c.Paths, 1), PathsMax)
	if c.K <= 0 {
		c.K = BucketMax
	}
	if c.Alpha <= 0 {
		c.Alpha = Alpha
	}
	if c.Queries <= 0 || c.Queries > QueriesMax {
		c.Queries = QueriesMax
	}
	if c.Hedge <= 0 {
		c.Hedge = HedgeAfter
	}
	if c.Timeout <= 0 {
		c.Timeout = TimeMax
	}
}

// Search looks for the nodes closest to a target.
type Search struct {
	cfg     SearchConfig
	until   time.Time
	met     []candidate     // in the order of meeting; only grows
	at      map[id.ID]int32 // → met; nil while there are few
	paths   []path
	census  census
	asked   int
	flight  int
	widened bool // see crowd.go
	beyond  int  // asked since then, outside the region
	ended   bool
	out     []*enr.Record // Next's answer
}

// NewSearch makes a search that starts with nodes known, the closest first.
func NewSearch(now time.Time, cfg SearchConfig, start []*enr.Record) *Search {
	cfg.fill()
	s := &Search{cfg: cfg, until: now.Add(cfg.Timeout), census: census{}}
	s.met = make([]candidate, 0, min(knownMax, 2*max(len(start), BucketMax)))
	s.paths = make([]path, cfg.Paths)
	for i, r := range start {
		s.meet(&s.paths[i%len(s.paths)], r, nobody)
	}
	s.settle()
	return s
}

// Next names whom to ask now. The slice is valid until the next call. What comes of each
// is told to Answered or Failed, by a time limit of the asker's.
func (s *Search) Next(now time.Time) []*enr.Record {
	s.out = s.out[:0]
	if !s.ended && !now.Before(s.until) {
		s.ended = true
	}
	if s.ended {
		return nil
	}
	for i := range s.paths {
		p := &s.paths[i]
		p.hedge(s, now)
		for s.asked < s.cfg.Queries && p.free(s) {
			at := p.pick(s)
			if at == nobody {
				break
			}
			s.out = append(s.out, s.ask(now, p, at))
		}
	}
	s.settle()
	return s.out
}

// ask puts a question into flight.
func (s *Search) ask(now time.Time, p *path, at int32) *enr.Record {
	c := &s.met[at]
	c.state, c.since, c.path = inFlight, now, p
	p.flying = append(p.flying, at)
	s.flight++
	s.asked++
	if s.widened && !s.inRegion(c.id) {
		s.beyond++
	}
	return c.record
}

// Answered notes whom a node named. Records are verified and sieved; our own and those
// that are known count for nothing new.
func (s *Search) Answered(_ time.Time, who id.ID, found []*enr.Record) {
	by := s.find(who)
	if by == nobody || s.met[by].state != inFlight {
		return
	}
	p := s.landed(by, answered)
	for i, r := range found {
		if i == answerMax {
			break
		}
		s.meet(p, r, by)
	}
	s.settle()
}

// Failed notes that a node did not answer, or not as it should.
func (s *Search) Failed(_ time.Time, who id.ID) {
	at := s.find(who)
	if at == nobody || s.met[at].state != inFlight {
		return
	}
	s.landed(at, failed)
	s.settle()
}

// Slow notes that the search need not wait for a node's answer any more, before Hedge is
// over. It may still come.
func (s *Search) Slow(who id.ID) {
	if at := s.find(who); at != nobody && s.met[at].state == inFlight {
		s.met[at].slow = true
		s.settle()
	}
}

// landed takes a question out of flight, and tells on which path it was.
func (s *Search) landed(at int32, as state) *path {
	c := &s.met[at]
	c.state = as
	c.path.flying = slices.DeleteFunc(c.path.flying, func(o int32) bool { return o == at })
	s.flight--
	for _, by := range c.via[:min(c.named, len(c.via))] {
		if as == failed {
			s.met[by].misled++
		} else {
			s.met[by].led++
		}
	}
	return c.path
}

// Done tells whether the search has ended: the k closest have been asked, or nobody is
// left, or it has asked as many or lasted as long as it may.
func (s *Search) Done() bool { return s.ended }

// Stop ends the search.
func (s *Search) Stop() { s.ended = true }

// Asked is how many nodes have been asked.
func (s *Search) Asked() int { return s.asked }

// Widened tells whether the nodes at the target were too dense to be chance, so that the
// search went on to a whole region around it.
func (s *Search) Widened() bool { return s.widened }

// Closest returns the nodes that have answered, the closest first: k of them, or, when
// the search has widened, all of the region.
func (s *Search) Closest() []*enr.Record {
	good := s.answered()
	n := min(s.cfg.K, len(good))
	for s.widened && n < len(good) && s.inRegion(good[n].id) {
		n++
	}
	out := make([]*enr.Record, n)
	for i, c := range good[:n] {
		out[i] = c.record
	}
	return out
}

// answered lists who has answered, the closest first.
func (s *Search) answered() (good []*candidate) {
	for i := range s.met {
		if s.met[i].state == answered {
			good = append(good, &s.met[i])
		}
	}
	slices.SortFunc(good, func(a, b *candidate) int { return id.CompareDistance(s.cfg.Target, a.id, b.id) })
	return good
}

// Met returns everybody the search has heard of in the order of meeting, those who were
// asked included and those who failed left out.
func (s *Search) Met() []*enr.Record {
	out := make([]*enr.Record, 0, len(s.met))
	for i := range s.met {
		if s.met[i].state != failed {
			out = append(out, s.met[i].record)
		}
	}
	return out
}

// Deadline is when Next may have somebody, or the search its end, though nothing was
// told to it; zero when it has ended.
func (s *Search) Deadline() time.Time {
	if s.ended {
		return time.Time{}
	}
	first := s.until
	if s.asked == s.cfg.Queries {
		return first
	}
	for i := range s.paths {
		for _, at := range s.paths[i].flying {
			if c := &s.met[at]; !c.slow && c.since.Add(s.cfg.Hedge).Before(first) {
				first = c.since.Add(s.cfg.Hedge)
			}
		}
	}
	return first
}

// settle ends a search that has nobody left to ask or to wait for.
func (s *Search) settle() {
	if s.ended || s.flight > 0 && !(s.cfg.Hasty && s.onlySlow()) {
		return
	}
	if s.asked < s.cfg.Queries && (s.wants() || s.widen() && s.wants()) {
		return
	}
	s.ended = true
}

// onlySlow tells whether no question in flight is one to wait for.
func (s *Search) onlySlow() bool {
	for i := range s.paths {
		for _, at := range s.paths[i].flying {
			if !s.met[at].slow {
				return false
			}
		}
	}
	return true
}

func (s *Search) wants() bool {
	for i := range s.paths {
		if s.paths[i].pick(s) != nobody {
			return true
		}
	}
	return false
}
