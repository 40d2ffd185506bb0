package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Verb is what a step does.
type Verb string

// The verbs.
const (
	Start     Verb = "nodes"
	Wait      Verb = "wait"
	Join      Verb = "join"
	Say       Verb = "say"
	Load      Verb = "load"
	Expect    Verb = "expect"   // a line
	Refilled  Verb = "refilled" // expect NODES refilled
	Filled    Verb = "filled"   // expect NODES filled
	Rejoined  Verb = "rejoined" // expect NODES rejoined
	Sub       Verb = "sub"
	Pub       Verb = "pub"
	Kill      Verb = "kill"
	Restart   Verb = "restart"
	Partition Verb = "partition"
	Heal      Verb = "heal"
	Latency   Verb = "latency"
	Loss      Verb = "loss"
	Sleep     Verb = "sleep"
	Hostile   Verb = "hostile"
	Flash     Verb = "flash"
	Uplink    Verb = "uplink"
	Churn     Verb = "churn"
	Against   Verb = "against"
	Put       Verb = "put"
	Get       Verb = "get"
)

// Step is one line of a script. Fields that a verb has no use for are zero.
type Step struct {
	Line  int // in the file, from 1
	Verb  Verb
	Nodes Who
	Other Who   // partition: the other side; kill random and churn: those spared
	Place Place // room or topic
	// Body is the text of a line; with Everything it is empty.
	Body       string
	Name       string // as NAME
	Everything bool
	N          int  // nodes, peers, lines, or how many to kill at random
	Seeds      int  // nodes
	Random     bool // kill random
	Percent    int  // kill random: of those running, instead of N; filled: of the slots; get: of the files
	Median     bool // filled: at half of the nodes
	// Time is the bound of a wait or expectation, the span of nodes and load, the
	// latency, or the sleep.
	Time   time.Duration
	Jitter time.Duration
	Loss   float64 // 0 to 1

	Links   int           // nodes and hostile: of each
	Top     time.Duration // latency: the longest of a range, which Time begins
	Share   float64       // latency: jitter of a range; churn; hostile: of links that nodes dial
	Latest  time.Duration // expect: from saying to arrival; zero for any
	Bytes   int           // load: of one line; put: of one file
	Over    time.Duration // put: the span of several files
	Bits    int64         // uplink, per second
	Conduct Conduct       // hostile
	Slow    bool          // rejoined: on a slow machine, where nodes may have been alone too long
}

// Place is where lines are said: a chat room or a topic.
type Place struct {
	Topic bool
	Name  string
}

func (p Place) String() string {
	if p.Topic {
		return "topic:" + p.Name
	}
	return p.Name
}

// Script is a parsed script. Its first step is Start.
type Script struct {
	Name  string
	Steps []Step
}

// Nodes is how many nodes the script starts.
func (s *Script) Nodes() int { return s.Steps[0].N }

// Seeds is how many of them, the first ones, are seeds.
func (s *Script) Seeds() int { return s.Steps[0].Seeds }

// Error is a mistake in a script.
type Error struct {
	File string
	Line int
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// Resize makes the script start another number of nodes. It fails, and changes
// nothing, when a step names a node that would not exist.
func (s *Script) Resize(nodes int) error {
	if nodes < 1 || nodes > nodesMax {
		return fmt.Errorf("%s: %d nodes, want 1 to %d", s.Name, nodes, nodesMax)
	}
	for _, st := range s.Steps {
		if top := max(st.Nodes.highest(), st.Other.highest()); top > nodes {
			return &Error{s.Name, st.Line, fmt.Sprintf("node%d does not exist with %d nodes", top, nodes)}
		}
	}
	seeds := min(s.Steps[0].Seeds, nodes)
	if err := s.enough(nodes, seeds); err != nil {
		return err
	}
	s.Steps[0].N, s.Steps[0].Seeds = nodes, seeds
	return nil
}

// enough tells whether the nodes suffice for all that are to be killed at random.
func (s *Script) enough(nodes, seeds int) error {
	killed := 0
	for _, st := range s.Steps {
		switch {
		case st.Verb == Restart:
			killed = 0
		case st.Verb == Kill && st.Random && st.Percent == 0:
			killed += st.N
			if least := killed + st.Other.count(nodes, seeds); least > nodes {
				return &Error{s.Name, st.Line, fmt.Sprintf("%v needs at least %d nodes, not %d", st, least, nodes)}
			}
		}
	}
	return nil
}

// Patient raises every bound of a wait or expectation to at least d, for a machine
// whose speed is not what is looked at. Nodes that it kept alone for long may have asked
// a seed.
func (s *Script) Patient(d time.Duration) {
	for i := range s.Steps {
		switch st := &s.Steps[i]; st.Verb {
		case Wait, Expect, Refilled, Filled, Rejoined, Put, Get:
			st.Time = max(st.Time, d)
			st.Slow = st.Verb == Rejoined
		}
	}
}

// Caps is a set of things a world can do beyond starting nodes and talking.
type Caps uint8

// What a world may be able to do.
const (
	CanKill       Caps = 1 << iota // kill and restart
	CanPartition                   // partition and heal
	CanWeather                     // latency and loss
	CanPubSub                      // pub and sub
	CanLab                         // what a Lab can do
	CanSlots                       // filled and rejoined: what a Manager knows
	CanContent                     // put and get: what a Library has
	CanEverything Caps = 1<<iota - 1
)

// needs is what a step asks of a world.
func (s *Step) needs() (need Caps) {
	switch s.Verb {
	case Kill, Restart:
		need = CanKill
	case Partition, Heal:
		need = CanPartition
	case Latency, Loss:
		need = CanWeather
	case Sub, Pub:
		need = CanPubSub
	case Filled, Rejoined:
		need = CanSlots
	case Load:
		if s.Place.Topic {
			need = CanPubSub
		}
	case Hostile, Flash, Uplink, Churn, Against:
		need = CanLab
	case Put, Get:
		return CanContent
	}
	if s.Links > 0 || s.Top > 0 || s.Bytes > 0 {
		need |= CanLab
	}
	return need
}

// Needs is what the script asks of a world.
func (s *Script) Needs() (all Caps) {
	for i := range s.Steps {
		all |= s.Steps[i].needs()
	}
	return all
}

// Check names the steps that a world of these abilities cannot do; nil when it can
// do them all. world is its name, for the message.
func (s *Script) Check(world string, can Caps) error {
	var errs []error
	for _, st := range s.Steps {
		if need := st.needs(); need&^can != 0 && len(errs) < errorsMax {
			errs = append(errs, &Error{s.Name, st.Line, fmt.Sprintf("%s is not possible here (%s)", st.Verb, world)})
		}
	}
	return errors.Join(errs...)
}

// String is the script in canonical form, which Parse reads back as the same steps.
func (s *Script) String() string {
	var b strings.Builder
	line := 1
	for _, st := range s.Steps {
		for ; line < st.Line; line++ {
			b.WriteByte('\n')
		}
		b.WriteString(st.String())
		b.WriteByte('\n')
		line++
	}
	return b.String()
}

// String is the step in canonical form.
func (s Step) String() string {
	out := string(s.Verb)
	add := func(format string, args ...any) { out += " " + fmt.Sprintf(format, args...) }
	switch s.Verb {
	case Start:
		if s.Links > 0 {
			add("%d links %d", s.N, s.Links)
		} else {
			add("%d seeds %d", s.N, s.Seeds)
		}
		if s.Time > 0 {
			add("over %v", s.Time)
		}
	case Wait:
		add("%v peers>=%d within %v", s.Nodes, s.N, s.Time)
	case Join, Sub:
		add("%v %s", s.Nodes, s.Place.Name)
	case Say, Pub:
		add("%v %s %s", s.Nodes, s.Place.Name, strconv.Quote(s.Body))
		if s.Name != "" {
			add("as %s", s.Name)
		}
	case Load:
		add("%v %v lines %d over %v", s.Nodes, s.Place, s.N, s.Time)
		if s.Bytes > 0 {
			add("of %s", inUnits(int64(s.Bytes), byteUnits))
		}
	case Expect:
		what := strconv.Quote(s.Body)
		if s.Everything {
			what = everything
		}
		add("%v %v %s", s.Nodes, s.Place, what)
		if s.Latest > 0 {
			add("latest %v", s.Latest)
		}
		add("within %v", s.Time)
	case Refilled:
		out = fmt.Sprintf("expect %v refilled within %v", s.Nodes, s.Time)
	case Filled:
		out = fmt.Sprintf("expect %v filled %d%%", s.Nodes, s.Percent)
		if s.Median {
			add("median")
		}
		add("within %v", s.Time)
	case Rejoined:
		out = fmt.Sprintf("expect %v rejoined within %v", s.Nodes, s.Time)
	case Kill:
		if s.Random {
			if s.Percent > 0 {
				add("random %d%%", s.Percent)
			} else {
				add("random %d", s.N)
			}
			if !s.Other.empty() {
				add("except %v", s.Other)
			}
			break
		}
		add("%v", s.Nodes)
	case Restart:
		add("%v", s.Nodes)
	case Partition:
		add("%v %v", s.Nodes, s.Other)
	case Latency:
		if s.Top > 0 {
			add("%v..%v±%v", s.Time, s.Top, s.Share)
			break
		}
		add("%v±%v", s.Time, s.Jitter)
	case Loss:
		add("%v", s.Loss)
	case Sleep:
		add("%v", s.Time)
	case Hostile:
		add("%d links %d", s.N, s.Links)
		if s.Share > 0 {
			add("dialled %v", s.Share)
		}
		if !s.Nodes.empty() {
			add("at %v", s.Nodes)
		}
		add("in %s do %v", s.Place.Name, s.Conduct)
	case Uplink:
		add("%s", inUnits(s.Bits, bitUnits))
	case Churn:
		add("%v", s.Share)
		if !s.Other.empty() {
			add("except %v", s.Other)
		}
	case Against:
		add("%s", s.Name)
	case Put:
		return s.putText()
	case Get:
		return s.getText()
	}
	return out
}
