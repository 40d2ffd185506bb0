package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

func nodesCommand(a *app) *cobra.Command {
	var full, live bool
	var p pageFlags
	cmd := &cobra.Command{
		Use:     "nodes",
		GroupID: "look",
		Short:   "List the nodes that discv5 knows",
		Long: "Lists the routing table of discv5, from the farthest nodes to the nearest; BUCKET is the log distance\n" +
			"of a node's ID from ours. A node is live when it has answered us and not failed since.",
		Example: "  ropewalk nodes\n  ropewalk nodes --live --json\n  ropewalk nodes find 0x5f3a…",
		Args:    unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.check(); err != nil {
				return err
			}
			var all []ropewalk.Discovered
			if err := a.call(cmd, "discv5_nodes", nil, &all); err != nil {
				return err
			}
			kept := []ropewalk.Discovered{}
			for _, n := range all {
				if n.Live || !live {
					kept = append(kept, n)
				}
			}
			shown := page(p, kept)
			if a.json {
				return a.printJSON(shown)
			}
			t := newTable(a.out, "ID", "BUCKET", "LIVE", "SEEN", "RTT", "ADDRESS")
			for _, n := range shown {
				state, rtt := "no", ""
				if n.Live {
					state = "yes"
				}
				if n.RTT > 0 {
					rtt = fmt.Sprintf("%.1fms", n.RTT)
				}
				t.row(shortID(n.ID, full), fmt.Sprint(n.Bucket), state, ago(n.Seen, time.Now()), rtt, n.Addr)
			}
			if err := t.end(); err != nil {
				return err
			}
			a.rest(p, len(shown), len(kept))
			return nil
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "only those that have answered")
	addFull(cmd, &full)
	addPage(cmd, &p)
	cmd.AddCommand(nodesFindCommand(a))
	return cmd
}

func nodesFindCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "find ID",
		Short:   "Find the nodes nearest to an ID",
		Long:    "Searches the network for the nodes nearest to an ID and prints their records, nearest first.",
		Example: "  ropewalk nodes find 0x5f3a…",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := id.Parse(args[0])
			if err != nil {
				return usagef("%.80q is no node ID: want 64 hex digits after 0x", args[0])
			}
			var all []string
			if err := a.call(cmd, "discv5_recursiveFindNodes", map[string]any{"nodeId": target}, &all); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list(all))
			}
			for _, r := range all {
				fmt.Fprintln(a.out, r)
			}
			if len(all) == 0 {
				return failf(exitNotFound, "nodes find: nobody answered")
			}
			return nil
		},
	}
}
