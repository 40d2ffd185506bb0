package main

import (
	"slices"
	"time"
)

// overlayFigures are the bars that discovery and content have to reach, each group with
// its workloads.
var (
	overlayFigures   = slices.Concat(discv5Figures, streamFigures, utpGoFigures, lineFigures, findFigures, devnetFigures, storeFigures, simFigures)
	overlayWorkloads = slices.Concat(discv5Workloads, streamWorkloads, utpGoWorkloads, lineWorkloads, findWorkloads, devnetWorkloads, storeWorkloads, simWorkloads)
)

// discv5Figures are beside go-ethereum's p2p/discover.
var discv5Figures = []figure{
	{name: "talk-32", says: "TALK round trips of 32 B per second of CPU, both ends", workload: "talk-32", key: "rate", bar: 2.0, atLeast: true, unit: perCPU},
	{name: "talk-32-allocs", says: "the same, allocations", workload: "talk-32", key: "mallocs", kind: limit, bar: 10},
	{name: "talk-one-node-50ms", says: "answers per second from one node 50 ms away, 64 askers at a time", workload: "talk-50ms", key: "rate", kind: limit, bar: 600, atLeast: true, unit: perSecond},
	{name: "discv5-handshakes", says: "handshakes per second of CPU, both sides with libsecp256k1", workload: "discv5-handshakes", key: "rate", bar: 1.0, atLeast: true, unit: perCPU},
	{name: "table-of-50", says: "50 nodes that know one, after 10 s: entries of the poorest table", workload: "discv5-50", key: "table", kind: limit, bar: 16, atLeast: true},
	{name: "lookups-of-50", says: "lookups there that begin with the nearest node of all", workload: "discv5-50", key: "found", kind: limit, bar: 95, atLeast: true, unit: percent},
	{name: "flood-ping-p99", says: "ping while 10,000 packets a second come from strangers, p99", workload: "discv5-flood", key: "p99", kind: limit, bar: 20e6, unit: nanos},
	{name: "flood-ping-loss", says: "the same, lost", workload: "discv5-flood", key: "loss", kind: limit, bar: 1, unit: percent},
	{name: "flood-cpu", says: "CPU of all of that, per packet of the flood", workload: "discv5-flood", key: "cpu", kind: shown, unit: nanos},
}

var discv5Workloads = []workload{
	{name: "talk-32", run: func(s side, _ uint64) (values, error) { return runTalk(s, 32, 40_000) }},
	{name: "talk-50ms", run: func(s side, _ uint64) (values, error) { return runTalkFar(s, 50*time.Millisecond, 5*time.Second) }},
	{name: "discv5-handshakes", run: runShakes},
	{name: "discv5-50", run: func(s side, seed uint64) (values, error) { return runDiscv5Net(s, seed, 50, 10*time.Second) }},
	{name: "discv5-flood", run: func(s side, _ uint64) (values, error) { return runFlood(s, 10_000, 5*time.Second) }},
}
