package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

func scopesCommand(a *app) *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use:     "scopes",
		GroupID: "look",
		Short:   "List what links cost the node, and what they may",
		Long: "List what links cost the node, and what they may: connections, streams, goroutines, bytes of\n" +
			"messages that protocols have not read and bytes that wait to be written; of the system, of each\n" +
			"session, protocol and peer. Links that are not judged yet are of the session \"transient\".",
		Example: "  ropewalk scopes\n  ropewalk scopes --json | jq '.[] | select(.refused > 0)'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []ropewalk.Scope
			if err := a.call(cmd, "session_scopes", nil, &all); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list(all))
			}
			t := newTable(a.out, "SCOPE", "NAME", "LINKS", "STREAMS", "GOROUTINES", "UNREAD", "QUEUED", "REFUSED")
			for _, s := range all {
				name := s.Name
				if who, err := id.Parse(name); err == nil {
					name = shortID(who, full)
				}
				u, l := s.Used, s.Limit
				t.row(s.Scope, name, of(int64(u.Conns), int64(l.Conns)), of(int64(u.Streams), int64(l.Streams)),
					of(int64(u.Goroutines), int64(l.Goroutines)), of(u.Unread, l.Unread), of(u.Queued, l.Queued), fmt.Sprint(s.Refused))
			}
			return t.end()
		},
	}
	addFull(cmd, &full)
	return cmd
}

// of is an amount and its limit, if it has one.
func of(used, limit int64) string {
	if limit == 0 {
		return fmt.Sprint(used)
	}
	return fmt.Sprintf("%d/%d", used, limit)
}
