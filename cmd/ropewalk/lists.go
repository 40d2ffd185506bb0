package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func peersCommand(a *app) *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use:     "peers",
		GroupID: "look",
		Short:   "List connected peers",
		Example: "  ropewalk peers\n  ropewalk peers --json | jq '.[].id'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []ropewalk.Session
			if err := a.call(cmd, "session_list", nil, &all); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list(all))
			}
			t := newTable(a.out, "ID", "DIR", "SESSION", "LINK", "RTT", "UP", "ADDRESS", "AGENT")
			for _, s := range all {
				rtt := ""
				if s.RTT > 0 {
					rtt = fmt.Sprintf("%.1fms", s.RTT)
				}
				session := s.Session
				if s.Trusted {
					session += ", trusted"
				}
				t.row(shortID(s.ID, full), s.Direction, session, s.Link, rtt, ago(s.Since, time.Now()), shortAddr(s.Addr, full), s.Agent)
			}
			return t.end()
		},
	}
	addFull(cmd, &full)
	return cmd
}

// hostsAsked is how many hosts one call asks for.
const hostsAsked = 1000

func hostsCommand(a *app) *cobra.Command {
	var full bool
	var colour string
	var limit int
	cmd := &cobra.Command{
		Use:     "hosts",
		GroupID: "look",
		Short:   "List the hosts the node knows",
		Long:    "Lists the host book. Colours: gold, we were connected to it; white, it answered a probe; grey, heard\nof only; dark, we cannot dial it; black, banned.",
		Example: "  ropewalk hosts\n  ropewalk hosts --colour gold --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"", "grey", "white", "gold", "dark", "black"}, colour) {
				return usagef("--colour %.40q: want grey, white, gold, dark or black", colour)
			}
			if limit < 1 {
				return usagef("--limit %d: want 1 or more", limit)
			}
			page, err := a.hosts(cmd, colour, limit)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(page)
			}
			t := newTable(a.out, "ID", "COLOUR", "SEEN", "ADDRESSES")
			for _, h := range page.Hosts {
				addrs := make([]string, len(h.Addrs))
				for i, x := range h.Addrs {
					addrs[i] = shortAddr(x, full)
				}
				t.row(shortID(h.ID, full), h.Colour, ago(h.LastSeen, time.Now()), strings.Join(addrs, " "))
			}
			if err := t.end(); err != nil {
				return err
			}
			if len(page.Hosts) < page.Total {
				fmt.Fprintf(a.err, "%d of %d; --limit shows more\n", len(page.Hosts), page.Total)
			}
			return nil
		},
	}
	addFull(cmd, &full)
	cmd.Flags().StringVar(&colour, "colour", "", "only this `colour`: grey, white, gold, dark, black")
	cmd.Flags().IntVar(&limit, "limit", 1000, "at most this `many`")
	return cmd
}

// hosts reads the book page by page.
func (a *app) hosts(cmd *cobra.Command, colour string, limit int) (all ropewalk.HostsPage, err error) {
	c, err := a.client(cmd)
	if err != nil {
		return all, err
	}
	defer c.Close()
	all.Hosts = []ropewalk.Host{}
	for len(all.Hosts) < limit {
		var page ropewalk.HostsPage
		params := map[string]any{"offset": len(all.Hosts), "limit": min(limit-len(all.Hosts), hostsAsked)}
		if colour != "" {
			params["colour"] = colour
		}
		if err := c.Call(cmd.Context(), "session_hosts", params, &page); err != nil {
			return all, err
		}
		all.Total, all.Counts = page.Total, page.Counts
		all.Hosts = append(all.Hosts, page.Hosts...)
		if len(page.Hosts) == 0 || len(all.Hosts) >= page.Total {
			break
		}
	}
	return all, nil
}

func slotsCommand(a *app) *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use:     "slots",
		GroupID: "look",
		Short:   "List the slots the session manager keeps filled",
		Example: "  ropewalk slots",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []ropewalk.Slot
			if err := a.call(cmd, "session_slots", nil, &all); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list(all))
			}
			t := newTable(a.out, "SLOT", "ROLE", "STATE", "ID", "FOR", "TRIES", "RETRY", "ADDRESS", "WHY")
			for _, s := range all {
				who, retry := s.ID, ""
				if !full && len(who) > 10 {
					who = strings.TrimPrefix(who, "0x")[:8]
				}
				if !s.RetryAt.IsZero() {
					retry = "in " + span(time.Until(s.RetryAt))
				}
				t.row(fmt.Sprint(s.Slot), s.Role, s.State, who, ago(s.Since, time.Now()), fmt.Sprint(s.Attempts), retry, shortAddr(s.Addr, full), s.Why)
			}
			return t.end()
		},
	}
	addFull(cmd, &full)
	return cmd
}

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

func addFull(cmd *cobra.Command, full *bool) {
	cmd.Flags().BoolVar(full, "full", false, "whole IDs and addresses")
}
