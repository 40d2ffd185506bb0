package main

// linkFigures are the bars that links and protocols have to reach.
var linkFigures = []figure{
	{name: "oneway-64", workload: "oneway-64", key: "rate", bar: 2.0, atLeast: true, unit: perCPU},
	{name: "oneway-1k", workload: "oneway-1k", key: "rate", bar: 1.5, atLeast: true, unit: perCPU},
	{name: "bulk-256k", workload: "bulk-256k", key: "speed", bar: 1.0, atLeast: true, unit: mbps},
	{name: "bulk-1m", workload: "bulk-1m", key: "speed", bar: 1.0, atLeast: true, unit: mbps},
	{name: "echo-64", workload: "echo-64", key: "rate", bar: 2.0, atLeast: true, unit: perCPU},
	{name: "echo-64-wall", workload: "echo-64", key: "wall", bar: 2.0, atLeast: true, unit: perSecond},
	{name: "allocs-64", workload: "oneway-64", key: "mallocs", kind: limit, bar: 1},
	{name: "heap-after-15m", workload: "heap-after-15m", key: "heap", kind: limit, bar: 512 << 10, unit: bytes_},
	{name: "half-open-15m", workload: "half-open-15m", key: "heap", kind: limit, bar: 64 << 10, unit: bytes_},
	{name: "echo-beside-stall", workload: "echo-beside-stall", key: "p99", kind: limit, bar: 50e6, unit: nanos},
	{name: "handshakes-libsecp256k1", workload: "handshakes", key: "rate", bar: 0.95, atLeast: true, unit: perCPU},
	{name: "handshakes-pure", workload: "handshakes-pure", key: "rate", bar: 1.7, atLeast: true, unit: perCPU},
	{name: "goroutines", workload: "link-goroutines", key: "goroutines", kind: limit, bar: 3},
	{name: "libp2p-64k-to-rlpx", workload: "libp2p-64k", key: "speed", base: "rlpx", kind: own, bar: 1.5, atLeast: true, unit: mbps},
	{name: "libp2p-64k-to-raw", workload: "libp2p-64k", key: "speed", bar: 0.9, atLeast: true, unit: mbps},
}

var linkWorkloads = []workload{
	{name: "oneway-64", run: func(s side, _ uint64) (values, error) { return runOneWay(s, 64, 200_000) }},
	{name: "oneway-1k", run: func(s side, _ uint64) (values, error) { return runOneWay(s, 1<<10, 150_000) }},
	{name: "bulk-256k", run: func(s side, _ uint64) (values, error) { return runOneWay(s, 256<<10, 800) }},
	{name: "bulk-1m", run: func(s side, _ uint64) (values, error) { return runOneWay(s, 1<<20, 200) }},
	{name: "echo-64", run: func(s side, _ uint64) (values, error) { return runEcho(s, 64, 100_000, inFlight) }},
	{name: "heap-after-15m", run: runHeapAfter},
	{name: "half-open-15m", run: runHalfOpen},
	{name: "echo-beside-stall", run: runStall},
	{name: "handshakes", run: runHandshakes},
	{name: "handshakes-pure", run: runHandshakes, pure: true},
	{name: "link-goroutines", run: runLinkGoroutines},
	{name: "libp2p-64k", run: runLibP2P},
}
