package main

import (
	"fmt"
	"slices"
	"time"
)

// side is who is measured.
type side string

const (
	ours  side = "ours"
	rival side = "theirs"
)

// values are what one measurement brought: nanoseconds, bytes or counts.
type values map[string]float64

// workload is something that both sides can be put to.
type workload struct {
	name string
	run  func(s side, seed uint64) (values, error)
	pure bool // measured in a program built without cgo
	once bool // whatever the repetitions: it is the same every time, or long
}

// inFlight is how many messages are under way at a time under load.
const inFlight = 64

func networkLoad(name string, l load) workload {
	return workload{name: name, run: func(s side, seed uint64) (values, error) { return runNetwork(s, seed, l) }}
}

var workloads = []workload{
	networkLoad("unsigned-256", load{nodes: 20, degree: 10, size: 256, messages: 3000, window: inFlight, warmup: 300}),
	networkLoad("unsigned-1k", load{nodes: 20, degree: 10, size: 1024, messages: 3000, window: inFlight, warmup: 300}),
	networkLoad("signed-256", load{nodes: 20, degree: 10, size: 256, signed: true, ed25519: true, messages: 2000, window: inFlight, warmup: 300}),
	networkLoad("signed-256-secp256k1", load{nodes: 20, degree: 10, size: 256, signed: true, messages: 2000, window: inFlight, warmup: 300}),
	networkLoad("pair-signed-256", load{nodes: 2, degree: 1, size: 256, signed: true, ed25519: true, messages: 10000, window: inFlight, oneAuthor: true, warmup: 1000}),
	networkLoad("pair-signed-256-secp256k1", load{nodes: 2, degree: 1, size: 256, signed: true, messages: 10000, window: inFlight, oneAuthor: true, warmup: 1000}),
	networkLoad("unsigned-64k", load{nodes: 20, degree: 10, size: 64 << 10, messages: 300, window: inFlight, warmup: 40}),
	networkLoad("paced-256", load{nodes: 20, degree: 10, size: 256, messages: 200, every: 50 * time.Millisecond, warmup: 40}),
	networkLoad("counted-256", load{nodes: 20, degree: 10, size: 256, messages: 1000, window: inFlight, counting: true, warmup: 100}),
	networkLoad("counted-256-mesh", load{nodes: 20, degree: 10, size: 256, messages: 1000, window: inFlight, counting: true, meshOnly: true, warmup: 100}),
	networkLoad("throttle-256", load{nodes: 20, degree: 10, size: 256, signed: true, messages: 2000, window: inFlight, counting: true, plain: true, warmup: 100}),
	{name: "forward-12", run: func(s side, seed uint64) (values, error) { return runForward(s, seed, forwarded+1) }},
	{name: "forward-1000", run: runForward1000},
	{name: "duplicate-256", run: runDuplicate},
	{name: "ihave-5000", run: runIHave},
	{name: "heartbeat", run: runHeartbeat},
	{name: "goroutines", run: runGoroutines},
}

// runForward1000 compares 1,000 subscribers with twelve, in one process.
func runForward1000(s side, seed uint64) (values, error) {
	few, err := runForward(s, seed, forwarded+1)
	if err != nil {
		return nil, err
	}
	out, err := runForward(s, seed, 1000)
	if err != nil {
		return nil, err
	}
	out["few"] = few["cpu"]
	return out, nil
}

func workloadNamed(name string) (workload, error) {
	for _, w := range slices.Concat(workloads, linkWorkloads, sessionWorkloads, overlayWorkloads) {
		if w.name == name {
			return w, nil
		}
	}
	return workload{}, fmt.Errorf("no workload %q", name)
}

func newMember(s side, seed uint64, i int, l load) (member, error) {
	if s == ours {
		return newRope(seed, i, l)
	}
	return newTheirs(seed, i, l)
}
