package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk"
)

// findFigures are of content that nodes ask each other for, by the library. What stands
// beside find-inline is only the carrying of it: TALK by go-ethereum's discv5, on which a
// Portal client in Go rests.
var findFigures = []figure{
	{name: "find-inline", says: "find content, 1,000 B inline: CPU of both ends", workload: "find-inline", key: "cpu", kind: limit, bar: 36e3, unit: nanos},
	{name: "find-inline-allocs", says: "the same, allocations", workload: "find-inline", key: "mallocs", kind: shown},
	{name: "find-2k-p99", says: "find content, 2 KB in a stream, p99", workload: "find-2k", key: "p99", kind: limit, bar: 50e6, unit: nanos},
	{name: "find-100x100k-p95", says: "100 things of 100 KB at once, p95", workload: "find-100x100k", key: "p95", kind: limit, bar: 1e9, unit: nanos},
	{name: "find-100x100k", says: "all of them together", workload: "find-100x100k", key: "rate", kind: limit, bar: 10, atLeast: true, unit: mbps},
	{name: "find-100x100k-failed", says: "of them not found", workload: "find-100x100k", key: "failed", kind: limit, bar: 0},
}

var findWorkloads = []workload{
	{name: "find-inline", run: func(s side, _ uint64) (values, error) { return runFindInline(s, 1000, 3) }},
	{name: "find-2k", run: func(s side, _ uint64) (values, error) { return runFindStreamed(s, 2000, 500) }},
	{name: "find-100x100k", run: func(s side, _ uint64) (values, error) { return runFindMany(s, 100, 100_000) }},
}

const (
	// findEnds is how many nodes ask, and how many are asked; findEach how many questions
	// each of them has under way with each: what a node reads from its store for one other.
	findEnds, findEach = 2, 16
	// findRound is how much one node asks another without a rest, and findRest how long
	// that is: 300 are answered at once, and 100 a second.
	findRound, findRest = 256, 2800 * time.Millisecond
	// findItems are different things to ask for.
	findItems = 1000
	// findHolders have what one node asks for at once: a node serves another eight streams.
	findHolders = 15
	// findWithin bounds it all.
	findWithin = 2 * time.Minute
)

// findRig is nodes that ask and nodes that are asked, each of which has all items.
type findRig struct {
	*library
	ends int
	keys [][]byte
}

func newFindRig(ctx context.Context, ends, items, size int) (*findRig, error) {
	l, err := newLibrary(2*ends, false, nil)
	if err != nil {
		return nil, err
	}
	r := &findRig{library: l, ends: ends}
	if r.keys, err = l.stock(ctx, l.nets[ends:], items, size); err != nil {
		return nil, errors.Join(err, l.close())
	}
	for a := range ends { // sessions first
		for b := range ends {
			if _, err := l.nets[a].Ping(ctx, l.nodes[ends+b].Record(), 0, nil); err != nil {
				return nil, errors.Join(fmt.Errorf("first ping: %w", err), l.close())
			}
		}
	}
	return r, nil
}

// find has one node ask another for an item, which comes in a stream or not.
func (r *findRig) find(ctx context.Context, from, to, item int, streamed bool) error {
	f, err := r.nets[from].FindContent(ctx, r.nodes[r.ends+to].Record(), r.keys[item])
	switch {
	case err != nil:
		return err
	case len(f.Content) == 0:
		return errors.New("nodes instead of content")
	case f.UTPTransfer != streamed:
		return errors.New("a stream for what fits an answer, or none for what does not")
	}
	return nil
}

// runFindInline: CPU of a question for content that fits its answer, of both ends.
func runFindInline(s side, size, rounds int) (values, error) {
	if s == rival {
		return runTheirTalk(size, rounds*findEnds*findEnds*findRound)
	}
	ctx, cancel := context.WithTimeout(context.Background(), findWithin)
	defer cancel()
	r, err := newFindRig(ctx, findEnds, findItems, size)
	if err != nil {
		return nil, err
	}
	defer r.close()
	stop := profile()
	defer stop()
	var sum meter
	for round := range rounds + 1 {
		start := read(true)
		if err := r.round(ctx, round); err != nil {
			return nil, err
		}
		if used := start.used(); round > 0 { // the first one fills caches
			sum.cpu, sum.mallocs = sum.cpu+used.cpu, sum.mallocs+used.mallocs
		}
		time.Sleep(findRest)
	}
	asked := float64(rounds * findEnds * findEnds * findRound)
	return values{"cpu": float64(sum.cpu) / asked, "mallocs": float64(sum.mallocs) / asked}, nil
}

// round has each node ask each for findRound items.
func (r *findRig) round(ctx context.Context, round int) error {
	return r.pairs(func(from, to int) error {
		var group sync.WaitGroup
		errs := make([]error, findEach)
		for k := range findEach {
			group.Go(func() {
				for i := k; i < findRound && errs[k] == nil; i += findEach {
					errs[k] = r.find(ctx, from, to, (round*findRound+i)%len(r.keys), false)
				}
			})
		}
		group.Wait()
		return errors.Join(errs...)
	})
}

// pairs does something for all pairs of nodes at a time.
func (r *findRig) pairs(do func(from, to int) error) error {
	var group sync.WaitGroup
	errs := make(chan error, r.ends*r.ends)
	for a := range r.ends {
		for b := range r.ends {
			group.Go(func() { errs <- do(a, b) })
		}
	}
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// runFindStreamed: how long a question takes whose answer comes in a stream.
func runFindStreamed(s side, size, count int) (values, error) {
	if s == rival {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), findWithin)
	defer cancel()
	r, err := newFindRig(ctx, 2, findItems, size)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var times []time.Duration
	for i := range count {
		begun := time.Now()
		if err := r.find(ctx, i%2, i/2%2, i%findItems, true); err != nil {
			return nil, err
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	return values{"p50": float64(times[count/2]), "p99": float64(times[count*99/100])}, nil
}

// runFindMany has a node that keeps nothing ask for many things at once, which the
// others have: how long the slower ones take, and MB per second of all together.
func runFindMany(s side, count, size int) (values, error) {
	if s == rival {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), findWithin)
	defer cancel()
	l, err := newLibrary(findHolders+1, true, func(i int, cfg *ropewalk.Config) {
		if i == findHolders {
			cfg.Overlay.Radius = keepsNothing
		}
	})
	if err != nil {
		return nil, err
	}
	defer l.close()
	if err := l.know(ctx); err != nil {
		return nil, err
	}
	keys, err := l.stock(ctx, l.nets[:findHolders], count, size)
	if err != nil {
		return nil, err
	}
	asker := l.nets[findHolders]
	times, errs := make([]time.Duration, count), make([]error, count)
	stop := profile()
	defer stop()
	var group sync.WaitGroup
	begun := time.Now()
	for i, key := range keys {
		group.Go(func() {
			var f ropewalk.Found
			if f, errs[i] = asker.Get(ctx, key); errs[i] == nil && len(f.Content) != size {
				errs[i] = errOther
			}
			times[i] = time.Since(begun)
		})
	}
	group.Wait()
	took := time.Since(begun)
	failed := 0
	for _, err := range errs {
		if err != nil {
			fmt.Fprintln(os.Stderr, "#", err)
			failed++
		}
	}
	slices.Sort(times)
	return values{"failed": float64(failed), "p95": float64(times[count*95/100]), "rate": float64((count-failed)*size) / 1e6 / took.Seconds()}, nil
}
