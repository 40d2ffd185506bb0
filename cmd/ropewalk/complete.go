package main

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

// words completes the first argument out of a list.
func words(list []string) cobra.CompletionFunc {
	return first(func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return list, cobra.ShellCompDirectiveNoFileComp
	})
}

// orFile completes out of a list, and by the shell's names of files.
func orFile(list []string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return list, cobra.ShellCompDirectiveDefault
	}
}

// completeWithin bounds how long a shell waits for a node.
const completeWithin = time.Second

// asked completes out of what the running node answers; nothing when none runs, and no word
// with which a stranger could do something to the terminal.
func asked[T any](a *app, method string, params any, words func(T) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
		defer cancel()
		cmd.SetContext(ctx)
		var got T
		var out []cobra.Completion
		if a.call(cmd, method, params, &got) == nil {
			for _, w := range words(got) {
				if !strings.ContainsFunc(w, unicode.IsControl) {
					out = append(out, w)
				}
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// first is for the first argument alone.
func first(f cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, part string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f(cmd, args, part)
	}
}

// topics completes the topics that the node has joined, not those that strangers name.
func (a *app) topics() cobra.CompletionFunc {
	return asked(a, "gossip_topics", nil, func(all []ropewalk.TopicInfo) (out []string) {
		for _, t := range all {
			if t.Subscribed {
				out = append(out, t.Topic)
			}
		}
		return out
	})
}

// rooms completes the rooms that the node is in.
func (a *app) rooms() cobra.CompletionFunc {
	return asked(a, "chat_rooms", nil, func(all []ropewalk.Room) (out []string) {
		for _, r := range all {
			out = append(out, r.Room)
		}
		return out
	})
}

// kept completes the IDs of what the user put into the network of files.
func (a *app) kept() cobra.CompletionFunc {
	return asked(a, "content_list", map[string]any{"limit": hostsAsked}, func(page ropewalk.ContentPage) (out []string) {
		for _, i := range page.Items {
			if i.Durable {
				out = append(out, i.ID.String())
			}
		}
		return out
	})
}

// networks completes the names of content networks.
func (a *app) networks() cobra.CompletionFunc {
	type stat struct {
		Networks []ropewalk.ContentNetwork `json:"networks"`
	}
	return asked(a, "content_stat", nil, func(s stat) (out []string) {
		for _, n := range s.Networks {
			out = append(out, n.Name)
		}
		return out
	})
}

// peers completes the IDs of the peers that are connected.
func (a *app) peers() cobra.CompletionFunc {
	return asked(a, "session_list", nil, func(all []ropewalk.Session) (out []string) {
		for _, s := range all {
			out = append(out, s.ID.String())
		}
		return out
	})
}
