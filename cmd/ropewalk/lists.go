package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func topicsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "topics",
		GroupID: "look",
		Short:   "List gossip topics and their neighbourhood",
		Example: "  ropewalk topics",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []ropewalk.TopicInfo
			if err := a.call(cmd, "gossip_topics", nil, &all); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list(all))
			}
			t := newTable(a.out, "TOPIC", "SUBSCRIBED", "PEERS", "MESH", "FANOUT", "DELIVERED", "DUPLICATES", "REJECTED", "PUBLISHED")
			for _, x := range all {
				subscribed := "no"
				if x.Subscribed {
					subscribed = "yes"
				}
				t.row(x.Topic, subscribed, fmt.Sprint(x.Peers), fmt.Sprint(x.Mesh), fmt.Sprint(x.Fanout),
					fmt.Sprint(x.Delivered.N), fmt.Sprint(x.Duplicates.N), fmt.Sprint(x.Rejected), fmt.Sprint(x.Published.N))
			}
			return t.end()
		},
	}
}

func recordCommand(a *app) *cobra.Command {
	var qr bool
	cmd := &cobra.Command{
		Use:     "record",
		GroupID: "look",
		Short:   "Print the node's signed record",
		Example: "  ropewalk record\n  ropewalk connect \"$(ropewalk record --data A)\" --data B",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var info ropewalk.Info
			if err := a.call(cmd, "node_info", nil, &info); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"id": info.ID, "peer_id": info.PeerID, "enr": info.ENR, "libp2p": info.LibP2P})
			}
			if info.ENR == "" {
				return failf(exitFailed, "the node has no record yet")
			}
			if _, err := fmt.Fprintln(a.out, info.ENR); err != nil || !qr {
				return err
			}
			return printQR(a.out, info.ENR)
		},
	}
	cmd.Flags().BoolVar(&qr, "qr", false, "print it as a QR code too")
	return cmd
}

// pageFlags are those of a list that is shown page by page.
type pageFlags struct{ offset, limit int }

func addPage(cmd *cobra.Command, p *pageFlags) {
	cmd.Flags().IntVar(&p.offset, "offset", 0, "leave out this `many` at the beginning")
	cmd.Flags().IntVar(&p.limit, "limit", 1000, "at most this `many`")
}

func (p pageFlags) check() error {
	switch {
	case p.limit < 1:
		return usagef("--limit %d: want 1 or more", p.limit)
	case p.offset < 0:
		return usagef("--offset %d: want 0 or more", p.offset)
	}
	return nil
}

// page is what of a whole list is shown.
func page[T any](p pageFlags, all []T) []T {
	all = all[min(p.offset, len(all)):]
	return list(all[:min(p.limit, len(all))])
}

// rest tells on standard error that there is more than was shown.
func (a *app) rest(p pageFlags, shown, total int) {
	if p.offset > 0 || shown < total {
		fmt.Fprintf(a.err, "%d of %d; --offset and --limit show others\n", shown, total)
	}
}

func addFull(cmd *cobra.Command, full *bool) {
	cmd.Flags().BoolVar(full, "full", false, "whole IDs and addresses")
}
