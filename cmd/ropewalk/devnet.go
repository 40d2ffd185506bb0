package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

// devnetOptions are the flags of devnet.
type devnetOptions struct {
	nodes     int
	script    string
	exit      bool
	dash      string
	processes bool
}

func devnetCommand(a *app) *cobra.Command {
	var o devnetOptions
	cmd := &cobra.Command{
		Use:     "devnet",
		GroupID: "run",
		Short:   "Run a network of real nodes on this machine, with the dashboard",
		Long: "Starts real nodes on loopback, one of them a seed from which the others learn everything, and\n" +
			"shows them on the dashboard. With --script the steps of a script are played; with --exit the\n" +
			"network ends after it, and the exit code says whether every expectation held.",
		Example: "  ropewalk devnet\n  ropewalk devnet --nodes 8 --script demo --exit\n  ropewalk devnet --nodes 5 --processes --script demo --exit",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.nodes < 1 || o.nodes > 500 {
				return usagef("--nodes %d: want 1 to 500", o.nodes)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			ok, err := runDevnet(ctx, a.out, o, a.json)
			if err != nil {
				return err
			}
			if !ok {
				return failf(exitFailed, "devnet: an expectation did not hold")
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.nodes, "nodes", 8, "`number` of nodes, the seed included")
	f.StringVar(&o.script, "script", "", "script to play: demo or a `file`")
	f.BoolVar(&o.exit, "exit", false, "end after the script")
	f.StringVar(&o.dash, "dash", "127.0.0.1:7480", "`host:port` of the dashboard")
	f.BoolVar(&o.processes, "processes", false, "run every node as a process of its own")
	return cmd
}

// runDevnet is the seam to package devnet.
func runDevnet(context.Context, io.Writer, devnetOptions, bool) (ok bool, err error) {
	return false, ropewalk.ErrNotBuilt
}
