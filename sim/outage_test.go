package sim

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/scenario"
	"github.com/ropewalk/ropewalk/trace"
)

// outage plays a script in a world whose dials are counted by the second since from.
func outage(t *testing.T, text string, from time.Duration) (w *world, dials map[int]int) {
	t.Helper()
	s, err := scenario.Parse("outage.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w, dials = newWorld(Options{Script: s, Seed: *seedFlag, Checks: -1}), map[int]int{}
	for i := range s.Nodes() {
		w.hosts = append(w.hosts, w.newHost(i, i < s.Seeds()))
	}
	w.heard = func(h *host, e trace.Event) {
		if at := time.Duration(w.now) - from; at >= 0 && e.Strand == "session" && (e.Kind == "slot_connecting" || e.Kind == "direct_connecting") {
			dials[int(at/time.Second)]++
		}
	}
	p := scenario.NewPlay(s, stage{w}, rand.New(rand.NewPCG(1, 2)))
	if err := w.play(p); err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Report() {
		t.Logf("%8s %s (%s)", r.Took.Round(time.Millisecond), r.Text, r.Detail)
	}
	if p.Failed() {
		t.Error("the play failed")
	}
	return w, dials
}

// TestTrap19NoSynchronisedRedial: 200 nodes lose their network for a minute. Within ten
// seconds of its end everybody has its slots again, and the dials are spread: nodes that
// lose eight links each need some 1,600, and no second has more than 60 % of all.
func TestTrap19NoSynchronisedRedial(t *testing.T) {
	if testing.Short() {
		t.Skip("large, and one goroutine")
	}
	const nodes, healed = 200, 150 * time.Second
	_, dials := outage(t, fmt.Sprintf("nodes %d seeds 2 over 5s\nsleep 85s\npartition all all\nsleep 60s\nheal\nexpect all filled 90%% within 10s\nsleep 5s\n", nodes), healed)
	all, most := 0, 0
	for s := range 15 {
		all, most = all+dials[s], max(most, dials[s])
	}
	t.Logf("%d dials in the 15 s after the outage, at most %d in one second", all, most)
	if 10*most > 6*all || all > 3*8*nodes {
		t.Errorf("%d dials, %d of them in one second, want at most %d, and 60 %% of them", all, most, 3*8*nodes)
	}
}

// TestT3OutageEmptiesNoBook: a node that has no uplink for ten minutes knows afterwards
// whom it knew, bans nobody, and has its slots within ten seconds.
func TestT3OutageEmptiesNoBook(t *testing.T) {
	const until = "nodes 60 seeds 1 over 2s\nsleep 88s\n"
	w, _ := outage(t, until, 0)
	before := w.hosts[4].node.HostCounts()
	w, _ = outage(t, until+"partition node5 all\nsleep 10m\n", 0)
	after := w.hosts[4].node.HostCounts()
	t.Logf("before %+v, after ten minutes without uplink %+v", before, after)
	knew, knows := before.Grey+before.White+before.Gold, after.Grey+after.White+after.Gold
	if 10*knows < 8*knew || knew == 0 || after.Black > 0 {
		t.Errorf("%d hosts of %d are left, %d banned", knows, knew, after.Black)
	}
	outage(t, until+"partition node5 all\nsleep 10m\nheal\nexpect node5 filled 90% within 10s\n", 0)
}
