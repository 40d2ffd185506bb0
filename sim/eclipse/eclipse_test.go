package eclipse

import (
	"flag"
	"testing"
	"time"
)

var (
	seedFlag   = flag.Uint64("seed", 7, "seed of the runs")
	trialsFlag = flag.Int("trials", 0, "trials of each case in a network as large as the program's; 0 for a small one")
)

// TestSame: the same seed gives the same run, another seed another.
func TestSame(t *testing.T) {
	if testing.Short() {
		t.Skip("large, and one goroutine")
	}
	for _, rules := range Rules {
		o := Options{Rules: rules, Trials: 4, PerFilling: 2, Seed: *seedFlag, Honest: 500, Attack: 10 * time.Minute}
		first, err := Run(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Run(o)
		if err != nil || again.Hash != first.Hash || again.Dials != first.Dials {
			t.Errorf("%s: two runs differ: %s and %s, %v", rules, first.Hash, again.Hash, err)
		}
		o.Seed++
		if other, err := Run(o); err != nil || other.Hash == first.Hash {
			t.Errorf("%s: another seed gives the same hash, %v", rules, err)
		}
		for _, c := range first.Cases {
			if c.Trials != 4 || c.Fillings != 2 || c.Empty > 0.1 {
				t.Errorf("%s: %+v", rules, c)
			}
		}
	}
}

// TestPeace: without an attacker's word nobody is surrounded.
func TestPeace(t *testing.T) {
	for _, rules := range Rules {
		r, err := Run(Options{Rules: rules, Trials: 4, PerFilling: 4, Seed: *seedFlag, Honest: 1000, Attack: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Cases {
			if c.Eclipsed > 0 || c.Before > 0.2 {
				t.Errorf("%s after a second of attack: %+v", rules, c)
			}
		}
	}
}

// TestPopulation: the attackers have the groups that they are said to have, and nobody
// honest is in them.
func TestPopulation(t *testing.T) {
	for _, a := range Attacks {
		p, err := newPopulation(*seedFlag, a, 3000)
		if err != nil {
			t.Fatal(err)
		}
		honest, bad := map[string]int{}, map[string]int{}
		for i, r := range p.all {
			if p.hostile(int32(i)) {
				bad[r.group]++
			} else {
				honest[r.group]++
			}
		}
		for g := range bad {
			if honest[g] > 0 {
				t.Errorf("%s: %s is shared", a, g)
			}
		}
		want := map[Attack]int{Ranges: rangesGroups, Botnet: botnetTotal}[a]
		if len(bad) != want || len(honest) != honestGroups || len(p.all) != 3000+a.size() || len(p.byID) != len(p.all) {
			t.Errorf("%s: %d hostile groups, %d honest, %d hosts, %d of them distinct", a, len(bad), len(honest), len(p.all), len(p.byID))
		}
	}
}

// TestFull is a run as the program does it, on demand.
func TestFull(t *testing.T) {
	if *trialsFlag == 0 {
		t.Skip("no -trials")
	}
	for _, rules := range Rules {
		r, err := Run(Options{Rules: rules, Trials: *trialsFlag, Seed: *seedFlag})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Cases {
			t.Logf("%s %+v", rules, c)
			if !c.OK() {
				t.Errorf("%s, %s, anchors %s: %.1f %% eclipsed, want %s", rules, c.Attack, c.Anchors, 100*c.Share(), c.Bar())
			}
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{{Rules: "none"}, {Trials: -1}, {Honest: 3}, {Attack: -1}} {
		if _, err := Run(o); err == nil {
			t.Errorf("%+v accepted", o)
		}
	}
}
