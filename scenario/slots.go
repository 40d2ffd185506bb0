package scenario

import (
	"fmt"
	"slices"
	"time"
)

// Manager is implemented by a stage that knows how its nodes keep their slots. The
// verbs filled and rejoined need one.
type Manager interface {
	// Slots is how many slots of i have a link, and how many could: no more than it has,
	// and than the other nodes that run and it is not linked with for another reason.
	Slots(i int) (filled, could int)
	// Came is how long after its last start i had its first peer, as it says itself;
	// false while it had none.
	Came(i int) (time.Duration, bool)
	// Asked is how often i has asked a seed since then.
	Asked(i int) int
}

// parseFilled reads [P%] [median] of an expectation of slots.
func parseFilled(s *Step, ts []token) (err error) {
	s.Verb, s.Percent = Filled, 100
	if n := len(ts); n > 0 && ts[n-1].is("median") {
		s.Median, ts = true, ts[:n-1]
	}
	if len(ts) == 0 {
		return nil
	}
	n := len(ts[0].s)
	if len(ts) != 1 || n < 2 || ts[0].s[n-1] != '%' {
		return errShape
	}
	s.Percent, err = parseCount(ts[0].s[:n-1], 1, 100)
	return err
}

// runFilled looks at the slots of the nodes that have some.
func (p *Play) runFilled(now time.Time, s *Step) (Result, bool) {
	m, ok := p.st.(Manager)
	if !ok {
		return failure("not possible here")
	}
	var shares []int // percent, of each node
	var short []int
	for _, i := range s.Nodes.pick(p.st, p.stayed) {
		if p.st.Seed(i) {
			continue
		}
		share := 0
		if filled, could := m.Slots(i); p.st.Alive(i) {
			share = 100
			if filled < could {
				share = 100 * filled / could
			}
		}
		if share < s.Percent {
			short = append(short, i)
		}
		shares = append(shares, share)
	}
	if len(shares) == 0 {
		return failure("none of them has slots")
	}
	slices.Sort(shares)
	median := shares[(len(shares)-1)/2]
	figures := fmt.Sprintf("of their slots min %d%% median %d%%, %d of %d nodes short", shares[0], median, len(short), len(shares))
	if len(short) == 0 || s.Median && median >= s.Percent {
		return success(figures)
	}
	return p.again(now, s, func() string { return figures + ": " + nodeNames(short) })
}

// startWithin is how long nodes may take to start that are expected to have rejoined:
// many processes share few processors.
const startWithin = time.Minute

// savedWait is how long at least a node without peers leaves the hosts it knew to come up
// before it asks a seed, as it should: three seconds, less a sixth (package session).
const savedWait = 2500 * time.Millisecond

// runRejoined goes by the nodes' own clocks, so that it waits for all to have come and
// judges then.
func (p *Play) runRejoined(now time.Time, s *Step) (Result, bool) {
	m, ok := p.st.(Manager)
	if !ok {
		return failure("not possible here")
	}
	var took []time.Duration
	var missing, late, asked []int
	for _, i := range s.Nodes.pick(p.st, p.stayed) {
		d, came := m.Came(i)
		switch {
		case !came:
			missing = append(missing, i)
			continue
		case d > s.Time:
			late = append(late, i)
		}
		if m.Asked(i) > 0 && !(s.Slow && d >= savedWait) {
			asked = append(asked, i)
		}
		took = append(took, d)
	}
	if len(missing) > 0 && now.Before(p.started.Add(startWithin)) {
		p.next = now.Add(pollEvery)
		return Result{}, false
	}
	if len(missing)+len(took) == 0 {
		return failure("none of them is running")
	}
	slices.Sort(took)
	figures := fmt.Sprintf("first peer p50 %v max %v after the start, %d of %d asked a seed",
		quantile(took, 50).Round(time.Millisecond), quantile(took, 100).Round(time.Millisecond), len(asked), len(took))
	if len(missing)+len(late)+len(asked) > 0 {
		return failure("%s; without a peer: %s; late: %s; asked a seed: %s", figures, nodeNames(missing), nodeNames(late), nodeNames(asked))
	}
	return success(figures)
}
