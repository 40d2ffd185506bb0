package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/scenario"
	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/trace"
)

// Field are the options that the experiments on sessions share. Zero takes what each
// experiment says.
type Field struct {
	Nodes int // seeds aside
	Seed  uint64
	// Progress, when set, is told the virtual time now and then.
	Progress func(virtual time.Duration, events uint64, what string)
	// Stop, when set, is asked now and then whether to give up.
	Stop func() bool
}

// Result is what an experiment on sessions found.
type Result struct {
	Name    string        `json:"name"`
	Nodes   int           `json:"nodes"`
	Seed    uint64        `json:"seed"`
	Hash    string        `json:"hash"`
	Events  uint64        `json:"events"`
	Virtual time.Duration `json:"virtual_ns"`
	Found   []Finding     `json:"found"`
}

// Finding is one figure and the bar it is held against, if there is one.
type Finding struct {
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Bar   string  `json:"bar,omitempty"`
	OK    bool    `json:"ok"`
}

// OK tells whether every bar is reached.
func (r Result) OK() bool {
	for _, f := range r.Found {
		if !f.OK {
			return false
		}
	}
	return true
}

// note adds a figure without a bar.
func (r *Result) note(what string, value float64, unit string) {
	r.Found = append(r.Found, Finding{What: what, Value: value, Unit: unit, OK: true})
}

// most adds a figure that must not exceed the bar, least one that must reach it.
func (r *Result) most(what string, value float64, unit string, bar float64) {
	r.Found = append(r.Found, Finding{what, value, unit, fmt.Sprintf("≤ %g %s", bar, unit), value <= bar})
}

func (r *Result) least(what string, value float64, unit string, bar float64) {
	r.Found = append(r.Found, Finding{what, value, unit, fmt.Sprintf("≥ %g %s", bar, unit), value >= bar})
}

// field is a network of whole nodes without a script: an experiment starts and ends
// them and looks at their slots. Its chance is apart from the world's.
type field struct {
	*world
	opt  Field
	rng  *rand.Rand
	what string // the phase, for whoever watches
	// contacts are dials to seeds by node, in the order of time.
	contacts [][]contact
	seeds    map[id.ID]int32
	slots    int // of each node, outbound
	// dials and fails count those of outbound slots since the experiment last looked.
	dials, fails int
}

// contact is a dial to a seed.
type contact struct {
	at   int64
	seed int32
}

// slotsDefault and inboundDefault are those of the product's default profile.
const (
	slotsDefault   = 8
	inboundDefault = 96
)

func newField(opt Field, seeds int) (*field, error) {
	script, err := scenario.Parse("field", fmt.Appendf(nil, "nodes %d seeds %d\n", opt.Nodes+seeds, seeds))
	if err != nil {
		return nil, fmt.Errorf("sim: %d nodes and %d seeds: %w", opt.Nodes, seeds, err)
	}
	f := &field{opt: opt, rng: rand.New(rand.NewPCG(opt.Seed, 0x6669656c64)), slots: slotsDefault, seeds: map[id.ID]int32{}}
	f.world = newWorld(Options{Script: script, Seed: opt.Seed})
	f.world.heard = f.hear
	f.world.configure = func(h *host, c *node.Config) {
		if c.Session.Outbound = f.slots; h.seed {
			c.Session.Outbound = -1
		}
	}
	for i := range opt.Nodes + seeds {
		f.add(i < seeds)
	}
	return f, nil
}

// add makes one more host, which does not run yet.
func (f *field) add(seed bool) *host {
	h := f.newHost(len(f.hosts), seed)
	f.hosts = append(f.hosts, h)
	f.contacts = append(f.contacts, nil)
	if seed {
		f.seeds[h.key.ID()] = int32(h.i)
	}
	return h
}

// hear notes what an experiment wants to know of the nodes' events.
func (f *field) hear(h *host, e trace.Event) {
	if e.Strand != string(session.Owner) {
		return
	}
	switch {
	case e.Kind == "slot_connecting" && e.Topic == string(session.Seed):
		f.contacts[h.i] = append(f.contacts[h.i], contact{f.now, f.seeds[e.Peer]})
	case e.Kind == "slot_connecting" && e.Topic == string(session.Outbound):
		f.dials++
	case e.Kind == "slot_failed" && e.Topic == string(session.Outbound):
		f.fails++
	}
}

// An experiment does something to its nodes every tick, and looks at them every
// lookTicks of them, so that what is seen is not always as long after what was done.
const (
	tick      = int64(100 * time.Millisecond)
	lookTicks = 10
)

// run lets the network run until a moment; each is called every tick and ends the run
// early by saying so.
func (f *field) run(until time.Duration, each func() (enough bool)) error {
	for {
		at := (f.now/tick + 1) * tick
		f.queue.push(at, event{kind: visit})
		for f.now < at {
			f.step()
			if f.err != nil {
				return f.err
			}
		}
		if f.opt.Stop != nil && f.opt.Stop() {
			return fmt.Errorf("sim: stopped at %s", time.Duration(f.now))
		}
		if f.opt.Progress != nil {
			f.opt.Progress(time.Duration(f.now), f.events, f.what)
		}
		if each != nil && each() || f.now >= int64(until) {
			return nil
		}
	}
}

// looks tells whether this tick is one for figures.
func (f *field) looks() bool { return f.now%(lookTicks*tick) == 0 }

// start launches hosts evenly over a span from now on, seeds first.
func (f *field) start(hosts []*host, over time.Duration) error {
	if over <= 0 {
		for _, h := range hosts {
			h.launch()
		}
		return f.err
	}
	began, n := f.now, 0
	for n < len(hosts) {
		due := int64(len(hosts)) * (f.now - began + tick) / int64(over)
		for ; n < len(hosts) && int64(n) < due; n++ {
			hosts[n].launch()
		}
		if err := f.run(0, nil); err != nil {
			return err
		}
	}
	return nil
}

// filled is how many outbound slots of a node hold a link.
func (h *host) filled() (n int) {
	if !h.alive {
		return 0
	}
	for _, s := range h.node.Slots() {
		if s.Role == session.Outbound && s.State == session.Connected {
			n++
		}
	}
	return n
}

// full tells whether a node holds nine tenths of the slots it can fill.
func (f *field) full(h *host, possible int) bool {
	return 10*h.filled() >= 9*min(f.slots, possible)
}

// living are the nodes that run, seeds aside.
func (f *field) living() (out []*host) {
	for _, h := range f.hosts {
		if h.alive && !h.seed {
			out = append(out, h)
		}
	}
	return out
}

// result is the frame of what an experiment says.
func (f *field) result(name string) Result {
	return Result{Name: name, Nodes: f.opt.Nodes, Seed: f.opt.Seed, Hash: f.hash.String(), Events: f.events, Virtual: time.Duration(f.now)}
}
