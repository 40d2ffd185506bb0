package main

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// The random graph has the wanted links and is one piece.
func TestGraphIsConnected(t *testing.T) {
	for seed := range uint64(50) {
		edges := graph(20, 10, seed)
		if len(edges) != 100 {
			t.Fatalf("seed %d: %d links, want 100", seed, len(edges))
		}
		part := make([]int, 20)
		for i := range part {
			part[i] = i
		}
		for range part {
			for _, e := range edges {
				low := min(part[e[0]], part[e[1]])
				part[e[0]], part[e[1]] = low, low
			}
		}
		for i, p := range part {
			if p != 0 {
				t.Fatalf("seed %d: node %d is apart", seed, i)
			}
		}
	}
}

func TestFigures(t *testing.T) {
	pairs := []pair{
		{ours: values{"cpu": 10, "few": 9}, theirs: values{"cpu": 20}},
		{ours: values{"cpu": 12, "few": 9}, theirs: values{"cpu": 40}},
		{ours: values{"cpu": 11, "few": 12}, theirs: values{"cpu": 25}},
	}
	runs := []pair{{ours: values{"cpu": 5, "cpu" + keyLeast: 4, "cpu" + keyMost: 11, keyRuns: 100}}}
	theirs := func(v float64) *float64 { return &v }
	for _, tc := range []struct {
		name  string
		f     figure
		pairs []pair
		want  line
	}{
		{"ratio", figure{key: "cpu", bar: 0.5}, pairs, line{Ours: 11, Theirs: theirs(25), Ratio: 0.44, OK: true, Low: 0.3, High: 0.5, Reps: 3}},
		{"limit", figure{key: "cpu", kind: limit, bar: 10}, pairs, line{Ours: 11, Theirs: theirs(25), Ratio: 11, Low: 10, High: 12, Reps: 3}},
		{"own", figure{key: "cpu", base: "few", kind: own, bar: 1.2}, pairs, line{Ours: 11, Theirs: theirs(9), Ratio: 11. / 9, Low: 11. / 12, High: 12. / 9, Reps: 3}},
		{"none at all", figure{key: "absent", bar: 1}, pairs, line{OK: true, Reps: 3}},
		{"alone", figure{key: "few", kind: limit, bar: 9}, pairs, line{Ours: 9, Ratio: 9, OK: true, Low: 9, High: 12, Reps: 3}},
		{"no rival for a ratio", figure{key: "few", bar: 9}, pairs, line{Ours: 9, Ratio: math.MaxFloat64, Low: math.MaxFloat64, High: math.MaxFloat64, Reps: 3}},
		{"shown alone", figure{key: "few", kind: shown}, pairs, line{Ours: 9, Ratio: 9, OK: true, Low: 9, High: 12, Reps: 3}},
		{"the worst of many", figure{key: "cpu", kind: limit, many: true, bar: 10}, runs, line{Ours: 5, Ratio: 5, Low: 4, High: 11, Reps: 100}},
		{"the least of many", figure{key: "cpu", kind: limit, many: true, atLeast: true, bar: 4}, runs, line{Ours: 5, Ratio: 5, OK: true, Low: 4, High: 11, Reps: 100}},
	} {
		got := tc.f.measure(tc.pairs)
		if (got.Theirs == nil) != (tc.want.Theirs == nil) {
			t.Errorf("%s: theirs is there or not, unlike wanted", tc.name)
			continue
		}
		for _, v := range [][2]float64{{got.Ours, tc.want.Ours}, {got.Ratio, tc.want.Ratio}, {got.Low, tc.want.Low}, {got.High, tc.want.High}} {
			if math.Abs(v[0]-v[1]) > 1e-9 {
				t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
				break
			}
		}
		if got.Theirs != nil && *got.Theirs != *tc.want.Theirs || got.OK != tc.want.OK || got.Reps != tc.want.Reps {
			t.Errorf("%s: theirs %v, ok is %v, %d repetitions", tc.name, got.Theirs, got.OK, got.Reps)
		}
	}
}

// Where nothing stands beside ours nothing is printed, neither 0 nor infinity.
func TestLineAlone(t *testing.T) {
	alone := []pair{{ours: values{"put": 7}}}
	for _, f := range []figure{{name: "x", key: "put", kind: limit, bar: 5, atLeast: true, unit: perSecond}, {name: "x", key: "put", kind: shown, unit: perSecond}} {
		var b strings.Builder
		forms[false].line(f.measure(alone), &b)
		if got := strings.Fields(b.String()); got[1] != "7/s" || got[2] != none || got[3] != none || strings.Contains(b.String(), "∞") {
			t.Errorf("%q", b.String())
		}
	}
}

// README.md's rows.
func TestMarkdown(t *testing.T) {
	for want, f := range map[string]figure{
		"| puts | 123,457 | | | 130,000 | **short** |\n": {name: "x", says: "puts", key: "puts", kind: limit, bar: 130_000, atLeast: true, unit: perSecond},
		"| `x` | 7 ns, longest 9 ns | | | 9 ns | ok |\n": {name: "x", key: "put", kind: limit, bar: 9, many: true, unit: nanos},
		"| `x` | 8 | 2 | 4 | 4 | ok |\n":                 {name: "x", key: "get", bar: 4},
		"| `x` | 8 | 2 | | 4 | **short** |\n":            {name: "x", key: "get", kind: limit, bar: 4},
		"| `x` | 8 MB/s | 2 MB/s | 4 | | |\n":            {name: "x", key: "get", kind: shown, unit: mbps},
	} {
		v := values{"put": 7, "put" + keyLeast: 5, "put" + keyMost: 9, keyRuns: 3, "get": 8, "puts": 123456.7}
		var b strings.Builder
		if forms[true].line(f.measure([]pair{{ours: v, theirs: values{"get": 2}}}), &b); b.String() != want {
			t.Errorf("%q, want %q", b.String(), want)
		}
	}
}

// Every figure's workload is there.
func TestWorkloadsExist(t *testing.T) {
	for _, f := range slices.Concat(gossipFigures, linkFigures, sessionFigures, overlayFigures) {
		if _, err := workloadNamed(f.workload); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
	}
}
