package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Lab is implemented by a stage that is an experiment: its network can be laid out
// and attacked, and hosts have uplinks of limited speed. The verbs hostile, flash,
// uplink, churn and against, and what a range of latencies or the size of a line
// says, need one.
type Lab interface {
	// Paths draws the one-way latency of every link between low and high; jitter is
	// a share of it, either way.
	Paths(now time.Time, low, high time.Duration, jitter float64)
	// Uplink bounds what each host sends, in bits per second; zero is no bound.
	Uplink(now time.Time, bits int64)
	// Attack brings hostile hosts up.
	Attack(now time.Time, a Attack)
	// Flash has every hostile host stop passing messages on.
	Flash(now time.Time)
	// Churn lets a share of the nodes come and go from now on, but for the spared.
	Churn(now time.Time, share float64, spared []int)
	// PublishSized is Publish of a message of that many bytes, which shows as text.
	PublishSized(now time.Time, i int, topic, text string, bytes int)
}

// Attack is a group of hostile hosts.
type Attack struct {
	First, N int     // numbered from First among all hostile hosts of the script
	Links    int     // of each
	Dialled  float64 // share of the links that the nodes dial
	At       []int   // the nodes it has them with; nil for any
	Topic    string
	Conduct
}

// Conduct is what hostile hosts do. All of them subscribe the topic, have themselves
// grafted and come back when a backoff is over.
type Conduct struct {
	Forward bool // pass messages on, until the flash
	Censor  int  // with Forward: not those of this node, counted from 1; 0 for none
	Storm   bool // GRAFT every second, backoff or not
	Lie     bool // advertise messages and never send them
}

// conducts are the words after do.
func (c Conduct) String() string {
	words := []string{"drop"}
	if c.Forward {
		words[0] = "forward"
	}
	if c.Censor > 0 {
		words[0] = "censor:" + NodeName(c.Censor-1)
	}
	if c.Storm {
		words = append(words, "storm")
	}
	if c.Lie {
		words = append(words, "lie")
	}
	return strings.Join(words, ",")
}

func parseConduct(word string) (c Conduct, err error) {
	for _, w := range strings.Split(word, ",") {
		who, censor := strings.CutPrefix(w, "censor:")
		switch {
		case censor:
			c.Forward = true
			if c.Censor, err = parseNode(who); err != nil {
				return c, err
			}
		case w == "drop":
		case w == "forward":
			c.Forward = true
		case w == "storm":
			c.Storm = true
		case w == "lie":
			c.Lie = true
		default:
			return c, fmt.Errorf("%.60q: hostile hosts drop, forward, censor:NODE, storm or lie", w)
		}
	}
	return c, nil
}

// parseHostile reads N links K [dialled P] [at NODES] in TOPIC do CONDUCT.
func parseHostile(s *Step, ts []token) (err error) {
	ts, conduct, ok := cutTail(ts, "do")
	ts, topic, ok2 := cutTail(ts, "in")
	if !ok || !ok2 {
		return errShape
	}
	if s.Conduct, err = parseConduct(conduct); err != nil {
		return err
	}
	s.Place.Topic = true
	if s.Place.Name, err = parseName(topic); err != nil {
		return err
	}
	if rest, at, ok := cutTail(ts, "at"); ok {
		if s.Nodes, err = parseWho(at); err != nil {
			return err
		}
		ts = rest
	}
	if rest, share, ok := cutTail(ts, "dialled"); ok {
		if s.Share, err = parseShare(share); err != nil {
			return err
		}
		ts = rest
	}
	ts, links, ok := cutTail(ts, "links")
	if !ok || len(ts) != 1 {
		return errShape
	}
	if s.Links, err = parseCount(links, 1, linksMax); err != nil {
		return err
	}
	s.N, err = parseCount(ts[0].s, 0, nodesMax)
	return err
}

// parseChurn reads SHARE [except NODES].
func parseChurn(s *Step, ts []token) (err error) {
	if rest, spared, ok := cutTail(ts, "except"); ok {
		if s.Other, err = parseWho(spared); err != nil {
			return err
		}
		ts = rest
	}
	if len(ts) != 1 {
		return errShape
	}
	if s.Share, err = parseShare(ts[0].s); err == nil && s.Share >= 1 {
		err = errors.New("churn of all nodes: want less")
	}
	return err
}

// parsePaths reads D..D±P, the range of latencies of links and their jitter.
func parsePaths(s *Step, low, rest string) (err error) {
	high, share, jitter := strings.Cut(rest, "±")
	if !jitter {
		high, share, jitter = strings.Cut(rest, "+-")
	}
	if s.Time, err = parseDuration(low); err != nil {
		return err
	}
	if s.Top, err = parseDuration(high); err != nil {
		return err
	}
	if s.Top < s.Time {
		return fmt.Errorf("latency from %v to %v", s.Time, s.Top)
	}
	if jitter {
		s.Share, err = parseShare(share)
	}
	return err
}

// Units of sizes and rates.
var (
	byteUnits = []unit{{"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
	bitUnits  = []unit{{"Gbit", 1e9}, {"Mbit", 1e6}, {"kbit", 1e3}}
)

type unit struct {
	name string
	n    int64
}

func parseUnits(word string, units []unit, most int64) (int64, error) {
	for _, u := range units {
		if digits, ok := strings.CutSuffix(word, u.name); ok {
			n, err := strconv.ParseInt(digits, 10, 64)
			if err != nil || n < 1 || n > most/u.n {
				break
			}
			return n * u.n, nil
		}
	}
	return 0, fmt.Errorf("%.60q: want a number and a unit, such as %s", word, example(units))
}

func example(units []unit) string { return "50" + units[1].name }

// inUnits is the shortest way to write n that parseUnits reads.
func inUnits(n int64, units []unit) string {
	for _, u := range units {
		if n%u.n == 0 {
			return strconv.FormatInt(n/u.n, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// runLab carries out a step that needs a lab.
func (p *Play) runLab(now time.Time, s *Step) (Result, bool) {
	lab, ok := p.st.(Lab)
	if !ok {
		return failure("not possible here")
	}
	switch s.Verb {
	case Latency:
		lab.Paths(now, s.Time, s.Top, s.Share)
	case Uplink:
		lab.Uplink(now, s.Bits)
	case Flash:
		lab.Flash(now)
	case Churn:
		lab.Churn(now, s.Share, s.Other.pick(p.st, p.stayed))
	case Hostile:
		a := Attack{First: p.hostile, N: s.N, Links: s.Links, Dialled: s.Share, Topic: s.Place.Name, Conduct: s.Conduct}
		if !s.Nodes.empty() {
			a.At = s.Nodes.pick(p.st, p.stayed)
		}
		p.hostile += s.N
		lab.Attack(now, a)
	}
	return success("")
}

// Links is how many links each node is given, and zero when the nodes look for
// peers themselves.
func (s *Script) Links() int { return s.Steps[0].Links }

// Hostile is how many hostile hosts the script has in all.
func (s *Script) Hostile() int {
	n := 0
	for _, st := range s.Steps {
		if st.Verb == Hostile {
			n += st.N
		}
	}
	return n
}

// ResizeHostile makes the groups of hostile hosts as many as n together, in their
// proportions. It fails when the script has none.
func (s *Script) ResizeHostile(n int) error {
	all := s.Hostile()
	if all == 0 {
		return fmt.Errorf("%s: no hostile hosts in this script", s.Name)
	}
	if n < 0 || n > nodesMax {
		return fmt.Errorf("%s: %d hostile hosts, want 0 to %d", s.Name, n, nodesMax)
	}
	before, given := 0, 0
	for i := range s.Steps {
		if st := &s.Steps[i]; st.Verb == Hostile {
			before += st.N
			st.N = before*n/all - given
			given += st.N
		}
	}
	return nil
}

// Against is the version of the protocol that the same play is compared with; empty
// for none.
func (s *Script) Against() string {
	for _, st := range s.Steps {
		if st.Verb == Against {
			return st.Name
		}
	}
	return ""
}
