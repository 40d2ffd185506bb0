package outage

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Kind is a kind of network that can be out of reach as a whole.
type Kind string

// The kinds.
const (
	IP6 Kind = "ip6"
	UDP Kind = "udp"
)

var kinds = [...]Kind{IP6, UDP}

// Of are the kinds that an address needs; none for one in the machine or the house.
func Of(a link.Addr) (out []Kind) {
	if a.IsLocal() {
		return nil
	}
	if a.Network() == link.NetIP6 {
		out = append(out, IP6)
	}
	if a.IsQUIC() {
		out = append(out, UDP)
	}
	return out
}

// Outcome is what became of a dial, as far as the network goes.
type Outcome uint8

// The outcomes.
const (
	Answered Outcome = iota + 1 // a link, a refusal, a reset: something came back
	Silent                      // nothing came in time
	Cut                         // the system says that the network is unreachable
)

// Watch judges the kinds. It is a plain value for one goroutine; the zero Watch has seen
// nothing.
type Watch struct {
	Trace trace.Func // events kind_dead and kind_back {Topic: kind, N: seconds until the trial}

	state [len(kinds)]state
}

// state is what is known of one kind.
type state struct {
	last  []Outcome // newest last; at most windowDials
	cut   []string  // groups that were unreachable since anything answered; at most cutGroups
	until time.Time // dead until then; zero when it is not
	times int       // deaths in a row, for the next one's length
	trial bool      // it was dead, and nothing has answered yet
	fails int       // in the trial
}

// Note takes the outcome of a dial and tells whether the verdict on a kind has changed.
func (w *Watch) Note(now time.Time, a link.Addr, o Outcome) (changed bool) {
	for _, k := range Of(a) {
		s := &w.state[slices.Index(kinds[:], k)]
		was := s.dead()
		if s.note(now, a.Group(), o); s.dead() != was {
			changed = true
			w.tell(now, k, s)
		}
	}
	return changed
}

// Advance puts kinds on trial whose time has come, and tells whether there were any.
func (w *Watch) Advance(now time.Time) (changed bool) {
	for i := range w.state {
		s := &w.state[i]
		if s.dead() && !now.Before(s.until) {
			*s = state{times: s.times, trial: true}
			changed = true
			w.tell(now, kinds[i], s)
		}
	}
	return changed
}

// Forget is for a new network under the machine: what was seen is of the old one. It tells
// whether a kind was dead.
func (w *Watch) Forget(now time.Time) (changed bool) {
	for i := range w.state {
		was := w.state[i].dead()
		w.state[i] = state{}
		if was {
			changed = true
			w.tell(now, kinds[i], &w.state[i])
		}
	}
	return changed
}

// Dead are the kinds that lead nowhere.
func (w *Watch) Dead() (out []Kind) {
	for i, k := range kinds {
		if w.state[i].dead() {
			out = append(out, k)
		}
	}
	return out
}

// Reaches tells whether an address can be reached while these kinds are dead.
func Reaches(dead []Kind, a link.Addr) bool {
	return len(dead) == 0 || !slices.ContainsFunc(Of(a), func(k Kind) bool { return slices.Contains(dead, k) })
}

func (w *Watch) tell(now time.Time, k Kind, s *state) {
	e := trace.Event{Strand: "outage", Kind: "kind_back", Topic: string(k)}
	if s.dead() {
		e.Kind, e.N = "kind_dead", int64(s.until.Sub(now)/time.Second)
	}
	w.Trace.Emit(now, e)
}

func (s *state) dead() bool { return !s.until.IsZero() }

func (s *state) note(now time.Time, group string, o Outcome) {
	s.last = append(s.last, o)
	if len(s.last) > windowDials {
		s.last = slices.Delete(s.last, 0, 1)
	}
	if o == Answered {
		s.cut, s.trial, s.fails, s.until = nil, false, 0, time.Time{}
		if s.worked() >= windowWorked {
			s.times = 0
		}
	} else {
		s.fails++
		if o == Cut && !slices.Contains(s.cut, group) && len(s.cut) < cutGroups {
			s.cut = append(s.cut, group)
		}
	}
	hopeless := len(s.cut) >= cutGroups || len(s.last) >= windowDials && s.worked() < windowWorked || s.trial && s.fails >= trialDials
	if o != Answered && hopeless && !s.dead() {
		s.until = now.Add(min(deadFirst<<min(s.times, 8), deadMax))
		s.times++
	}
}

func (s *state) worked() (n int) {
	for _, o := range s.last {
		if o == Answered {
			n++
		}
	}
	return n
}
