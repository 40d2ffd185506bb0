package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk/devnet"
	"github.com/ropewalk/ropewalk/scenario"
)

// devnetOptions are the flags of devnet.
type devnetOptions struct {
	nodes     int
	script    string
	exit      bool
	dash      string
	processes bool
	dir       string
	link      string
	dnet      bool
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
		Example: "  ropewalk devnet\n  ropewalk devnet --nodes 8 --script demo --exit\n  ropewalk devnet --nodes 5 --processes --script demo --exit\n" +
			"  ropewalk devnet --nodes 30 --processes --script churn --exit\n  ropewalk devnet --link rlpx",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.nodes < 1 || o.nodes > devnet.NodesMax {
				return usagef("--nodes %d: want 1 to %d", o.nodes, devnet.NodesMax)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			ok, err := runDevnet(ctx, a.out, o, a.json)
			if errors.Is(err, devnet.ErrOptions) {
				return usageError{err} // a script that this many nodes cannot play
			}
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
	f.StringVar(&o.script, "script", "", "script to play: "+strings.Join(scenario.Builtins(), ", ")+" or a `file`")
	cmd.RegisterFlagCompletionFunc("script", orFile(scenario.Builtins()))
	f.BoolVar(&o.exit, "exit", false, "end after the script")
	f.StringVar(&o.dash, "dash", "127.0.0.1:7480", "`host:port` of the dashboard; empty for none")
	f.BoolVar(&o.processes, "processes", false, "run every node as a process of its own, killed by SIGKILL")
	f.StringVar(&o.link, "link", "", "`kind` of link between the nodes: "+strings.Join(devnet.Links, ", ")+"; empty for both")
	cmd.RegisterFlagCompletionFunc("link", words(devnet.Links))
	f.BoolVar(&o.dnet, "dnet", false, "give every node a socket for DarkFi's viewers")
	f.StringVar(&o.dir, "dir", "", "`folder` for the nodes' data; empty for a temporary one")
	return cmd
}

// runDevnet runs the net and prints its steps as they happen, or with --json the
// result at the end.
func runDevnet(ctx context.Context, out io.Writer, o devnetOptions, asJSON bool) (ok bool, err error) {
	opt := devnet.Options{Nodes: o.nodes, Exit: o.exit, Dash: o.dash, Processes: o.processes, Dir: o.dir, Out: out, Link: o.link, Dnet: o.dnet}
	if asJSON {
		opt.Out = io.Discard
	}
	if o.script != "" {
		if opt.Script, err = loadScript(o.script); err != nil {
			return false, err
		}
	}
	if opt.Binary, err = os.Executable(); err != nil {
		return false, err
	}
	res, err := devnet.Run(ctx, opt)
	if ctx.Err() != nil && len(res.Steps) > 0 {
		err = nil // the user's ctrl-c is how a devnet without --exit ends
	}
	if err == nil && asJSON {
		err = json.NewEncoder(out).Encode(res)
	}
	return res.OK || ctx.Err() != nil && !o.exit, err
}

// loadScript finds a script that comes with the program, or reads a file.
func loadScript(name string) (*scenario.Script, error) {
	if s, ok := scenario.Builtin(name); ok {
		return s, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usagef("script %q is neither a file nor one of %s", name, strings.Join(scenario.Builtins(), ", "))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, scriptBytesMax))
	if err != nil {
		return nil, err
	}
	s, err := scenario.Parse(name, text)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return s, nil
}

// scriptBytesMax bounds a script file.
const scriptBytesMax = 1 << 20
