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
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// orFile completes out of a list, and by the shell's names of files.
func orFile(list []string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return list, cobra.ShellCompDirectiveDefault
	}
}

// completeWithin bounds how long a shell waits for a node.
const completeWithin = time.Second

// topics completes the topics that the running node has joined, not those that
// strangers name; none when none runs.
func (a *app) topics(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
	defer cancel()
	cmd.SetContext(ctx)
	var all []ropewalk.TopicInfo
	var out []cobra.Completion
	if a.call(cmd, "gossip_topics", nil, &all) == nil {
		for _, t := range all {
			if t.Subscribed && !strings.ContainsFunc(t.Topic, unicode.IsControl) {
				out = append(out, t.Topic)
			}
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
