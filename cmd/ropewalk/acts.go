package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

func connectCommand(a *app) *cobra.Command {
	keep := false
	cmd := &cobra.Command{
		Use:     "connect ADDR|RECORD",
		GroupID: "act",
		Short:   "Connect to an address or a record",
		Long:    "Connects to an address or a record. With --keep the node dials it again whenever the link is lost,\nuntil `ropewalk disconnect --forget` or its own end; [session] peers lasts longer.",
		Example: "  ropewalk connect /ip4/203.0.113.5/tcp/4001/p2p/16Uiu2…\n  ropewalk connect enode://5f3a…@203.0.113.5:30303\n  ropewalk connect enr:-…\n  ropewalk connect --keep enode://5f3a…@node.example.org:30303",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if keep {
				return a.keep(cmd, args[0])
			}
			var out struct {
				ID id.ID `json:"id"`
			}
			if err := a.call(cmd, "session_connect", map[string]any{"addr": args[0]}, &out); err != nil {
				return fmt.Errorf("connect: %w", err)
			}
			if a.json {
				return a.printJSON(out)
			}
			_, err := fmt.Fprintln(a.out, out.ID)
			return err
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "dial it again whenever the link is lost")
	return cmd
}

// keep adds a kept peer; that it cannot be reached yet is told, and no failure.
func (a *app) keep(cmd *cobra.Command, addr string) error {
	var out ropewalk.Kept
	if err := a.call(cmd, "session_connect", map[string]any{"addr": addr, "keep": true}, &out); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if a.json {
		return a.printJSON(out)
	}
	if !out.Connected {
		fmt.Fprintf(a.err, "kept, and dialled again: %s\n", out.Why)
	}
	_, err := fmt.Fprintln(a.out, out.ID)
	return err
}

func disconnectCommand(a *app) *cobra.Command {
	forget := false
	cmd := &cobra.Command{
		Use:               "disconnect ID",
		GroupID:           "act",
		Short:             "Close the link to a peer",
		Long:              "Closes the link to a peer, named by its ID, the first digits of it, its libp2p peer ID, its record or an\naddress that names it. A peer that is kept comes back; with --forget it is kept no more.",
		Example:           "  ropewalk disconnect 5f3a09bc\n  ropewalk disconnect --forget 5f3a09bc",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: first(a.peers()),
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := a.peer(cmd, args[0])
			if err != nil {
				return err
			}
			if err := a.call(cmd, "session_disconnect", map[string]any{"id": who, "forget": forget}, nil); err != nil {
				return fmt.Errorf("disconnect: %w", err)
			}
			return a.did("disconnected", who.String())
		},
	}
	cmd.Flags().BoolVar(&forget, "forget", false, "keep it no more, connected or not")
	return cmd
}

// peer finds a connected peer by its ID, the first digits of it, its peer ID, its record
// or an address that names it.
func (a *app) peer(cmd *cobra.Command, text string) (id.ID, error) {
	if who, err := id.Parse(text); err == nil {
		return who, nil
	}
	if p, err := id.ParsePeerID(text); err == nil {
		return p.ID(), nil
	}
	if a, err := link.ParseAddr(text); err == nil && !a.ID().IsZero() {
		return a.ID(), nil
	}
	if who, ok := recordID(text); ok {
		return who, nil
	}
	prefix := strings.ToLower(strings.TrimPrefix(text, "0x"))
	if len(prefix) < 4 || len(prefix) > 64 || strings.Trim(prefix, "0123456789abcdef") != "" {
		return id.ID{}, usagef("%.80q is no ID: want 64 hex digits, at least the first 4 of them, a libp2p peer ID, a record or an address", text)
	}
	var all []ropewalk.Session
	if err := a.call(cmd, "session_list", nil, &all); err != nil {
		return id.ID{}, err
	}
	var hits []id.ID
	for _, s := range all {
		if strings.HasPrefix(s.ID.String()[2:], prefix) {
			hits = append(hits, s.ID)
		}
	}
	switch len(hits) {
	case 0:
		return id.ID{}, failf(exitNotFound, "no connected peer begins with %s", prefix)
	case 1:
		return hits[0], nil
	}
	return id.ID{}, usagef("%d connected peers begin with %s", len(hits), prefix)
}

// recordID is whose record a text is.
func recordID(text string) (id.ID, bool) {
	r, err := enr.Parse(text)
	if err != nil {
		return id.ID{}, false
	}
	return r.ID(), true
}

// banMax is the longest ban the API takes.
const banMax = 10 * 365 * 24 * time.Hour

func banCommand(a *app) *cobra.Command {
	span := 24 * time.Hour
	cmd := &cobra.Command{
		Use:     "ban [ID|ADDR]",
		GroupID: "act",
		Short:   "Refuse a node or an address for a while, or list who is refused",
		Example: "  ropewalk ban\n  ropewalk ban 0x5f3a… --for 24h\n  ropewalk ban enode://5f3a…@203.0.113.5:30303\n  ropewalk ban 203.0.113.5",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.bans(cmd)
			}
			if span < time.Second || span > banMax {
				return usagef("--for %s: want 1s to %s", span, banMax)
			}
			if err := a.call(cmd, "session_ban", map[string]any{"target": args[0], "for": span.String()}, nil); err != nil {
				return fmt.Errorf("ban: %w", err)
			}
			return a.did("banned", args[0])
		},
	}
	cmd.Flags().DurationVar(&span, "for", span, "how `long`")
	return cmd
}

// bans lists the bans in force.
func (a *app) bans(cmd *cobra.Command) error {
	c, err := a.client(cmd)
	if err != nil {
		return err
	}
	defer c.Close()
	all := ropewalk.BansPage{Bans: []ropewalk.Ban{}}
	for {
		var page ropewalk.BansPage
		if err := c.Call(cmd.Context(), "session_bans", map[string]any{"offset": len(all.Bans), "limit": hostsAsked}, &page); err != nil {
			return err
		}
		all.Total, all.Bans = page.Total, append(all.Bans, page.Bans...)
		if len(page.Bans) == 0 || len(all.Bans) >= page.Total {
			break
		}
	}
	if a.json {
		return a.printJSON(all)
	}
	t := newTable(a.out, "TARGET", "ENDS")
	for _, b := range all.Bans {
		t.row(b.Target, "in "+span(time.Until(b.Until)))
	}
	return t.end()
}

func unbanCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "unban ID|ADDR",
		GroupID: "act",
		Short:   "Lift a ban",
		Example: "  ropewalk unban 203.0.113.5",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.call(cmd, "session_unban", map[string]any{"target": args[0]}, nil); err != nil {
				return fmt.Errorf("unban: %w", err)
			}
			return a.did("unbanned", args[0])
		},
	}
}

func trustCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "trust ID|ADDR|RECORD",
		GroupID: "act",
		Short:   "Put a peer above the limits on links",
		Long:    "Puts a peer above all limits on links until the node ends; [session] trusted lasts longer. It is let\nin though all places are taken, takes nobody's, and is never let go for another. A ban refuses it.",
		Example: "  ropewalk trust 16Uiu2…\n  ropewalk trust enode://…@203.0.113.5:30303",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.call(cmd, "session_trust", map[string]any{"target": args[0]}, nil); err != nil {
				return fmt.Errorf("trust: %w", err)
			}
			return a.did("trusted", args[0])
		},
	}
}

func untrustCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "untrust ID|ADDR|RECORD",
		GroupID: "act",
		Short:   "Put a peer under the limits on links again",
		Example: "  ropewalk untrust 16Uiu2…",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.call(cmd, "session_untrust", map[string]any{"target": args[0]}, nil); err != nil {
				return fmt.Errorf("untrust: %w", err)
			}
			return a.did("untrusted", args[0])
		},
	}
}

func stopCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "stop",
		GroupID: "act",
		Short:   "Stop the running node",
		Example: "  ropewalk stop --data A",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.call(cmd, "node_stop", nil, nil); err != nil {
				return err
			}
			return a.did("stopping", a.folder(cmd))
		},
	}
}

// did reports a deed that has no data of its own.
func (a *app) did(verb, what string) error {
	if a.json {
		return a.printJSON(map[string]any{"ok": true, verb: what})
	}
	t := newTable(a.out)
	t.row(verb + " " + what)
	return t.end()
}
