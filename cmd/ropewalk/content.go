package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/id"
)

func contentCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "content",
		GroupID: "look",
		Short:   "Look at what the node keeps, and how content is found",
		Long: "Without a subcommand: the content networks that the node takes part in, what it keeps of each and\n" +
			"how much of the ring it covers.",
		Example: "  ropewalk content\n  ropewalk content list\n  ropewalk content trace 0x5f3a…\n  ropewalk content rm 0x5f3a…",
		Args:    unknownCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.contentStat(cmd) },
	}
	cmd.AddCommand(contentStatCommand(a), contentListCommand(a), contentTraceCommand(a), contentRemoveCommand(a))
	return cmd
}

func contentStatCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "stat",
		Short:   "How the node does in each content network",
		Example: "  ropewalk content stat --json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.contentStat(cmd) },
	}
}

func (a *app) contentStat(cmd *cobra.Command) error {
	var all struct {
		Networks []ropewalk.ContentNetwork `json:"networks"`
	}
	if err := a.call(cmd, "content_stat", nil, &all); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(all)
	}
	t := newTable(a.out, "NETWORK", "PROTOCOL", "KIND", "NODES", "LIVE", "ITEMS", "STORED", "CAPACITY", "RING", "FOUND")
	for _, n := range all.Networks {
		t.row(n.Name, n.Protocol, n.Kind, fmt.Sprint(n.Nodes), fmt.Sprint(n.Live), fmt.Sprint(n.Items), size(uint64(max(n.Bytes, 0))),
			size(uint64(max(n.Capacity, 0))), fmt.Sprintf("%.3g%%", 100*n.RadiusShare), fmt.Sprintf("%d of %d", n.Found, n.Lookups))
	}
	return t.end()
}

func contentListCommand(a *app) *cobra.Command {
	var network string
	var limit int
	var files bool
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List what the node keeps",
		Long:    "Lists the items of one content network that this node keeps, its own and those of others, by their IDs.",
		Example: "  ropewalk content list\n  ropewalk content list --files\n  ropewalk content list --network history --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usagef("--limit %d: want 1 or more", limit)
			}
			all, err := a.contentItems(cmd, network, limit)
			if err != nil {
				return err
			}
			if files {
				all = slices.DeleteFunc(all, func(i ropewalk.ContentItem) bool { return i.Kind != "manifest" })
			}
			if a.json {
				return a.printJSON(list(all))
			}
			t := newTable(a.out, "ID", "KIND", "SIZE", "PUT", "KEY")
			for _, i := range all {
				key := ""
				if i.Kind == "" {
					key = i.Key.String()
				}
				by := "by others"
				if i.Durable {
					by = "here"
				}
				t.row(i.ID.String(), i.Kind, size(uint64(max(i.Size, 0))), by, key)
			}
			return t.end()
		},
	}
	cmd.Flags().StringVar(&network, "network", "", "content network, by `name`; default: the one of files")
	cmd.RegisterFlagCompletionFunc("network", a.networks())
	cmd.Flags().IntVar(&limit, "limit", 1000, "at most this `many`")
	cmd.Flags().BoolVar(&files, "files", false, "only manifests: files above one chunk of 1 MiB")
	return cmd
}

// contentItems reads page by page.
func (a *app) contentItems(cmd *cobra.Command, network string, limit int) (all []ropewalk.ContentItem, err error) {
	c, err := a.client(cmd)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var after *ropewalk.ContentID
	for len(all) < limit {
		var page ropewalk.ContentPage
		params := map[string]any{"network": network, "after": after, "limit": min(limit-len(all), hostsAsked)}
		if err := c.Call(cmd.Context(), "content_list", params, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if after = page.Next; after == nil || len(page.Items) == 0 {
			break
		}
	}
	return all, nil
}

func contentRemoveCommand(a *app) *cobra.Command {
	var network string
	cmd := &cobra.Command{
		Use:               "rm ID",
		Short:             "Forget a file that the node keeps",
		Long:              "Takes a file, all of its chunks, out of this node's store. What other nodes keep they keep.",
		Example:           "  ropewalk content rm 0x5f3a…",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: first(a.kept()),
		RunE: func(cmd *cobra.Command, args []string) error {
			which, err := contentID(args[0])
			if err != nil {
				return err
			}
			return a.call(cmd, "content_drop", map[string]any{"id": which, "network": network}, nil)
		},
	}
	cmd.Flags().StringVar(&network, "network", "", "content network, by `name`; default: the one of files")
	cmd.RegisterFlagCompletionFunc("network", a.networks())
	return cmd
}

func contentTraceCommand(a *app) *cobra.Command {
	var network string
	var full bool
	cmd := &cobra.Command{
		Use:   "trace ID|KEY",
		Short: "Show how content is found, hop by hop",
		Long: "Looks content up and shows whom the node asked, whom they named and who had it. An ID means a file\n" +
			"or a chunk; 0x and the hex digits of a key are looked up in the network that --network names.",
		Example:           "  ropewalk content trace 0x5f3a…\n  ropewalk content trace 0x00f400000000000000 --network history --json",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: first(a.kept()),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys := []string{args[0]}
			if which, err := contentID(args[0]); err == nil {
				keys = []string{"0x01" + which.String()[2:], "0x00" + which.String()[2:]}
			}
			if network == "" {
				network = "blob"
			}
			trace, found, err := a.traced(cmd, network, keys)
			if trace == nil {
				return err
			}
			if a.json {
				err = errors.Join(a.printJSON(trace), err)
			} else {
				err = errors.Join(a.printTrace(trace, found, full), err)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&network, "network", "", "content network, by `name`; default: blob")
	cmd.RegisterFlagCompletionFunc("network", a.networks())
	addFull(cmd, &full)
	return cmd
}

// traced looks for the first of several keys that is there.
func (a *app) traced(cmd *cobra.Command, network string, keys []string) (trace *ropewalk.LookupTrace, found bool, err error) {
	for _, key := range keys {
		var out struct {
			Trace *ropewalk.LookupTrace `json:"trace"`
		}
		err = a.call(cmd, "portal_"+network+"TraceGetContent", map[string]string{"contentKey": key}, &out)
		var e *client.Error
		if errors.As(err, &e) && e.Code == client.CodePortalTraced {
			trace = traceIn(e.Data)
			continue
		}
		return out.Trace, err == nil, err
	}
	return trace, false, err
}

// traceIn reads a trace out of an error's data; nil when there is none.
func traceIn(data map[string]any) *ropewalk.LookupTrace {
	raw, err := json.Marshal(data)
	if err != nil {
		return nil
	}
	var out ropewalk.LookupTrace
	if json.Unmarshal(raw, &out) != nil || out.Origin.IsZero() {
		return nil
	}
	return &out
}

// hop is a node of a trace.
type hop struct {
	who   string
	after int64
	said  string
}

// printTrace lists the nodes in the order in which they answered.
func (a *app) printTrace(trace *ropewalk.LookupTrace, found, full bool) error {
	var hops []hop
	name := func(text string) string {
		who, err := id.Parse(text)
		if err != nil {
			return text
		}
		return shortID(who, full)
	}
	source := ""
	if trace.ReceivedFrom != nil {
		source = trace.ReceivedFrom.String()
	}
	for who, r := range trace.Responses {
		said := "named " + plural(len(r.RespondedWith), "node")
		switch {
		case who == trace.Origin.String() && who != source:
			said = "we: " + plural(len(r.RespondedWith), "node") + " to begin with"
		case who == source:
			said = "has it"
		}
		after := r.DurationMs
		if who == trace.Origin.String() {
			after = -1 // before all others
		}
		hops = append(hops, hop{who, after, said})
	}
	for who, f := range trace.Failures {
		hops = append(hops, hop{who, f.DurationMs, f.Failure})
	}
	slices.SortFunc(hops, func(x, y hop) int { return cmp.Or(cmp.Compare(x.after, y.after), cmp.Compare(x.who, y.who)) })
	t := newTable(a.out, "AFTER", "NODE", "DISTANCE", "SAID")
	for _, h := range hops {
		t.row(fmt.Sprint(time.Duration(max(h.after, 0))*time.Millisecond), name(h.who), distance(trace.Metadata[h.who].Distance), h.said)
	}
	if err := t.end(); err != nil {
		return err
	}
	if !found {
		return nil
	}
	if source == "" || source == trace.Origin.String() {
		_, err := fmt.Fprintln(a.out, "\nfound here")
		return err
	}
	_, err := fmt.Fprintf(a.out, "\nfound at %s\n", name(source))
	return err
}

// distance is a distance by its length in bits.
func distance(d id.ID) string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("2^%d", id.LogDistance(id.ID{}, d)-1)
}
