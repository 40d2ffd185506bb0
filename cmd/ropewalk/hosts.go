package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

// hostsAsked is how many hosts one call asks for.
const hostsAsked = 1000

// colours are those of the host book, from those we know best to those we shut out.
var colours = []string{"gold", "white", "grey", "dark", "black"}

func hostsCommand(a *app) *cobra.Command {
	var full bool
	var p pageFlags
	var colour string
	cmd := &cobra.Command{
		Use:     "hosts",
		GroupID: "look",
		Short:   "List the hosts the node knows",
		Long: "Lists the host book and counts it. Colours: gold, we were connected to it; white, it answered a probe;\n" +
			"grey, heard of only; dark, we cannot dial it; black, banned. SEEN is when it last answered us, TRIED when\n" +
			"we last dialled it; FAILS are those in a row, and a host with an anchor is dialled first after a restart.",
		Example: "  ropewalk hosts\n  ropewalk hosts --colour gold --json\n  ropewalk hosts --colour grey --offset 100 --limit 50",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if colour != "" && !slices.Contains(colours, colour) {
				return usagef("--colour %.40q: want %s", colour, strings.Join(colours, ", "))
			}
			if err := p.check(); err != nil {
				return err
			}
			page, err := a.hosts(cmd, colour, p)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(page)
			}
			if err := a.hostTable(page.Hosts, full); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "\n%s\n", counted(page.Counts))
			a.rest(p, len(page.Hosts), page.Total)
			return nil
		},
	}
	cmd.AddCommand(hostsImportCommand(a))
	addFull(cmd, &full)
	addPage(cmd, &p)
	cmd.Flags().StringVar(&colour, "colour", "", "only this `colour`: "+strings.Join(colours, ", "))
	cmd.RegisterFlagCompletionFunc("colour", words(colours))
	return cmd
}

func (a *app) hostTable(all []ropewalk.Host, full bool) error {
	t := newTable(a.out, "ID", "COLOUR", "SEEN", "TRIED", "TRIES", "FAILS", "RETRY", "ADDRESSES")
	for _, h := range all {
		addrs := make([]string, len(h.Addrs))
		for i, x := range h.Addrs {
			addrs[i] = shortAddr(x, full)
		}
		colour, retry := h.Colour, ""
		if h.Anchor {
			colour += ", anchor"
		}
		if time.Until(h.RetryAt) > 0 {
			retry = "in " + span(time.Until(h.RetryAt))
		}
		t.row(shortID(h.ID, full), colour, ago(h.LastSeen, time.Now()), ago(h.LastTried, time.Now()),
			fmt.Sprint(h.Tries), fmt.Sprint(h.Fails), retry, strings.Join(addrs, " "))
	}
	return t.end()
}

// counted says how many hosts the book has, by colour.
func counted(counts map[string]int) string {
	var parts []string
	total := 0
	for _, c := range colours {
		total += counts[c]
		parts = append(parts, fmt.Sprintf("%d %s", counts[c], c))
	}
	return plural(total, "host") + ": " + strings.Join(parts, ", ")
}

// hosts reads part of the book, page by page.
func (a *app) hosts(cmd *cobra.Command, colour string, p pageFlags) (all ropewalk.HostsPage, err error) {
	c, err := a.client(cmd)
	if err != nil {
		return all, err
	}
	defer c.Close()
	all.Hosts = []ropewalk.Host{}
	for len(all.Hosts) < p.limit {
		var page ropewalk.HostsPage
		params := map[string]any{"offset": p.offset + len(all.Hosts), "limit": min(p.limit-len(all.Hosts), hostsAsked)}
		if colour != "" {
			params["colour"] = colour
		}
		if err := c.Call(cmd.Context(), "session_hosts", params, &page); err != nil {
			return all, err
		}
		all.Total, all.Counts = page.Total, page.Counts
		all.Hosts = append(all.Hosts, page.Hosts...)
		if len(page.Hosts) == 0 || p.offset+len(all.Hosts) >= page.Total {
			break
		}
	}
	return all, nil
}
