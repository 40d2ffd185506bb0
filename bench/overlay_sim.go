package main

import (
	"errors"
	"strings"

	"github.com/ropewalk/ropewalk/sim"
)

// simFigures are of the simulator: the same seed gives the same run, so there is one.
var simFigures = []figure{
	{name: "sim-content-1000", says: "1,000 simulated nodes, a fifth gone, a tenth lying: content found", workload: "sim-content", key: "found", kind: limit, bar: 99.5, atLeast: true, unit: percent},
	{name: "sim-content-get-p95", says: "the same, a get, p95, in virtual time", workload: "sim-content", key: "p95", kind: shown, unit: nanos},
}

var simWorkloads = []workload{
	{name: "sim-content", once: true, run: func(s side, _ uint64) (values, error) { return runSimContent(s, 1000, simSeed) }},
}

// simSeed is that of the other figures of the simulator.
const simSeed = 7

// runSimContent puts content into a network of which a tenth lies, has a fifth of it go,
// and asks for it.
func runSimContent(s side, nodes int, seed uint64) (values, error) {
	if s == rival {
		return nil, nil
	}
	r, err := sim.Content(sim.Field{Nodes: nodes, Seed: seed})
	if err != nil {
		return nil, err
	}
	v := values{}
	for _, f := range r.Found {
		switch {
		case strings.Contains(f.What, "is found"):
			v["found"] = f.Value
		case strings.Contains(f.What, "not what was put"):
			v["wrong"] = f.Value
		case strings.Contains(f.What, "95 of 100"):
			v["p95"] = f.Value * 1e9
		}
	}
	if len(v) != 3 {
		return nil, errors.New("the simulator has other findings")
	}
	if v["wrong"] > 0 {
		return nil, errOther
	}
	return v, nil
}
