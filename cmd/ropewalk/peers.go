package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

// peerOrders are the orders of the list of peers, by name.
var peerOrders = map[string]func(a, b ropewalk.Session) int{
	"session": func(a, b ropewalk.Session) int { return cmp.Compare(sessionRank(a), sessionRank(b)) },
	"up":      func(a, b ropewalk.Session) int { return a.Since.Compare(b.Since) },
	"rtt":     func(a, b ropewalk.Session) int { return cmp.Compare(a.RTT, b.RTT) },
	"in":      func(a, b ropewalk.Session) int { return cmp.Compare(b.BytesIn, a.BytesIn) },
	"out":     func(a, b ropewalk.Session) int { return cmp.Compare(b.BytesOut, a.BytesOut) },
}

// sessionRank puts those whom we chose before those who chose us.
func sessionRank(s ropewalk.Session) int {
	return slices.Index([]string{"manual", "outbound", "direct", "inbound", "seed", "refine"}, s.Session)
}

func peersCommand(a *app) *cobra.Command {
	var full bool
	var p pageFlags
	order := "session"
	cmd := &cobra.Command{
		Use:     "peers",
		GroupID: "look",
		Short:   "List connected peers",
		Long: "Lists connected peers: which session each belongs to and why, its round trip, the payloads that\n" +
			"came and went, how many users on demand hold the link, and the tags that protect it.",
		Example: "  ropewalk peers\n  ropewalk peers --sort in --limit 10\n  ropewalk peers --json | jq '.[].id'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			by, ok := peerOrders[order]
			if !ok {
				return usagef("--sort %.40q: want %s", order, strings.Join(sortedKeys(peerOrders), ", "))
			}
			if err := p.check(); err != nil {
				return err
			}
			var all []ropewalk.Session
			if err := a.call(cmd, "session_list", nil, &all); err != nil {
				return err
			}
			slices.SortStableFunc(all, func(x, y ropewalk.Session) int {
				return cmp.Or(by(x, y), x.Since.Compare(y.Since), slices.Compare(x.ID[:], y.ID[:]))
			})
			shown := page(p, all)
			if a.json {
				return a.printJSON(shown)
			}
			if err := a.peerTable(shown, full); err != nil {
				return err
			}
			a.rest(p, len(shown), len(all))
			return nil
		},
	}
	addFull(cmd, &full)
	addPage(cmd, &p)
	cmd.Flags().StringVar(&order, "sort", order, "by `what`: "+strings.Join(sortedKeys(peerOrders), ", "))
	cmd.RegisterFlagCompletionFunc("sort", words(sortedKeys(peerOrders)))
	return cmd
}

func (a *app) peerTable(all []ropewalk.Session, full bool) error {
	t := newTable(a.out, "ID", "DIR", "SESSION", "LINK", "RTT", "IN", "OUT", "UP", "ADDRESS", "AGENT", "WHY")
	for _, s := range all {
		rtt := ""
		if s.RTT > 0 {
			rtt = fmt.Sprintf("%.1fms", s.RTT)
		}
		session := s.Session
		if s.Trusted {
			session += ", trusted"
		}
		why := s.Why
		if s.Uses > 0 {
			why += ", " + plural(s.Uses, "use")
		}
		if len(s.Protections) > 0 {
			why += ", protected: " + strings.Join(s.Protections, " ")
		}
		t.row(shortID(s.ID, full), s.Direction, session, s.Link, rtt, size(s.BytesIn), size(s.BytesOut), ago(s.Since, time.Now()), shortAddr(s.Addr, full), s.Agent, why)
	}
	return t.end()
}

// size is an amount of bytes in the unit that fits.
func size(n uint64) string {
	const units = "KMGT"
	if n < 1<<10 {
		return fmt.Sprintf("%dB", n)
	}
	f, i := float64(n)/(1<<10), 0
	for ; f >= 1<<10 && i < len(units)-1; i++ {
		f /= 1 << 10
	}
	if f < 10 {
		return fmt.Sprintf("%.1f%ciB", f, units[i])
	}
	return fmt.Sprintf("%.0f%ciB", f, units[i])
}
