package scenario

import (
	"strings"
	"testing"
	"time"
)

func TestFilled(t *testing.T) {
	half := func(i int) (int, int) { return 4 + 4*(i%2), 8 } // 50 % at every other node
	tests := []struct {
		name, script string
		setup        func(*fake)
		want         string // of the failure; empty when it goes well
	}{
		{"all", "nodes 6\nexpect all filled within 1s\n", nil, ""},
		{"not all", "nodes 6\nexpect all filled within 1s\n", func(f *fake) { f.slots = half }, "of their slots min 50% median 100%, 2 of 5 nodes short: node3 node5"},
		{"half of them", "nodes 6\nexpect all filled median within 1s\n", func(f *fake) { f.slots = half }, ""},
		{"a share", "nodes 6\nexpect all filled 50% within 1s\n", func(f *fake) { f.slots = half }, ""},
		{"none could be", "nodes 6\nexpect all filled within 1s\n", func(f *fake) { f.slots = func(int) (int, int) { return 0, 0 } }, ""},
		{"a seed has none", "nodes 2 seeds 2\nexpect all filled within 1s\n", nil, "none of them has slots"},
		{"back at once", "nodes 4\nkill node2\nrestart down\nexpect returned rejoined within 2s\n", nil, ""},
		{"back late", "nodes 4\nkill node2\nrestart node2\nexpect returned rejoined within 500ms\n", nil, "late: node2; asked a seed: none"},
		{"back by a seed", "nodes 4\nkill node2\nrestart node2\nexpect returned rejoined within 2s\n", func(f *fake) { f.seeded = 1 }, "asked a seed: node2"},
		{"not back", "nodes 4\nkill node2\nexpect node2 rejoined within 2s\n", nil, "without a peer: node2"},
		{"nobody to be back", "nodes 4\nexpect returned rejoined within 2s\n", nil, "none of them is running"},
	}
	for _, tc := range tests {
		p, _ := perform(tc.script, tc.setup)
		last := p.Report()[len(p.Report())-1]
		if p.Failed() != (tc.want != "") || !strings.Contains(last.Detail, tc.want) {
			t.Errorf("%s: failed %v: %s", tc.name, p.Failed(), last.Detail)
		}
	}
}

// The time of an expectation of slots runs from the last change, not from the step.
func TestFilledCountsFromTheChange(t *testing.T) {
	script := "nodes 6\nkill random 50% except seeds\nsleep 2s\nexpect alive filled within 3s\n"
	p, f := perform(script, nil)
	if r := p.Report(); p.Failed() || r[3].Took != 2*time.Second {
		t.Errorf("%+v", r)
	}
	killed := 0
	for _, a := range f.asked {
		if strings.HasPrefix(a, "kill") {
			killed++
		}
	}
	if killed != 3 {
		t.Errorf("%d of 6 killed", killed)
	}
	p, _ = perform(strings.Replace(script, "sleep 2s", "sleep 4s", 1), func(f *fake) {
		f.slots = func(int) (int, int) { return 0, 1 }
	})
	if r := p.Report(); !p.Failed() || r[3].Took != 4*time.Second {
		t.Errorf("%+v", r)
	}
}

// On a slow machine a node that was alone for long may ask a seed, as it should; one that
// found somebody at once may not.
func TestRejoinedOnASlowMachine(t *testing.T) {
	for came, failed := range map[time.Duration]bool{savedWait - 1: true, savedWait: false} {
		s, err := Parse("test.txt", []byte("nodes 4\nkill node2\nrestart node2\nexpect returned rejoined within 2s\n"))
		if err != nil {
			t.Fatal(err)
		}
		s.Patient(time.Minute)
		p, _ := performScript(s, func(f *fake) {
			f.seeded = 1
			f.came = func(int) (time.Duration, bool) { return came, true }
		})
		if p.Failed() != failed {
			t.Errorf("a first peer after %s: failed %v", came, p.Failed())
		}
	}
}
