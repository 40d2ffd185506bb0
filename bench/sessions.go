package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk"
)

// sessionFigures are the bars that finding and keeping peers has to reach.
var sessionFigures = []figure{
	{name: "cold-start-90", workload: "sessions", key: "cold", kind: limit, bar: 10e9, unit: nanos},
	{name: "killed-90", workload: "sessions", key: "back90", kind: limit, bar: 3e9, unit: nanos},
	{name: "killed-100", workload: "sessions", key: "back100", kind: limit, bar: 10e9, unit: nanos},
}

var sessionWorkloads = []workload{{name: "sessions", run: runSessions}}

const (
	sessionNodes = 60 // besides the one that all know
	// sessionFor bounds each wait; what has not come then is said to come never.
	sessionFor = 120 * time.Second
	never      = math.MaxFloat64
)

// dweller is a node of either side with its default settings.
type dweller interface {
	name() string
	// slots is how many links it keeps by itself.
	slots() int
	// links are those it dialled, and those that others did.
	links() (out, in []string, err error)
	kill()
}

// runSessions starts nodes that know one, waits until the median has 90 % of its slots,
// ends half of them, and waits again.
func runSessions(s side, _ uint64) (values, error) {
	start := func(known string) (dweller, string, error) { return newRoper(known) }
	if s == rival {
		start = newGether
	}
	first, known, err := start("")
	if err != nil {
		return nil, err
	}
	defer first.kill()
	began := time.Now()
	all, err := startAll(func() (dweller, error) { d, _, err := start(known); return d, err })
	if err != nil {
		return nil, err
	}
	v := values{}
	if v["cold"], err = filledAfter(all, began, 90); err != nil {
		return nil, err
	}
	began = time.Now()
	var ends sync.WaitGroup
	for _, d := range all[sessionNodes/2:] {
		ends.Go(d.kill)
	}
	left := all[:sessionNodes/2]
	if v["back90"], err = filledAfter(left, began, 90); err == nil {
		v["back100"], err = filledAfter(left, began, 100)
	}
	ends.Wait()
	for _, d := range left {
		ends.Go(d.kill)
	}
	ends.Wait()
	return v, err
}

// startAll starts the nodes, all at once.
func startAll(start func() (dweller, error)) ([]dweller, error) {
	out, errs := make([]dweller, sessionNodes), make([]error, sessionNodes)
	var group sync.WaitGroup
	for i := range out {
		group.Go(func() { out[i], errs[i] = start() })
	}
	group.Wait()
	return out, errors.Join(errs...)
}

// filledAfter is how long after began the median node has that share of the slots that
// it could fill with these nodes, in nanoseconds.
func filledAfter(nodes []dweller, began time.Time, percent int) (float64, error) {
	alive := map[string]bool{}
	for _, d := range nodes {
		alive[d.name()] = true
	}
	for {
		var shares []int
		for _, d := range nodes {
			out, in, err := d.links()
			if err != nil {
				return 0, err
			}
			could := min(d.slots(), len(nodes)-1-among(in, alive))
			share := 100
			if n := among(out, alive); n < could {
				share = 100 * n / could
			}
			shares = append(shares, share)
		}
		slices.Sort(shares)
		took := time.Since(began)
		switch {
		case shares[(len(shares)-1)/2] >= percent:
			return float64(took), nil
		case took > sessionFor:
			fmt.Fprintf(os.Stderr, "# after %s the median node has %d %% of its slots\n", sessionFor, shares[(len(shares)-1)/2])
			return never, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// among is how many of the names are of nodes that run.
func among(names []string, alive map[string]bool) (n int) {
	for _, x := range names {
		if alive[x] {
			n++
		}
	}
	return n
}

// roper is a node of ours.
type roper struct {
	n   *ropewalk.Node
	dir string
}

func newRoper(known string) (dweller, string, error) {
	dir, err := os.MkdirTemp("", "bench-sessions-")
	if err != nil {
		return nil, "", err
	}
	cfg := ropewalk.Config{Localnet: true, DataDir: filepath.Join(dir, "node")}
	if known == "" {
		cfg.Profile = "seed"
	} else {
		cfg.Session.Seeds = []string{known}
	}
	n, err := ropewalk.New(cfg)
	if err != nil {
		return nil, "", err
	}
	if err := n.Start(context.Background()); err != nil {
		return nil, "", err
	}
	return &roper{n, dir}, n.Info().LibP2P[0], nil
}

func (r *roper) name() string { return r.n.Info().ID.String() }
func (r *roper) slots() int   { return 8 }

func (r *roper) links() (out, in []string, err error) {
	list, err := r.n.Sessions(context.Background())
	for _, s := range list {
		switch s.Session {
		case "outbound":
			out = append(out, s.ID.String())
		case "inbound":
			in = append(in, s.ID.String())
		}
	}
	return out, in, err
}

func (r *roper) kill() {
	_ = r.n.Close()
	_ = os.RemoveAll(r.dir)
}
