package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// runDiscv5Net starts nodes that know the first and looks after a while: how many nodes
// the poorest table has, and in how many of 100 the answer to a lookup begins with the
// node that is nearest of all.
func runDiscv5Net(s side, seed uint64, nodes int, after time.Duration) (values, error) {
	first, err := newTalker(s, anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer first.close()
	all := []talker{first}
	began := time.Now()
	for range nodes - 1 {
		t, err := newTalker(s, anyPort, netip.AddrPort{}, first.record())
		if err != nil {
			return nil, err
		}
		defer t.close()
		all = append(all, t)
	}
	time.Sleep(after - time.Since(began))
	var sizes []int
	var ids []id.ID
	for _, t := range all {
		sizes = append(sizes, t.table())
		r, err := enr.Parse(t.record())
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.ID())
	}
	slices.Sort(sizes)
	fmt.Fprintf(os.Stderr, "# tables of %s: %v\n", s, sizes)
	rng := rand.New(rand.NewPCG(seed, 50))
	found := 0
	const lookups = 100
	for range lookups {
		var target id.ID
		for i := range target {
			target[i] = byte(rng.Uint32())
		}
		asker := rng.IntN(nodes)
		got, err := all[asker].lookup(target)
		if err != nil {
			return nil, err
		}
		if len(got) > 0 && got[0] == nearest(target, ids, asker) {
			found++
		}
	}
	return values{"table": float64(sizes[0]), "found": 100 * float64(found) / lookups}, nil
}

// nearest is the node nearest to a point, the asker aside.
func nearest(target id.ID, ids []id.ID, asker int) (best id.ID) {
	for i, x := range ids {
		if i != asker && (best.IsZero() || id.CompareDistance(target, x, best) < 0) {
			best = x
		}
	}
	return best
}
