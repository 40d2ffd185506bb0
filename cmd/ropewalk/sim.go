package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk/scenario"
	"github.com/ropewalk/ropewalk/sim"
)

// simOptions are the flags of sim.
type simOptions struct {
	script          string
	nodes           int
	hostile         int
	version         string
	seed            uint64
	loss, churn     float64
	latency, jitter time.Duration
}

func simCommand(a *app) *cobra.Command {
	var o simOptions
	cmd := &cobra.Command{
		Use:     "sim SCRIPT|NAME",
		GroupID: "run",
		Short:   "Play a script on a simulated network of thousands of nodes",
		Long: "Runs the same node code on one clock and one seed, over a modelled network. The same seed gives\n" +
			"the same run, event for event; the hash at the end says so.\n\n" +
			"Scripts: " + strings.Join(scenario.Builtins(), ", ") + ".\n" +
			"Those named gossip lay out a network and measure it, attacked or not, beside one that is held to an\n" +
			"older version of GossipSub.",
		Example: "  ropewalk sim chat --nodes 1000 --seed 7 --json\n  ropewalk sim chat --nodes 1000 --loss 0.1 --churn 0.2\n" +
			"  ropewalk sim gossip-eclipse --nodes 250 --hostile 1000",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: orFile(scenario.Builtins()),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.script = args[0]
			switch {
			case cmd.Flags().Changed("nodes") && (o.nodes < 1 || o.nodes > 100_000):
				return usagef("--nodes %d: want 1 to 100000", o.nodes)
			case cmd.Flags().Changed("hostile") && (o.hostile < 0 || o.hostile > 100_000):
				return usagef("--hostile %d: want 0 to 100000", o.hostile)
			case !(o.loss >= 0 && o.loss < 1):
				return usagef("--loss %v: want 0 to below 1", o.loss)
			case !(o.churn >= 0 && o.churn < 1):
				return usagef("--churn %v: want 0 to below 1", o.churn)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return runSim(ctx, a, o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.nodes, "nodes", 0, "`number` of nodes; 0 for as many as the script says")
	f.IntVar(&o.hostile, "hostile", -1, "`number` of hostile hosts; -1 for as many as the script says")
	f.StringVar(&o.version, "version", "", "`version` of GossipSub to hold every router to: 1.0, 1.1 or 1.2 (default the newest, beside what the script compares with)")
	f.Uint64Var(&o.seed, "seed", 1, "`seed` of all chance")
	f.Float64Var(&o.loss, "loss", 0, "`share` of packets lost")
	f.Float64Var(&o.churn, "churn", 0, "`share` of nodes that leave and return all the time")
	f.DurationVar(&o.latency, "latency", 0, "one-way `time` of a packet (default 50ms)")
	f.DurationVar(&o.jitter, "jitter", 0, "how far the latency varies either way (default 30ms)")
	cmd.AddCommand(simFields(a)...)
	return cmd
}

// simMemory is where the collector begins to work harder.
const simMemory = 3 << 30

// runSim plays the script and prints what came of every step, and the hash.
func runSim(ctx context.Context, a *app, o simOptions) error {
	script, err := loadScript(o.script)
	if err != nil {
		return err
	}
	if o.nodes > 0 {
		if err := script.Resize(o.nodes); err != nil {
			return usagef("%v", err)
		}
	}
	if o.hostile >= 0 {
		if err := script.ResizeHostile(o.hostile); err != nil {
			return usagef("%v", err)
		}
	}
	// One run that ends soon: fewer collections are worth their memory, up to a limit.
	debug.SetGCPercent(800)
	debug.SetMemoryLimit(simMemory)
	bar := newMeter(a)
	opt := sim.Options{
		Script: script, Seed: o.seed, Loss: o.loss, Churn: o.churn, Latency: o.latency, Jitter: o.jitter, Version: o.version,
		Stop: func() bool { return ctx.Err() != nil },
		Progress: func(virtual time.Duration, events uint64, step string) {
			bar.show("%s of network time, %d events, %s", virtual.Round(time.Second), events, step)
		},
	}
	r, err := told(a, bar, func() (sim.Report, error) { return sim.Run(opt) }, printSim)
	if err == nil && !r.OK {
		err = failf(exitFailed, "sim: an expectation did not hold; repeat with: ropewalk sim %s --nodes %d --seed %d --loss %g --churn %g%s", o.script, r.Nodes, r.Seed, o.loss, o.churn, o.labFlags())
	}
	return err
}

// told runs an experiment and prints what it found.
func told[R any](a *app, bar *meter, run func() (R, error), print func(io.Writer, R, time.Duration) error) (R, error) {
	started := time.Now()
	r, err := run()
	bar.clear()
	switch {
	case err != nil:
		return r, err
	case a.json:
		return r, json.NewEncoder(a.out).Encode(r)
	}
	return r, print(a.out, r, time.Since(started))
}

// labFlags are the flags of an experiment that were given, to repeat it.
func (o simOptions) labFlags() (flags string) {
	if o.hostile >= 0 {
		flags = fmt.Sprintf(" --hostile %d", o.hostile)
	}
	if o.version != "" {
		flags += " --version " + o.version
	}
	return flags
}

func printSim(out io.Writer, r sim.Report, took time.Duration) error {
	for _, s := range r.Steps {
		mark := "ok  "
		if !s.OK {
			mark = "FAIL"
		}
		if _, err := fmt.Fprintf(out, "%s %8s  %s  %s\n", mark, s.Took.Round(time.Millisecond), s.Text, s.Detail); err != nil {
			return err
		}
	}
	if err := printGossip(out, r); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d nodes, %s of network time in %s, %d events, %d deliveries\nseed %d hash %s\n",
		r.Nodes, r.Virtual.Round(time.Second), took.Round(10*time.Millisecond), r.Events, r.Deliveries, r.Seed, r.Hash)
	return err
}

// printGossip prints what an experiment measured, a line per router.
func printGossip(out io.Writer, r sim.Report) error {
	if r.Gossip == nil {
		return nil
	}
	_, err := fmt.Fprintf(out, "\n%-8s %9s %8s %8s %8s %7s %10s %9s %5s\n",
		"router", "delivered", "p50", "p99", "max", "copies", "to hostile", "MiB sent", "mesh")
	for at := &r; at != nil && err == nil; at = at.Against {
		g := at.Gossip
		if g == nil {
			continue
		}
		_, err = fmt.Fprintf(out, "%-8s %8.2f%% %8s %8s %8s %7.2f %10.2f %9.1f %5d\n", at.Router, 100*g.Share,
			g.P50.Round(time.Millisecond), g.P99.Round(time.Millisecond), g.Max.Round(time.Millisecond),
			g.Copies, g.ToHostile, float64(g.Bytes)/(1<<20), g.HonestMesh)
	}
	if err == nil {
		_, err = fmt.Fprint(out, "copies: messages put on the wire per delivery; mesh: the fewest honest members of any\n\n")
	}
	return err
}
