package sim

import (
	"slices"
	"time"
)

// The experiments on seeds and outages.
const (
	outageSeeds = 4
	// outageRise is how long the nodes take to come up, outageCalm how long they live
	// before something happens to them.
	outageRise = 5 * time.Second
	outageCalm = 3 * time.Minute
	// seedsGone is how long all seeds are away.
	seedsGone = time.Hour
	// The bars.
	backedOff    = 20 * time.Minute // of the outage: contacts are counted from here on
	contactMost  = 1.0              // to each seed in contactIn, of each node
	contactIn    = 5 * time.Minute
	recoverMost  = 60.0 // seconds
	recoverLimit = 5 * time.Minute
)

// Seeds takes all seeds away for an hour, in a network that was down as a whole: half of
// the nodes that then come up are new and know nothing but the seeds' addresses, the
// others have the host book of the network that was, of which half stays away. It tells
// how often each new node knocks at a seed, and how long it takes after the seeds' return
// until all have found each other.
func Seeds(opt Field) (Result, error) {
	if opt.Nodes == 0 {
		opt.Nodes = 100
	}
	f, err := newField(opt, outageSeeds)
	if err != nil {
		return Result{}, err
	}
	seeds, old := f.hosts[:outageSeeds:outageSeeds], slices.Clone(f.hosts[outageSeeds:])
	f.what = "coming up"
	if err := f.start(f.hosts, outageRise); err != nil {
		return Result{}, err
	}
	if err := f.run(outageCalm, nil); err != nil {
		return Result{}, err
	}
	for _, h := range f.hosts {
		h.node.SaveHosts()
		h.flush()
		h.kill()
	}
	old = old[:len(old)/2]
	var lonely []*host
	for len(lonely) < opt.Nodes-len(old) {
		lonely = append(lonely, f.add(false))
	}
	f.what = "without seeds"
	began := f.now
	if err := f.start(append(slices.Clone(old), lonely...), outageRise); err != nil {
		return Result{}, err
	}
	var joined int64 // when the nodes with books had their slots
	err = f.run(time.Duration(began)+seedsGone, func() bool {
		if joined == 0 && f.looks() && allFull(f, old, len(old)-1) {
			joined = f.now
		}
		return false
	})
	if err != nil {
		return Result{}, err
	}
	worst, mean := f.knocks(lonely, seeds, began, backedOff)
	f.what = "seeds are back"
	back := f.now
	for _, s := range seeds {
		s.launch()
	}
	s := f.stand(lonely)
	err = f.run(time.Duration(back)+recoverLimit, func() bool { s.look(opt.Nodes - 1); return false })
	if err != nil {
		return Result{}, err
	}
	r := f.result("seeds")
	r.most("contacts to a seed in five minutes, of the node with most, once backed off", worst, "", contactMost)
	r.note("the same, mean", mean, "")
	r.most("from the seeds' return until nine tenths of the slots, median node", s.after(s.ninety, 0.5), "s", recoverMost)
	r.note("the same, slowest node", s.after(s.ninety, 1), "s")
	r.most("nodes with a saved book, without seeds: until all of them have theirs", seconds(began, joined), "s", recoverMost)
	return r, f.check()
}

// allFull tells whether each of some nodes has nine tenths of the slots it can fill.
func allFull(f *field, nodes []*host, possible int) bool {
	return !slices.ContainsFunc(nodes, func(h *host) bool { return !f.full(h, possible) })
}

// Never is the time of what did not happen, in seconds.
const Never = 1e9

func seconds(from, to int64) float64 {
	if to == 0 {
		return Never
	}
	return time.Duration(to - from).Seconds()
}

// knocks counts contacts to one seed by one node in any contactIn of the outage after
// its first time: the most of all, and the mean.
func (f *field) knocks(nodes, seeds []*host, began int64, after time.Duration) (most, mean float64) {
	total, windows := 0, 0
	for _, h := range nodes {
		for _, s := range seeds {
			var at []int64
			for _, c := range f.contacts[h.i] {
				if c.seed == int32(s.i) && c.at >= began+int64(after) {
					at = append(at, c.at)
				}
			}
			total += len(at)
			windows += int((f.now - began - int64(after)) / int64(contactIn))
			for i := range at {
				n := 0
				for _, x := range at[i:] {
					if x-at[i] < int64(contactIn) {
						n++
					}
				}
				most = max(most, float64(n))
			}
		}
	}
	return most, float64(total) / float64(max(windows, 1))
}
