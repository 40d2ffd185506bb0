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
	Sub       Verb = "sub"
	Pub       Verb = "pub"
	Kill      Verb = "kill"
	Restart   Verb = "restart"
	Partition Verb = "partition"
	Heal      Verb = "heal"
	Latency   Verb = "latency"
	Loss      Verb = "loss"
	Sleep     Verb = "sleep"
)

// Step is one line of a script. Fields that a verb has no use for are zero.
type Step struct {
	Line  int // in the file, from 1
	Verb  Verb
	Nodes Who
	Other Who   // partition: the other side; kill random: those spared
	Place Place // room or topic
	// Body is the text of a line; with Everything it is empty.
	Body       string
	Name       string // as NAME
	Everything bool
	N          int  // nodes, peers, lines, or how many to kill at random
	Seeds      int  // nodes
	Random     bool // kill random
	// Time is the bound of a wait or expectation, the span of nodes and load, the
	// latency, or the sleep.
	Time   time.Duration
	Jitter time.Duration
	Loss   float64 // 0 to 1
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
	s.Steps[0].N = nodes
	s.Steps[0].Seeds = min(s.Steps[0].Seeds, nodes)
	return nil
}

// Patient raises every bound of a wait or expectation to at least d, for a machine
// whose speed is not what is looked at.
func (s *Script) Patient(d time.Duration) {
	for i := range s.Steps {
		switch st := &s.Steps[i]; st.Verb {
		case Wait, Expect, Refilled:
			st.Time = max(st.Time, d)
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
	CanEverything Caps = 1<<iota - 1
)

// needs is what each verb asks of a world.
func (v Verb) needs() Caps {
	switch v {
	case Kill, Restart:
		return CanKill
	case Partition, Heal:
		return CanPartition
	case Latency, Loss:
		return CanWeather
	case Sub, Pub:
		return CanPubSub
	}
	return 0
}

// Check names the steps that a world of these abilities cannot do; nil when it can
// do them all. world is its name, for the message.
func (s *Script) Check(world string, can Caps) error {
	var errs []error
	for _, st := range s.Steps {
		if need := st.Verb.needs(); need&^can != 0 && len(errs) < errorsMax {
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
		add("%d seeds %d", s.N, s.Seeds)
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
		add("%v %s lines %d over %v", s.Nodes, s.Place.Name, s.N, s.Time)
	case Expect:
		what := strconv.Quote(s.Body)
		if s.Everything {
			what = everything
		}
		add("%v %v %s within %v", s.Nodes, s.Place, what, s.Time)
	case Refilled:
		out = fmt.Sprintf("expect %v refilled within %v", s.Nodes, s.Time)
	case Kill:
		if s.Random {
			add("random %d", s.N)
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
		add("%v±%v", s.Time, s.Jitter)
	case Loss:
		add("%v", s.Loss)
	case Sleep:
		add("%v", s.Time)
	}
	return out
}
