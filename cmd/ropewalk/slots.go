package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

func slotsCommand(a *app) *cobra.Command {
	var full bool
	var p pageFlags
	var outbound, inbound int
	cmd := &cobra.Command{
		Use:     "slots",
		GroupID: "look",
		Short:   "List the slots the session manager keeps filled, or change how many",
		Long: "Lists the slots: what each is for, who fills it, or why nobody does and when it is tried again. With\n" +
			"--outbound or --inbound it changes, until the node ends, how many slots are kept filled and how many\n" +
			"links are taken in; of slots that go, empty ones go first, and links taken in stay until they end.",
		Example: "  ropewalk slots\n  ropewalk slots --outbound 16",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			change := map[string]any{}
			for name, n := range map[string]int{"outbound": outbound, "inbound": inbound} {
				if cmd.Flags().Changed(name) {
					change[name] = n
				}
			}
			if len(change) > 0 {
				return a.setSlots(cmd, change)
			}
			if err := p.check(); err != nil {
				return err
			}
			var all []ropewalk.Slot
			if err := a.call(cmd, "session_slots", nil, &all); err != nil {
				return err
			}
			shown := page(p, all)
			if a.json {
				return a.printJSON(shown)
			}
			if err := a.slotTable(shown, full); err != nil {
				return err
			}
			a.rest(p, len(shown), len(all))
			return nil
		},
	}
	addFull(cmd, &full)
	addPage(cmd, &p)
	cmd.Flags().IntVar(&outbound, "outbound", 0, "keep this `many` slots filled from now on")
	cmd.Flags().IntVar(&inbound, "inbound", 0, "take in this `many` links from now on")
	return cmd
}

// setSlots changes the running node.
func (a *app) setSlots(cmd *cobra.Command, change map[string]any) error {
	var out ropewalk.Places
	if err := a.call(cmd, "session_set", change, &out); err != nil {
		return fmt.Errorf("slots: %w", err)
	}
	if a.json {
		return a.printJSON(out)
	}
	_, err := fmt.Fprintf(a.out, "outbound %d, inbound %d\n", out.Outbound, out.Inbound)
	return err
}

func (a *app) slotTable(all []ropewalk.Slot, full bool) error {
	t := newTable(a.out, "SLOT", "ROLE", "USE", "STATE", "ID", "FOR", "TRIES", "RETRY", "ADDRESS", "WHY")
	for _, s := range all {
		who, retry := s.ID, ""
		if !full && len(who) > 10 {
			who = strings.TrimPrefix(who, "0x")[:8]
		}
		if !s.RetryAt.IsZero() {
			retry = "in " + span(time.Until(s.RetryAt))
		}
		t.row(fmt.Sprint(s.Slot), s.Role, s.Use, s.State, who, ago(s.Since, time.Now()), fmt.Sprint(s.Attempts), retry, shortAddr(s.Addr, full), s.Why)
	}
	return t.end()
}
