package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/scenario"
)

// Options of a run.
type Options struct {
	Script *scenario.Script
	Seed   uint64
	// Latency and Jitter are one way; default 50 ms ± 30 ms.
	Latency, Jitter time.Duration
	Loss            float64 // share of packets lost, 0 to 1
	Churn           float64 // share of the nodes that come and go, 0 to 1
	// Version holds every router to an older version of the protocol, "1.0" for
	// instance; empty for none.
	Version string
	// gossip changes the configuration of every router of an experiment, in tests.
	gossip func(*node.Config)
	// Checks is how often all nodes are checked against the rules; default every
	// virtual second, every ten for more than 500 nodes, negative for never.
	Checks time.Duration
	// Progress, when set, is told the virtual time now and then.
	Progress func(virtual time.Duration, events uint64, step string)
	// Stop, when set, is asked now and then whether to give up.
	Stop func() bool
}

func (o Options) weather() weather {
	sky := weather{o.Latency, o.Jitter, o.Loss}
	if sky.latency == 0 {
		sky.latency = 50 * time.Millisecond
		if sky.jitter == 0 {
			sky.jitter = 30 * time.Millisecond
		}
	}
	sky.jitter = min(sky.jitter, sky.latency)
	return sky
}

// Report says how a run went.
type Report struct {
	Script  string        `json:"script"`
	Nodes   int           `json:"nodes"`
	Seed    uint64        `json:"seed"`
	OK      bool          `json:"ok"`
	Hash    string        `json:"hash"`
	Events  uint64        `json:"events"`
	Virtual time.Duration `json:"virtual_ns"`
	Steps   []Step        `json:"steps"`
	// Lines were said and expected; Deliveries are arrivals at other nodes.
	Lines      int `json:"lines"`
	Deliveries int `json:"deliveries"`
	// Router is what the routers were: "default", or the version they were held to.
	Router string `json:"router,omitempty"`
	// Gossip are the figures of a script that lays out its network.
	Gossip *Figures `json:"gossip,omitempty"`
	// Against is how the same play went with what the script compares with.
	Against *Report `json:"against,omitempty"`
}

// Step is one step of the play.
type Step struct {
	Line    int           `json:"line"`
	Text    string        `json:"text"`
	OK      bool          `json:"ok"`
	Took    time.Duration `json:"took_ns"`
	Detail  string        `json:"detail,omitempty"`
	Samples int           `json:"samples,omitempty"`
	P50     time.Duration `json:"p50_ns,omitempty"`
	P95     time.Duration `json:"p95_ns,omitempty"`
	Max     time.Duration `json:"max_ns,omitempty"`
}

// Can is what a simulated world can do.
const Can = scenario.CanEverything

// Run plays a script in a world of its own. The error is about the options, a
// rule that was broken or a world that could not go on; a step that failed shows
// in the report.
//
// A script that compares with another version is played twice, and the report's
// Against is the second play; what failed there is no failure of the first.
func Run(opt Options) (Report, error) {
	if err := opt.validate(); err != nil {
		return Report{}, err
	}
	r, err := run(opt)
	if v := opt.Script.Against(); v != "" && err == nil && opt.Version == "" {
		opt.Version = v
		var with Report
		with, err = run(opt)
		r.Against = &with
	}
	return r, err
}

func run(opt Options) (Report, error) {
	w := newWorld(opt)
	if opt.Script.Needs()&scenario.CanContent != 0 {
		w.stock()
	}
	for i := range opt.Script.Nodes() + w.lab.hostile {
		w.hosts = append(w.hosts, w.newHost(i, i < opt.Script.Seeds()))
	}
	play := scenario.NewPlay(opt.Script, stage{w}, rand.New(rand.NewPCG(w.rng.Uint64(), w.rng.Uint64())))
	err := w.play(play)
	return w.report(play), err
}

func (o Options) validate() error {
	for _, share := range []struct {
		name string
		v    float64
	}{{"loss", o.Loss}, {"churn", o.Churn}} {
		if !(share.v >= 0 && share.v < 1) {
			return fmt.Errorf("sim: %s %v: want 0 to below 1", share.name, share.v)
		}
	}
	if o.Latency < 0 || o.Jitter < 0 || o.Latency > time.Minute {
		return fmt.Errorf("sim: latency %v ± %v: want 0 to 1m", o.Latency, o.Jitter)
	}
	for _, v := range []string{o.Version, o.Script.Against()} {
		if _, err := (gossipsub.Config{Version: v}).Protocol(); err != nil {
			return fmt.Errorf("sim: %w", err)
		}
	}
	return o.Script.Check("sim", Can)
}

// visitEvery is how often the play is looked at at least.
const visitEvery = 100 * time.Millisecond

func (w *world) play(p *scenario.Play) error {
	w.flap = newChurn(w, w.opt.Churn, nil)
	checks := w.opt.Checks
	if checks == 0 {
		checks = time.Second
		if len(w.hosts) > 500 {
			checks = 10 * time.Second
		}
	}
	checkAt := checks
	for visitAt := int64(0); ; {
		if w.now >= visitAt {
			now := w.time()
			if p.Advance(now) {
				return w.err
			}
			step, _, _ := p.Current()
			w.flap.advance(now, step.Verb)
			if checks > 0 && time.Duration(w.now) >= checkAt {
				checkAt += checks
				if err := w.check(); err != nil {
					return err
				}
			}
			if w.opt.Stop != nil && w.opt.Stop() {
				return fmt.Errorf("sim: stopped at %s", time.Duration(w.now))
			}
			if w.opt.Progress != nil {
				w.opt.Progress(time.Duration(w.now), w.events, string(step.Verb))
			}
			visitAt = w.now + int64(visitEvery)
			if at := p.Deadline(); !at.IsZero() {
				visitAt = max(w.now+1, min(visitAt, w.at(at)))
			}
			w.queue.push(visitAt, event{kind: visit})
		}
		if w.err != nil {
			return w.err
		}
		w.step()
	}
}

func (w *world) report(p *scenario.Play) Report {
	r := Report{Script: w.opt.Script.Name, Nodes: w.opt.Script.Nodes(), Seed: w.opt.Seed, OK: !p.Failed() && w.err == nil, Events: w.events, Virtual: time.Duration(w.now)}
	for _, s := range p.Report() {
		r.Steps = append(r.Steps, Step{Line: s.Line, Text: s.Text, OK: s.OK, Took: s.Took, Detail: s.Detail, Samples: s.Samples, P50: s.P50, P95: s.P95, Max: s.Max})
		r.Deliveries += s.Samples
	}
	if r.Gossip = w.figures(); r.Gossip != nil {
		r.Router = cmp.Or(w.opt.Version, "default")
	}
	r.Hash = w.hash.String()
	return r
}
