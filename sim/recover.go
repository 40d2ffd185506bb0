package sim

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// The experiments on starts and losses.
const (
	coldOver   = time.Second
	coldLimit  = time.Minute
	halfLimit  = 30 * time.Second
	resetFor   = 30 * time.Second // nothing gets through after all links are reset
	silenceFor = 5 * time.Minute  // nothing gets through, and nobody says so
	healLimit  = 3 * time.Minute
	// spell is how long after a moment dials are looked at.
	spell = 10 * time.Second
	// The bars: of the median node, in seconds; and how many dials of a node may fall into
	// one tenth of a second, on average over all nodes. A node has eight slots,
	// of which it fills two at once, with two dials each, when their links end; that is the
	// bar, and eight or more would be all in step.
	coldMost   = 10.0
	ninetyMost = 3.0
	wholeMost  = 10.0
	healMost   = 30.0
	phaseMost  = 4.0
)

// stand is since when each node has as many links as it can.
type stand struct {
	f      *field
	began  int64
	nodes  []*host
	ninety []int64 // the last look at which it had not; began when it always had
	whole  []int64
}

func (f *field) stand(nodes []*host) *stand {
	s := &stand{f: f, began: f.now, nodes: nodes, ninety: make([]int64, len(nodes)), whole: make([]int64, len(nodes))}
	for i := range nodes {
		s.ninety[i], s.whole[i] = f.now, f.now
	}
	return s
}

// look notes who has not; possible is how many others there are.
func (s *stand) look(possible int) {
	for i, h := range s.nodes {
		n, most := h.filled(), min(s.f.slots, possible)
		if 10*n < 9*most {
			s.ninety[i] = s.f.now
		}
		if n < most {
			s.whole[i] = s.f.now
		}
	}
}

// after is how long it took the node of a rank, in seconds.
func (s *stand) after(last []int64, rank float64) float64 {
	all := slices.Sorted(slices.Values(last))
	at := all[int(rank*float64(len(all)-1))]
	if at >= s.f.now {
		return Never
	}
	return time.Duration(at - s.began).Seconds()
}

// Cold starts a network at once, of nodes that know the seeds alone.
func Cold(opt Field) (Result, error) {
	if opt.Nodes == 0 {
		opt.Nodes = 1000
	}
	f, err := newField(opt, outageSeeds)
	if err != nil {
		return Result{}, err
	}
	f.what = "starting"
	for _, s := range f.hosts[:outageSeeds] {
		s.launch()
	}
	nodes := f.hosts[outageSeeds:]
	if err := f.start(nodes, coldOver); err != nil {
		return Result{}, err
	}
	s := f.stand(nodes)
	s.began -= int64(coldOver) / 2 // on average
	err = f.run(time.Duration(f.now)+coldLimit, func() bool { s.look(opt.Nodes - 1); return false })
	if err != nil {
		return Result{}, err
	}
	r := f.result("cold")
	r.most("until nine tenths of the slots, median node", s.after(s.ninety, 0.5), "s", coldMost)
	r.note("the same, all but the slowest hundredth", s.after(s.ninety, 0.99), "s")
	r.note("the same, slowest node", s.after(s.ninety, 1), "s")
	r.note("until all slots, median node", s.after(s.whole, 0.5), "s")
	return r, f.check()
}

// Half kills half of the nodes in one moment.
func Half(opt Field) (Result, error) {
	if opt.Nodes == 0 {
		opt.Nodes = 60
	}
	f, err := grown(opt)
	if err != nil {
		return Result{}, err
	}
	nodes := slices.Clone(f.hosts[outageSeeds:])
	f.rng.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	dead, alive := nodes[:len(nodes)/2], nodes[len(nodes)/2:]
	s := f.stand(alive)
	f.what = "half of it killed"
	for _, h := range dead {
		h.kill()
	}
	err = f.run(time.Duration(f.now)+halfLimit, func() bool { s.look(len(alive) - 1); return false })
	if err != nil {
		return Result{}, err
	}
	r := f.result("half")
	r.most("until nine tenths of what is possible, median survivor", s.after(s.ninety, 0.5), "s", ninetyMost)
	r.most("until all of it, median survivor", s.after(s.whole, 0.5), "s", wholeMost)
	r.note("the same, slowest survivor", s.after(s.whole, 1), "s")
	return r, f.check()
}

// grown is a network that has lived for a while.
func grown(opt Field) (*field, error) {
	f, err := newField(opt, outageSeeds)
	if err != nil {
		return nil, err
	}
	f.what = "coming up"
	if err := f.start(f.hosts, outageRise); err != nil {
		return nil, err
	}
	return f, f.run(outageCalm, nil)
}

// Outage cuts everybody off from everybody, twice: first with a reset of every link in
// one moment, as when a router fails that all depend on, then in silence. It tells how
// soon the nodes are back, and whether they dial in one moment.
func Outage(opt Field) (Result, error) {
	if opt.Nodes == 0 {
		opt.Nodes = 200
	}
	f, err := grown(opt)
	if err != nil {
		return Result{}, err
	}
	nodes := f.hosts[outageSeeds:]
	f.what = "all links reset"
	f.cutAll()
	f.resetAll()
	lost, err := f.phase(time.Duration(f.now)+resetFor, nil)
	if err != nil {
		return Result{}, err
	}
	f.what = "after the reset"
	reset, healed, err := f.healing(nodes)
	if err != nil {
		return Result{}, err
	}
	f.what = "silence"
	f.cutAll()
	if err := f.run(time.Duration(f.now)+silenceFor, nil); err != nil {
		return Result{}, err
	}
	f.what = "after the silence"
	silence, awake, err := f.healing(nodes)
	if err != nil {
		return Result{}, err
	}
	r := f.result("outage")
	r.most("all links reset, half a minute without network: median node has nine tenths of its slots after", reset.after(reset.ninety, 0.5), "s", healMost)
	r.note("the same, slowest node", reset.after(reset.ninety, 1), "s")
	r.most("five minutes of silence: median node has nine tenths of its slots after", silence.after(silence.ninety, 0.5), "s", healMost)
	r.note("the same, slowest node", silence.after(silence.ninety, 1), "s")
	r.most("dials of a node in the busiest tenth of a second, ten seconds from the reset on", lost, "", phaseMost)
	r.most("the same, from its end on", healed, "", phaseMost)
	r.most("the same, from the end of the silence on", awake, "", phaseMost)
	return r, f.check()
}

// cutAll lets nothing through between any two hosts.
func (f *field) cutAll() {
	all := make([]bool, len(f.hosts))
	for i := range all {
		all[i] = true
	}
	f.cuts = append(f.cuts, [2][]bool{all, all})
}

// resetAll ends every link at both ends at once, as when addresses are translated anew.
func (f *field) resetAll() {
	for _, h := range f.hosts {
		for c := link.Conn(1); c <= h.lastConn; c++ {
			if _, ok := h.links[c]; ok {
				f.queue.push(f.now, event{kind: down, host: int32(h.i), gen: h.gen, conn: c, why: &link.Closed{Reason: link.NetworkError, Remote: true}})
			}
		}
	}
}

// phase runs until a moment and tells how many dials a node made in the busiest tick of
// the first spell, on average over all hosts; each is called every tick.
func (f *field) phase(until time.Duration, each func()) (float64, error) {
	began, was, busiest := f.now, f.dials, 0
	err := f.run(until, func() bool {
		if f.now-began <= int64(spell) {
			busiest = max(busiest, f.dials-was)
		}
		was = f.dials
		if each != nil {
			each()
		}
		return false
	})
	return float64(busiest) / float64(len(f.hosts)), err
}

// healing ends the cut and runs until the nodes should be back.
func (f *field) healing(nodes []*host) (*stand, float64, error) {
	f.heal()
	s := f.stand(nodes)
	phase, err := f.phase(time.Duration(f.now)+healLimit, func() { s.look(len(nodes) - 1) })
	return s, phase, err
}
