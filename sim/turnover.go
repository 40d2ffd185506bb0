package sim

import (
	"cmp"
	"slices"
	"time"
)

// Turnover are the options of the experiment on churn.
type Turnover struct {
	Field
	// Churn is the share of the nodes that leave in a minute; as many come.
	Churn float64
	For   time.Duration // after warm-up
	Slots int           // outbound, of each node; default turnoverSlots
}

const (
	turnoverSeeds = 8
	// turnoverRise is how long the nodes take to come up, and turnoverWarm when the
	// figures begin: the churn has gone on for a minute then, after the first notice.
	turnoverRise = 30 * time.Second
	turnoverWarm = turnoverRise + leaveNotice + time.Minute
	// turnoverFor is one time to look at the network, unless the options say otherwise.
	turnoverFor = 3 * time.Minute
	// turnoverSlots is ten, of which nine tenths are nine; of the default eight they would
	// be all.
	turnoverSlots = 10
	// turnoverMany nodes are enough for the worst second to be judged; where there are
	// fewer, one that was known to many weighs too much, and the mean is.
	turnoverMany  = 5000
	turnoverLeast = 99.0
	// leaveNotice is how long before its end a node's host book is written, when it
	// crashes; nodes write it every five minutes, and with all of those files a network
	// of thousands would not fit in memory.
	leaveNotice = time.Minute
	// settled is how long a node is up that is no newcomer.
	settled = 10 * time.Second
)

// turnover is a run of it.
type turnover struct {
	*field
	share   float64
	up      []*host // nodes that run and are not about to go
	gone    []*host // that may come back
	leaving []departure
	owed    float64 // nodes to go and to come
	left    int
	crashed int
	fresh   int

	worst, worstSettled float64
	sum, sumSettled     float64
	looked              int
	missing, places     int
}

type departure struct {
	h     *host
	at    int64
	crash bool
}

// Churn runs a network whose nodes come and go, and tells how many of those that live
// have their slots filled. The same share leaves all the time: half of them stop in
// order, the others crash. As many come: half of them were there before and find the
// host book they saved, the others are new and know the seeds.
func Churn(opt Turnover) (Result, error) {
	if opt.Nodes == 0 {
		opt.Nodes = 10_000
	}
	if opt.For == 0 {
		opt.For = turnoverFor
	}
	f, err := newField(opt.Field, turnoverSeeds)
	if err != nil {
		return Result{}, err
	}
	f.slots = cmp.Or(opt.Slots, turnoverSlots)
	t := &turnover{field: f, share: opt.Churn, worst: 1, worstSettled: 1}
	f.what = "coming up"
	if err := f.start(f.hosts, turnoverRise); err != nil {
		return Result{}, err
	}
	t.up = f.living()
	f.what = "warming up"
	if err := f.run(turnoverWarm, t.turn); err != nil {
		return Result{}, err
	}
	f.what = "measuring"
	f.dials, f.fails = 0, 0
	err = f.run(turnoverWarm+opt.For, func() bool {
		if t.looks() {
			t.look()
		}
		return t.turn()
	})
	if err != nil {
		return Result{}, err
	}
	if err := f.check(); err != nil {
		return Result{}, err
	}
	return t.result(), nil
}

// turn lets nodes go and come for one tick.
func (t *turnover) turn() bool {
	t.owed += t.share * float64(t.opt.Nodes) * float64(tick) / float64(time.Minute)
	for ; t.owed >= 1; t.owed-- {
		t.dismiss()
	}
	for len(t.leaving) > 0 && t.leaving[0].at <= t.now {
		t.leave(t.leaving[0])
		t.come()
		t.leaving = t.leaving[1:]
	}
	return false
}

// dismiss picks a node that will go when its notice is over.
func (t *turnover) dismiss() {
	if len(t.up) == 0 {
		return
	}
	i := t.rng.IntN(len(t.up))
	h := t.up[i]
	t.up = slices.Delete(t.up, i, i+1)
	d := departure{h, t.now + int64(leaveNotice), t.rng.IntN(2) == 0}
	if d.crash {
		h.node.SaveHosts()
		h.flush()
	}
	t.leaving = append(t.leaving, d)
}

func (t *turnover) leave(d departure) {
	t.left++
	if d.crash {
		t.crashed++
	} else {
		d.h.node.Stop(t.time())
		d.h.flush()
	}
	d.h.kill()
	t.gone = append(t.gone, d.h)
}

// come brings one node up for one that got notice.
func (t *turnover) come() {
	var h *host
	if len(t.gone) > 0 && t.rng.IntN(2) == 0 {
		i := t.rng.IntN(len(t.gone))
		h = t.gone[i]
		t.gone = slices.Delete(t.gone, i, i+1)
	} else {
		h = t.add(false)
		t.fresh++
	}
	h.launch()
	t.up = append(t.up, h)
}

// look takes the figures of one moment.
func (t *turnover) look() {
	all, good, old, oldGood := 0, 0, 0, 0
	for _, h := range t.hosts {
		if !h.alive || h.seed {
			continue
		}
		n := h.filled()
		t.missing += t.slots - n
		t.places += t.slots
		full := 10*n >= 9*t.slots
		all++
		if full {
			good++
		}
		if t.now-h.since >= int64(settled) {
			old++
			if full {
				oldGood++
			}
		}
	}
	share := float64(good) / float64(max(all, 1))
	t.worst = min(t.worst, share)
	settled := float64(oldGood) / float64(max(old, 1))
	t.worstSettled = min(t.worstSettled, settled)
	t.sumSettled += settled
	t.sum += share
	t.looked++
}

func (t *turnover) result() Result {
	r := t.field.result("churn")
	worst, mean := 100*t.worst, 100*t.sum/float64(max(t.looked, 1))
	if t.opt.Nodes >= turnoverMany {
		r.least("live nodes with nine tenths of their slots, worst second", worst, "%", turnoverLeast)
		r.note("the same, mean", mean, "%")
	} else {
		r.note("live nodes with nine tenths of their slots, worst second", worst, "%")
		r.least("the same, mean", mean, "%", turnoverLeast)
	}
	r.note("the same, of nodes up for ten seconds, worst second", 100*t.worstSettled, "%")
	r.note("the same, mean", 100*t.sumSettled/float64(max(t.looked, 1)), "%")
	r.note("slots that are empty, mean", 100*float64(t.missing)/float64(max(t.places, 1)), "%")
	r.note("dials of slots that failed", 100*float64(t.fails)/float64(max(t.dials, 1)), "%")
	r.note("nodes that left", float64(t.left), "")
	r.note("of them crashed", float64(t.crashed), "")
	r.note("nodes that came new", float64(t.fresh), "")
	return r
}
