package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/internal/plain"
)

func subCommand(a *app) *cobra.Command {
	var count int
	cmd := &cobra.Command{
		Use:               "sub TOPIC",
		GroupID:           "talk",
		Short:             "Print messages of a topic as they come",
		Example:           "  ropewalk sub news\n  ropewalk sub news --json --count 1",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: first(a.topics()),
		RunE: func(cmd *cobra.Command, args []string) error {
			if count < 0 {
				return usagef("--count %d: want 0 or more", count)
			}
			return a.stream(cmd, "gossip_subscribe", map[string]any{"topic": args[0]}, count, a.printMessage)
		},
	}
	cmd.Flags().IntVar(&count, "count", 0, "end after this `many` messages")
	return cmd
}

// stream prints the items of a subscription until a signal, the node's end, or
// count items. show prints one for people.
func (a *app) stream(cmd *cobra.Command, method string, params any, count int, show func(raw []byte) error) error {
	c, err := a.client(cmd)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, stop := untilSignal(cmd.Context())
	defer stop()
	sub, err := c.Subscribe(ctx, method, params)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.err, "listening; Ctrl-C ends")
	var lost uint64
	for n := 0; count == 0 || n < count; n++ {
		raw, err := sub.Next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil // a signal is how this command ends
			}
			if errors.Is(err, client.ErrEnded) {
				return nil
			}
			return err
		}
		if now := sub.Lost(); now != lost {
			fmt.Fprintf(a.err, "ropewalk: %d items were lost: too slow\n", now-lost)
			lost = now
		}
		if a.json {
			err = a.printJSONLine(json.RawMessage(raw))
		} else {
			err = show(raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// printMessage prints a gossip message for people.
func (a *app) printMessage(raw []byte) error {
	var m ropewalk.Message
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	from := m.From
	if len(from) > 8 {
		from = from[len(from)-8:]
	}
	if from == "" {
		from = "unsigned"
	}
	_, err := fmt.Fprintf(a.out, "%s %s %s\n", m.At.Local().Format("15:04:05"), plain.Line(from, 16), plain.Line(string(m.Data), 0))
	return err
}
