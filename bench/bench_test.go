package main

import (
	"math"
	"slices"
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
	for _, tc := range []struct {
		name string
		f    figure
		want line
	}{
		{"ratio", figure{key: "cpu", bar: 0.5}, line{Ours: 11, Theirs: 25, Ratio: 0.44, OK: true, Low: 0.3, High: 0.5}},
		{"limit", figure{key: "cpu", kind: limit, bar: 10}, line{Ours: 11, Theirs: 25, Ratio: 11, Low: 10, High: 12}},
		{"own", figure{key: "cpu", base: "few", kind: own, bar: 1.2}, line{Ours: 11, Theirs: 9, Ratio: 11. / 9, Low: 11. / 12, High: 12. / 9}},
		{"none at all", figure{key: "absent", bar: 1}, line{OK: true}},
	} {
		got := tc.f.measure(pairs)
		for _, v := range [][2]float64{{got.Ours, tc.want.Ours}, {got.Theirs, tc.want.Theirs}, {got.Ratio, tc.want.Ratio}, {got.Low, tc.want.Low}, {got.High, tc.want.High}} {
			if math.Abs(v[0]-v[1]) > 1e-9 {
				t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
				break
			}
		}
		if got.OK != tc.want.OK {
			t.Errorf("%s: ok is %v", tc.name, got.OK)
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
