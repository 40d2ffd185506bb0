package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

// status is what the command prints: the ready object and what changes.
type status struct {
	ropewalk.Info
	Peers    int             `json:"peers"`
	Inbound  int             `json:"inbound"`
	Outbound int             `json:"outbound"`
	Rooms    []ropewalk.Room `json:"rooms"`
	Health   ropewalk.Health `json:"health"`
	Hosts    map[string]int  `json:"hosts"`
	Slots    map[string]int  `json:"slots"` // by state
}

func statusCommand(a *app) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:     "status",
		GroupID: "look",
		Short:   "Show how the node is",
		Example: "  ropewalk status\n  ropewalk status --json\n  ropewalk status --check && echo healthy",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.status(cmd)
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(s)
			} else {
				err = a.printStatus(s)
			}
			if err == nil && check && !s.Health.OK {
				return failf(exitFailed, "the node is not healthy")
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "exit 1 unless the node is healthy")
	return cmd
}

func (a *app) status(cmd *cobra.Command) (s status, err error) {
	c, err := a.client(cmd)
	if err != nil {
		return s, err
	}
	defer c.Close()
	var sessions []ropewalk.Session
	var slots []ropewalk.Slot
	var hosts ropewalk.HostsPage
	for _, call := range []struct {
		method string
		params any
		result any
	}{
		{"node_info", nil, &s.Info}, {"node_health", nil, &s.Health}, {"session_list", nil, &sessions},
		{"session_slots", nil, &slots}, {"session_hosts", map[string]any{"limit": 1}, &hosts}, {"chat_rooms", nil, &s.Rooms},
	} {
		if err := c.Call(cmd.Context(), call.method, call.params, call.result); err != nil {
			return s, err
		}
	}
	s.Peers, s.Hosts, s.Rooms, s.Slots = len(sessions), hosts.Counts, list(s.Rooms), map[string]int{}
	for _, x := range sessions {
		if x.Direction == "in" {
			s.Inbound++
		} else {
			s.Outbound++
		}
	}
	for _, x := range slots {
		s.Slots[x.State]++
	}
	return s, nil
}

func (a *app) printStatus(s status) error {
	t := newTable(a.out)
	t.row("id", s.ID.String())
	t.row("peer id", s.PeerID)
	t.row("network", s.Network)
	t.row("version", s.Version+" ("+s.Profile+")")
	t.row("up", span(time.Duration(s.Uptime*float64(time.Second))))
	t.row("peers", fmt.Sprintf("%d (%d in, %d out)", s.Peers, s.Inbound, s.Outbound))
	t.row("slots", counts(s.Slots))
	t.row("hosts", counts(s.Hosts))
	for _, addr := range s.LibP2P {
		t.row("listens", shortAddr(addr, false))
	}
	if s.Enode != "" {
		t.row("listens", shortAddr(s.Enode, false)+" (RLPx)")
	}
	if s.UDP != "" {
		t.row("listens", s.UDP+" (discv5)")
	}
	t.row("rpc", s.RPC)
	var rooms []string
	for _, r := range s.Rooms {
		rooms = append(rooms, fmt.Sprintf("%s (%s)", r.Room, plural(r.Members, "member")))
	}
	t.row("rooms", strings.Join(rooms, ", "))
	health := "ok"
	if !s.Health.OK {
		health = "NOT OK"
	}
	t.row("health", health)
	for _, c := range s.Health.Checks {
		if !c.OK {
			t.row("", c.Name+": "+c.Detail)
		}
	}
	return t.end()
}

// counts prints a map of numbers in the order of its names.
func counts(m map[string]int) string {
	var out []string
	for _, k := range sortedKeys(m) {
		out = append(out, fmt.Sprintf("%d %s", m[k], k))
	}
	return strings.Join(out, ", ")
}
