package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

// simOptions are the flags of sim.
type simOptions struct {
	script      string
	nodes       int
	seed        uint64
	loss, churn float64
}

func simCommand(a *app) *cobra.Command {
	var o simOptions
	cmd := &cobra.Command{
		Use:     "sim SCRIPT|NAME",
		GroupID: "run",
		Short:   "Play a script on a simulated network of thousands of nodes",
		Long: "Runs the same node code on one clock and one seed, over a modelled network. The same seed gives\n" +
			"the same run, event for event; the hash at the end says so.",
		Example: "  ropewalk sim chat --nodes 1000 --seed 7 --json\n  ropewalk sim chat --nodes 1000 --loss 0.1 --churn 0.2",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.script = args[0]
			switch {
			case o.nodes < 1 || o.nodes > 100_000:
				return usagef("--nodes %d: want 1 to 100000", o.nodes)
			case !(o.loss >= 0 && o.loss < 1):
				return usagef("--loss %v: want 0 to 1", o.loss)
			case !(o.churn >= 0 && o.churn <= 1):
				return usagef("--churn %v: want 0 to 1", o.churn)
			}
			return runSim(cmd.Context(), a.out, o, a.json)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.nodes, "nodes", 100, "`number` of nodes")
	f.Uint64Var(&o.seed, "seed", 1, "`seed` of all chance")
	f.Float64Var(&o.loss, "loss", 0, "`share` of dials and links lost")
	f.Float64Var(&o.churn, "churn", 0, "`share` of nodes that leave and return")
	return cmd
}

// runSim is the seam to package sim.
func runSim(context.Context, io.Writer, simOptions, bool) error { return ropewalk.ErrNotBuilt }
