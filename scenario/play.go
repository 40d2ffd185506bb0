package scenario

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Play is one performance of a script on a stage. Its owner calls Advance once to
// begin and then at every Deadline; waking early or late is harmless.
type Play struct {
	script *Script
	st     Stage
	rng    *rand.Rand

	at      int  // index of the step under way
	begun   bool // its first look has been taken
	started time.Time
	changed time.Time // when nodes were last launched, killed or restarted
	next    time.Time // when to look again
	count   int       // launches or lines done in this step
	watch   *watch    // of an expectation of lines
	hostile int       // hosts brought up so far
	speaker []int     // of a load or put
	fetches []fetch   // of a get
	took    []time.Duration

	killed []bool            // by this play
	files  map[string][]file // by the name they were put as
	said   sayings
	kept   []*watch // expectations met, for the last look
	report []Result
	failed bool
}

// Result says how one step went.
type Result struct {
	Line   int           // in the script
	Text   string        // the step, in canonical form
	OK     bool          // whether it was met
	Took   time.Duration // from the step's start to its end
	Detail string        // figures, or why it failed
	// Samples, P50, P95 and Max are of the times from say to arrival that an
	// expectation of lines measured, the speaker's own left out.
	Samples       int
	P50, P95, Max time.Duration
}

// NewPlay puts a script on a stage. The stage must have at least Script.Nodes
// nodes; a world makes it so.
func NewPlay(s *Script, st Stage, rng *rand.Rand) *Play {
	if st.Nodes() < s.Nodes() {
		panic("scenario: the stage has fewer nodes than the script")
	}
	return &Play{script: s, st: st, rng: rng, killed: make([]bool, st.Nodes())}
}

// Advance plays on to now and tells whether the play is over.
func (p *Play) Advance(now time.Time) (done bool) {
	for !p.over() {
		s := &p.script.Steps[p.at]
		if !p.begun {
			p.begun, p.started, p.next = true, now, now
			p.count, p.watch, p.speaker, p.fetches, p.took = 0, nil, nil, nil, nil
			switch s.Verb {
			case Start, Kill, Restart, Heal:
				p.changed = now
			case Filled:
				p.started = p.changed
			}
		}
		if err := p.st.Err(); err != nil {
			p.finish(now, Result{Detail: err.Error()})
			break
		}
		r, ended := p.run(now, s)
		if !ended {
			break
		}
		p.finish(now, r)
	}
	return p.over()
}

// Deadline is when Advance has to be called next; zero when the play is over or
// has not begun.
func (p *Play) Deadline() time.Time {
	if p.over() {
		return time.Time{}
	}
	return p.next
}

// Report is how the steps went that are over, in order. When the play is over and
// has not failed, that is all of them.
func (p *Play) Report() []Result { return append([]Result(nil), p.report...) }

// Failed tells whether a step has failed.
func (p *Play) Failed() bool { return p.failed }

// Current is the step under way and since when; false when the play is over.
func (p *Play) Current() (Step, time.Time, bool) {
	if p.over() {
		return Step{}, time.Time{}, false
	}
	return p.script.Steps[p.at], p.started, true
}

func (p *Play) over() bool { return p.failed || p.at == len(p.script.Steps) }

// finish notes the result of the step under way and goes to the next.
func (p *Play) finish(now time.Time, r Result) {
	s := &p.script.Steps[p.at]
	r.Line, r.Text, r.Took = s.Line, s.String(), now.Sub(p.started)
	p.report = append(p.report, r)
	p.failed = p.failed || !r.OK
	p.at, p.begun = p.at+1, false
	if p.at == len(p.script.Steps) && !p.failed {
		p.lastLook()
	}
}

// run takes one look at a step: its result when it has ended; otherwise p.next is
// when to look again.
func (p *Play) run(now time.Time, s *Step) (Result, bool) {
	switch s.Verb {
	case Start:
		return p.runStart(now, s)
	case Wait, Refilled:
		return p.runPeers(now, s)
	case Filled:
		return p.runFilled(now, s)
	case Rejoined:
		return p.runRejoined(now, s)
	case Expect:
		return p.runExpect(now, s)
	case Load:
		return p.runLoad(now, s)
	case Say, Pub:
		i, _ := s.Nodes.single()
		if !p.st.Alive(i) {
			return failure("%s is not running", NodeName(i))
		}
		p.say(now, i, s.Place, s.Body, 0)
		return success("")
	case Join, Sub:
		return p.runJoin(now, s)
	case Kill:
		return p.runKill(now, s)
	case Restart:
		return p.runRestart(now, s)
	case Partition:
		p.st.Partition(now, s.Nodes.pick(p.st, p.stayed), s.Other.pick(p.st, p.stayed))
		return success("")
	case Heal:
		p.st.Heal(now)
		return success("")
	case Hostile, Flash, Uplink, Churn:
		return p.runLab(now, s)
	case Against:
		return success("")
	case Put:
		return p.runPut(now, s)
	case Get:
		return p.runGet(now, s)
	case Latency:
		if s.Top > 0 {
			return p.runLab(now, s)
		}
		p.st.Weather(now, s.Time, s.Jitter, -1)
		return success("")
	case Loss:
		p.st.Weather(now, -1, -1, s.Loss)
		return success("")
	case Sleep:
		return Result{OK: true}, p.reached(now, p.started.Add(s.Time))
	}
	return failure("no such step")
}

func success(detail string) (Result, bool) { return Result{OK: true, Detail: detail}, true }

func failure(format string, args ...any) (Result, bool) {
	return Result{Detail: fmt.Sprintf(format, args...)}, true
}

// reached tells whether a moment has come, and otherwise waits for it.
func (p *Play) reached(now, when time.Time) bool {
	if now.Before(when) {
		p.next = when
		return false
	}
	return true
}

// spread is when the k-th of n things happens that are spread over the step's span.
func (p *Play) spread(s *Step, k int) time.Time {
	return p.started.Add(time.Duration(float64(s.Time) * float64(k) / float64(s.N)))
}

// again looks again soon, or reports that time is over.
func (p *Play) again(now time.Time, s *Step, why func() string) (Result, bool) {
	until := p.started.Add(s.Time)
	if !now.Before(until) {
		return failure("%s", why())
	}
	p.next = now.Add(pollEvery)
	if p.next.After(until) {
		p.next = until
	}
	return Result{}, false
}

func (p *Play) runStart(now time.Time, s *Step) (Result, bool) {
	for ; p.count < s.N; p.count++ {
		if !p.reached(now, p.spread(s, p.count)) {
			return Result{}, false
		}
		p.st.Launch(now, p.count)
	}
	return success(fmt.Sprintf("%d nodes, %d of them seeds", s.N, s.Seeds))
}

func (p *Play) runJoin(now time.Time, s *Step) (Result, bool) {
	n := 0
	for _, i := range s.Nodes.pick(p.st, p.stayed) {
		switch {
		case !p.st.Alive(i):
			continue
		case s.Verb == Join:
			p.st.JoinRoom(now, i, s.Place.Name)
		default:
			p.st.Subscribe(now, i, s.Place.Name)
		}
		n++
	}
	if n == 0 {
		return failure("none of them is running")
	}
	return success(fmt.Sprintf("%d nodes", n))
}

func (p *Play) runKill(now time.Time, s *Step) (Result, bool) {
	var doomed []int
	if s.Random {
		var can []int
		for i := range p.st.Nodes() {
			if p.st.Alive(i) && !s.Other.has(i, p.st, p.stayed) {
				can = append(can, i)
			}
		}
		n := s.N
		if s.Percent > 0 {
			n = (p.running()*s.Percent + 99) / 100
		}
		if len(can) < n {
			return failure("only %d nodes can be killed", len(can))
		}
		for k := range n { // a shuffle's first N places
			j := k + p.rng.IntN(len(can)-k)
			can[k], can[j] = can[j], can[k]
		}
		doomed = can[:n]
	} else {
		for _, i := range s.Nodes.pick(p.st, p.stayed) {
			if p.st.Alive(i) {
				doomed = append(doomed, i)
			}
		}
	}
	for _, i := range doomed {
		p.killed[i] = true
		p.st.Kill(now, i)
	}
	return success("killed " + nodeNames(doomed))
}

func (p *Play) runRestart(now time.Time, s *Step) (Result, bool) {
	nodes := s.Nodes.pick(p.st, p.stayed)
	for _, i := range nodes {
		if p.st.Alive(i) {
			p.killed[i] = true
			p.st.Kill(now, i)
		}
		p.st.Restart(now, i)
	}
	return success(fmt.Sprintf("%d nodes", len(nodes)))
}

func (p *Play) runLoad(now time.Time, s *Step) (Result, bool) {
	for ; p.count < s.N; p.count++ {
		if !p.reached(now, p.spread(s, p.count)) {
			return Result{}, false
		}
		i, ok := p.drawSpeaker(s)
		if !ok {
			return failure("none of them is running")
		}
		p.say(now, i, s.Place, fmt.Sprintf("line %d of %d by %s (step %d)", p.count+1, s.N, NodeName(i), s.Line), s.Bytes)
	}
	return success(fmt.Sprintf("%d lines", s.N))
}

// drawSpeaker draws one of the step's nodes that run. The list is made anew only
// when it turns out to be old.
func (p *Play) drawSpeaker(s *Step) (int, bool) {
	for range 2 {
		if len(p.speaker) > 0 {
			if i := p.speaker[p.rng.IntN(len(p.speaker))]; p.st.Alive(i) {
				return i, true
			}
		}
		p.speaker = p.speaker[:0]
		for _, i := range s.Nodes.pick(p.st, p.stayed) {
			if p.st.Alive(i) {
				p.speaker = append(p.speaker, i)
			}
		}
	}
	return 0, false
}

// running is how many nodes run.
func (p *Play) running() (n int) {
	for i := range p.st.Nodes() {
		if p.st.Alive(i) {
			n++
		}
	}
	return n
}

// stayed tells whether a node has been running ever since it was launched.
func (p *Play) stayed(i int) bool {
	if s, ok := p.st.(Stayer); ok {
		return s.Stayed(i)
	}
	return !p.killed[i]
}

// nodeNames lists nodes, at most namesMax of them.
func nodeNames(nodes []int) string {
	var names []string
	for k, i := range nodes {
		if k == namesMax {
			names = append(names, fmt.Sprintf("and %d more", len(nodes)-k))
			break
		}
		names = append(names, NodeName(i))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}
