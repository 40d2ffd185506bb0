package main

import (
	"math"
	"slices"
)

// kind says what a figure's bar is held against.
type kind uint8

const (
	ratio kind = iota // ours divided by theirs
	limit             // ours alone; theirs is shown beside it
	own               // ours divided by another value of ours
	shown             // no bar: explains the figure before it
)

// figure is one line of the table.
type figure struct {
	name     string
	says     string // what it is, in README.md
	workload string
	key      string // of the workload's values
	base     string // of kind own: the value of ours it is divided by
	kind     kind
	bar      float64
	atLeast  bool // more is better; else less is
	unit     unit
	// many: a measurement is keyRuns runs, of which key is the median; key+keyLeast and
	// key+keyMost are the spread, and the bar is for the worst of them.
	many bool
}

// Of figures with many.
const (
	keyRuns  = "runs"
	keyLeast = "-least"
	keyMost  = "-most"
)

type unit string

const (
	count  unit = ""
	nanos  unit = "ns"
	bytes_ unit = "B"

	perSecond unit = "/s"
	perCPU    unit = "/CPU s"
	mbps      unit = " MB/s"
	percent   unit = " %"
)

// gossipFigures are the bars that gossip has to reach.
var gossipFigures = []figure{
	{name: "cpu-unsigned-256", workload: "unsigned-256", key: "cpu", bar: 0.60, unit: nanos},
	{name: "cpu-unsigned-1k", workload: "unsigned-1k", key: "cpu", bar: 0.45, unit: nanos},
	{name: "cpu-signed-256", workload: "signed-256", key: "cpu", bar: 0.70, unit: nanos},
	{name: "cpu-signed-256-secp256k1", workload: "signed-256-secp256k1", key: "cpu", bar: 0.70, unit: nanos},
	{name: "cpu-pair-signed-256", workload: "pair-signed-256", key: "cpu", bar: 0.65, unit: nanos},
	{name: "cpu-pair-signed-256-secp256k1", workload: "pair-signed-256-secp256k1", key: "cpu", bar: 0.65, unit: nanos},
	{name: "allocs-256", workload: "unsigned-256", key: "mallocs", bar: 0.30},
	{name: "bytes-64k", workload: "unsigned-64k", key: "bytes", bar: 0.35, unit: bytes_},
	{name: "latency-p50", workload: "paced-256", key: "p50", bar: 0.6, unit: nanos},
	{name: "latency-p99", workload: "paced-256", key: "p99", bar: 0.6, unit: nanos},
	{name: "duplicates", workload: "counted-256", key: "duplicates", bar: 1.0},
	{name: "duplicates-degree", workload: "counted-256", key: "degree", kind: shown},
	{name: "duplicates-mesh", workload: "counted-256-mesh", key: "duplicates", bar: 1.0},
	{name: "duplicates-mesh-degree", workload: "counted-256-mesh", key: "degree", kind: shown},
	{name: "forward-time", workload: "forward-12", key: "cpu", bar: 0.5, unit: nanos},
	{name: "forward-allocs", workload: "forward-12", key: "mallocs", bar: 0.25},
	{name: "forward-1000", workload: "forward-1000", key: "cpu", base: "few", kind: own, bar: 1.2, unit: nanos},
	{name: "duplicate-time", workload: "duplicate-256", key: "cpu", bar: 0.35, unit: nanos},
	{name: "duplicate-allocs", workload: "duplicate-256", key: "mallocs", kind: limit, bar: 0},
	{name: "ihave-time", workload: "ihave-5000", key: "cpu", bar: 0.3, unit: nanos},
	{name: "ihave-allocs", workload: "ihave-5000", key: "mallocs", kind: limit, bar: 10},
	{name: "heartbeat-time", workload: "heartbeat", key: "cpu", bar: 0.3, unit: nanos},
	{name: "heartbeat-step", workload: "heartbeat", key: "step", kind: limit, bar: 1e6, unit: nanos},
	{name: "goroutines", workload: "goroutines", key: "goroutines", kind: limit, bar: 2},
	{name: "throttled", workload: "throttle-256", key: "throttled", kind: limit, bar: 0},
}

// line is a figure as measured.
type line struct {
	Name   string   `json:"name"`
	Ours   float64  `json:"ours"`
	Theirs *float64 `json:"theirs"` // nil where nothing stands beside ours
	Ratio  float64  `json:"ratio"`  // what the bar is held against
	Bar    float64  `json:"bar"`
	OK     bool     `json:"ok"`
	Low    float64  `json:"low"` // of Ratio over the repetitions
	High   float64  `json:"high"`
	Reps   int      `json:"reps"`
	Unit   unit     `json:"unit,omitempty"`
	says   string
	shown  bool
	many   bool
	// AtLeast: the ratio has to be at least the bar; else at most.
	AtLeast bool `json:"at_least,omitempty"`
}

// measure makes a figure's line of the pairs of measurements of its workload.
func (f figure) measure(pairs []pair) line {
	var mine, other, each []float64
	for _, p := range pairs {
		a := p.ours[f.key]
		b, beside := p.theirs[f.key]
		if f.kind == own {
			b, beside = p.ours[f.base]
		}
		if beside {
			other = append(other, b)
		}
		mine, each = append(mine, a), append(each, f.held(a, b))
	}
	out := line{
		Name: f.name, says: f.says, many: f.many, Ours: median(mine), Bar: f.bar, Unit: f.unit, shown: f.kind == shown, AtLeast: f.atLeast,
		Low: slices.Min(each), High: slices.Max(each), Reps: len(pairs),
	}
	theirs := 0.0
	if len(other) > 0 {
		theirs = median(other)
		out.Theirs = &theirs
	}
	out.Ratio = f.held(out.Ours, theirs)
	against := out.Ratio
	if f.many {
		v := pairs[0].ours
		out.Low, out.High, out.Reps = v[f.key+keyLeast], v[f.key+keyMost], int(v[keyRuns])
		if against = out.High; f.atLeast {
			against = out.Low
		}
	}
	out.OK = f.kind == shown || against <= f.bar && !f.atLeast || against >= f.bar && f.atLeast
	return out
}

// held is what the bar is held against.
func (f figure) held(ours, other float64) float64 {
	switch {
	case f.kind == limit || f.kind == shown && other == 0 || ours == 0:
		return ours
	case other == 0:
		return math.MaxFloat64
	}
	return ours / other
}

func median(of []float64) float64 {
	s := slices.Sorted(slices.Values(of))
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}
