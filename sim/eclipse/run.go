package eclipse

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Options of a run. Zero takes what params.go says.
type Options struct {
	Rules  string // one of Rules; empty for the product's
	Trials int    // of each case; default 1000
	Seed   uint64
	// Honest is how many honest hosts there are, Attack how long the attack lasts before
	// the restart.
	Honest int
	Attack time.Duration
	// PerFilling is how many trials share one filled book.
	PerFilling int
	// Progress, when set, is told now and then how far the run is. Stop, when set, is asked
	// whether to give up.
	Progress func(what string, done, of int)
	Stop     func() bool
}

// ErrStopped: Options.Stop said so.
var ErrStopped = errors.New("eclipse: stopped")

func (o *Options) fill() error {
	if o.Rules == "" {
		o.Rules = Rules[0]
	}
	if !slices.Contains(Rules, o.Rules) {
		return fmt.Errorf("eclipse: rules %q: want one of %q", o.Rules, Rules)
	}
	if o.Trials == 0 {
		o.Trials = 1000
	}
	if o.Honest == 0 {
		o.Honest = honestHosts
	}
	if o.Attack == 0 {
		o.Attack = attackFor
	}
	if o.PerFilling == 0 {
		o.PerFilling = TrialsPerFilling
	}
	if o.Trials < 0 || o.Honest < slots || o.Attack < 0 || o.PerFilling < 0 {
		return fmt.Errorf("eclipse: %d trials, %d honest hosts, an attack of %v", o.Trials, o.Honest, o.Attack)
	}
	return nil
}

// Report says how often the victim was eclipsed.
type Report struct {
	Rules string `json:"rules"`
	Seed  uint64 `json:"seed"`
	Hash  string `json:"hash"`
	Dials int    `json:"dials"`
	Cases []Case `json:"cases"`
}

// Case is one attacker and what the victim kept of its peers.
type Case struct {
	Attack   Attack `json:"attack"`
	Anchors  string `json:"anchors"` // "kept", "deleted", or "none" where rules have none
	Trials   int    `json:"trials"`
	Fillings int    `json:"fillings"`
	Eclipsed int    `json:"eclipsed"`
	// Hostile is the share of outbound links that were the attacker's after the restart,
	// Before the same at the end of the attack, Empty the slots that were not filled.
	Hostile float64 `json:"hostile"`
	Before  float64 `json:"before"`
	Empty   float64 `json:"empty"`
	links   int
	bad     int
}

// Share is how many of the trials were eclipsed.
func (c Case) Share() float64 { return float64(c.Eclipsed) / float64(max(c.Trials, 1)) }

// Run does all cases of one rule set.
func Run(o Options) (Report, error) {
	if err := o.fill(); err != nil {
		return Report{}, err
	}
	r := Report{Rules: o.Rules, Seed: o.Seed}
	sum := sha256.New()
	for _, a := range Attacks {
		pop, err := newPopulation(o.Seed, a, o.Honest)
		if err != nil {
			return Report{}, err
		}
		cases := []Case{{Attack: a, Anchors: "none"}}
		if o.Rules == Rules[0] {
			cases = []Case{{Attack: a, Anchors: "kept"}, {Attack: a, Anchors: "deleted"}}
		}
		for done, n := 0, uint64(0); done < o.Trials; n++ {
			if o.Progress != nil {
				o.Progress(fmt.Sprintf("%s, %s", o.Rules, a), done, o.Trials)
			}
			f, err := newFilling(o, pop, n)
			if err != nil {
				return Report{}, err
			}
			here := min(o.PerFilling, o.Trials-done)
			if err := f.trials(here, cases, sum.Write); err != nil {
				return Report{}, err
			}
			done += here
			r.Dials += f.dials
		}
		r.Cases = append(r.Cases, cases...)
	}
	r.Hash = hex.EncodeToString(sum.Sum(nil))
	return r, nil
}

// filling is one victim's book at the end of an attack.
type filling struct {
	o      Options
	pop    *population
	n      uint64
	at     time.Time
	there  *presences
	file   saved
	before float64
	hash   [32]byte
	dials  int
}

// chance is the source of all chance of one part of a filling.
func (o Options) chance(n, part uint64) *rand.Rand {
	var raw [24]byte
	binary.BigEndian.PutUint64(raw[:], o.Seed)
	binary.BigEndian.PutUint64(raw[8:], n)
	binary.BigEndian.PutUint64(raw[16:], part)
	sum := sha256.Sum256(raw[:])
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))
}

// newFilling lives through history, peace and attack.
func newFilling(o Options, pop *population, n uint64) (*filling, error) {
	there := newPresences(o.Honest, epoch, o.chance(n, 1))
	began := epoch.Add(historyFor)
	w := newNetwork(pop, began, there, o.chance(n, 2))
	victim, err := makers[o.Rules](pop, w, o.chance(n, 3), began, nil, false)
	if err != nil {
		return nil, err
	}
	w.victim = victim
	for _, m := range history(o.Honest, there, o.chance(n, 4)) {
		victim.remember(m.tried, m)
	}
	victim.start(began)
	w.run(began.Add(peaceFor), nil)
	w.besiege()
	for until := w.now.Add(o.Attack); w.now.Before(until); {
		w.run(earlier(until, w.now.Add(time.Minute)), nil)
		if o.Stop != nil && o.Stop() {
			return nil, ErrStopped
		}
	}
	f := &filling{o: o, pop: pop, n: n, at: w.now, there: there, hash: w.hash, dials: w.dials}
	out := victim.outbound()
	f.before = float64(hostileOf(pop, out)) / float64(max(len(out), 1))
	f.file = victim.save(w.now)
	return f, nil
}

// history is whom a victim tried in the day before, in the order of time.
func history(honest int, there *presences, rng *rand.Rand) []memory {
	all := make([]memory, honest)
	for i, who := range rng.Perm(honest) {
		tried := epoch.Add(historyFor * time.Duration(i) / time.Duration(honest))
		all[i] = memory{who: int32(who), source: int32(rng.IntN(honest)), tried: tried}
		all[i].there = there.at(int32(who), tried).on
	}
	return all
}

func hostileOf(pop *population, who []int32) (n int) {
	for _, x := range who {
		if pop.hostile(x) {
			n++
		}
	}
	return n
}

// trials restarts the victim several times for each case.
func (f *filling) trials(n int, cases []Case, hash func([]byte) (int, error)) error {
	_, _ = hash(f.hash[:]) // of package sha256: no error
	for c := range cases {
		cases[c].Fillings++
		cases[c].Before += (f.before - cases[c].Before) / float64(cases[c].Fillings)
		for i := range n {
			if f.o.Stop != nil && f.o.Stop() {
				return ErrStopped
			}
			if err := f.trial(uint64(i), &cases[c], hash); err != nil {
				return err
			}
		}
	}
	return nil
}

// trial is one restart. What chance does is the same in all cases of a filling's trial.
func (f *filling) trial(i uint64, c *Case, hash func([]byte) (int, error)) error {
	part := 16 * (i + 1)
	rng := f.o.chance(f.n, part)
	now := f.at.Add(awayMin + time.Duration(rng.Int64N(int64(awayMax-awayMin))))
	w := newNetwork(f.pop, now, f.there.fork(f.o.chance(f.n, part+1)), f.o.chance(f.n, part+2))
	victim, err := makers[f.o.Rules](f.pop, w, f.o.chance(f.n, part+3), now, f.file, c.Anchors == "deleted")
	if err != nil {
		return err
	}
	w.victim = victim
	victim.start(now)
	w.besiege()
	w.run(now.Add(fillFor), func() bool { return len(victim.outbound()) == slots })
	out := victim.outbound()
	bad := hostileOf(f.pop, out)
	c.Trials++
	if len(out) > 0 && bad == len(out) {
		c.Eclipsed++
	}
	c.bad += bad
	c.links += len(out)
	c.Hostile = float64(c.bad) / float64(max(c.links, 1))
	c.Empty = 1 - float64(c.links)/float64(c.Trials*slots)
	f.dials += w.dials
	_, _ = hash(w.hash[:])
	return nil
}
