package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk/sim"
)

// fieldMemory is where the collector begins to work harder in an experiment with ten
// thousand nodes.
const fieldMemory = 12 << 30

// fieldCommand is one experiment on sessions as a subcommand of sim. run fills in what
// the flags do not say.
func fieldCommand(a *app, use, short string, nodes int, run func(sim.Field) (sim.Result, error)) *cobra.Command {
	var f sim.Field
	cmd := &cobra.Command{
		Use:     use,
		Short:   short,
		Example: fmt.Sprintf("  ropewalk sim %s\n  ropewalk sim %s --nodes 50 --seed 7 --json", use, use),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Nodes < 1 || f.Nodes > 100_000 {
				return usagef("--nodes %d: want 1 to 100000", f.Nodes)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return runField(ctx, a, f, run)
		},
	}
	cmd.Flags().IntVar(&f.Nodes, "nodes", nodes, "`number` of nodes, seeds aside")
	cmd.Flags().Uint64Var(&f.Seed, "seed", 1, "`seed` of all chance")
	return cmd
}

// simFields are the experiments on sessions.
func simFields(a *app) []*cobra.Command {
	var turn sim.Turnover
	churn := fieldCommand(a, "churn", "Nodes that come and go: are the slots of those that live filled?", 10_000, func(f sim.Field) (sim.Result, error) {
		if !(turn.Churn >= 0 && turn.Churn < 1) {
			return sim.Result{}, usagef("--churn %v: want 0 to below 1", turn.Churn)
		}
		turn.Field = f
		return sim.Churn(turn)
	})
	churn.Flags().Float64Var(&turn.Churn, "churn", 0.2, "`share` of the nodes that leave in a minute, and come")
	churn.Flags().DurationVar(&turn.For, "for", 3*time.Minute, "network `time` to look at, after warm-up")
	churn.Flags().IntVar(&turn.Slots, "slots", 10, "outbound `slots` of each node")
	return []*cobra.Command{
		eclipseCommand(a), churn, simFullCommand(a),
		fieldCommand(a, "seeds", "All seeds away for an hour: how often are they knocked at, and what when they return?", 100, sim.Seeds),
		fieldCommand(a, "outage", "Everybody cut off from everybody: who is back when, and do they dial in one moment?", 200, sim.Outage),
		fieldCommand(a, "half", "Half of the nodes killed in one moment: when have the others their slots filled again?", 60, sim.Half),
		fieldCommand(a, "content", "Items put among liars, a fifth of the nodes gone: is what was put found?", 1000, sim.Content),
		fieldCommand(a, "cold", "All nodes started at once, knowing the seeds alone: when are their slots filled?", 1000, sim.Cold),
	}
}

func runField(ctx context.Context, a *app, f sim.Field, run func(sim.Field) (sim.Result, error)) error {
	debug.SetGCPercent(200)
	debug.SetMemoryLimit(fieldMemory)
	bar := newMeter(a)
	f.Progress = func(virtual time.Duration, events uint64, what string) {
		bar.show("%s of network time, %d events, %s", virtual.Round(time.Second), events, what)
	}
	f.Stop = func() bool { return ctx.Err() != nil }
	r, err := told(a, bar, func() (sim.Result, error) { return run(f) }, printField)
	if err == nil && !r.OK() {
		err = failf(exitFailed, "sim %s: a bar is not reached", r.Name)
	}
	return err
}

// printField prints a line per figure.
func printField(out io.Writer, r sim.Result, took time.Duration) error {
	for _, f := range r.Found {
		mark := "ok  "
		switch {
		case !f.OK:
			mark = "FAIL"
		case f.Bar == "":
			mark = "    "
		}
		bar := ""
		if f.Bar != "" {
			bar = "  (" + f.Bar + ")"
		}
		value := fmt.Sprintf("%.4g", f.Value)
		if f.Value >= sim.Never {
			value = "never"
		}
		if _, err := fmt.Fprintf(out, "%s %10s %-2s %s%s\n", mark, value, f.Unit, f.What, bar); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "%d nodes, %s of network time in %s, %d events\nseed %d hash %s\n",
		r.Nodes, r.Virtual.Round(time.Second), took.Round(10*time.Millisecond), r.Events, r.Seed, r.Hash)
	return err
}
