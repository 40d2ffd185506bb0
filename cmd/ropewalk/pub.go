package main

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
)

// lineBytesMax bounds a line of standard input: what a gossip message may carry.
const lineBytesMax = 1 << 20

func pubCommand(a *app) *cobra.Command {
	var least int
	cmd := &cobra.Command{
		Use:     "pub TOPIC [TEXT]",
		GroupID: "talk",
		Short:   "Publish a message, or one per line of standard input",
		Long: "Publishes to a gossip topic and prints the message's ID and how many peers it was sent to. Reaching\n" +
			"nobody is no success: exit code 1.",
		Example:           "  ropewalk pub news 'the tide turns'\n  tail -f events.log | ropewalk pub events",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: first(a.topics()),
		RunE: func(cmd *cobra.Command, args []string) error {
			if least < 0 || least > 10000 {
				return usagef("--min-peers %d: want 0 to 10000", least)
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			defer c.Close()
			p := &publisher{app: a, client: c, topic: args[0], least: least}
			if len(args) == 2 {
				if err := p.publish(cmd, []byte(args[1])); err != nil {
					return err
				}
				return p.verdict()
			}
			lines := bufio.NewScanner(a.in)
			lines.Buffer(nil, lineBytesMax+2)
			for lines.Scan() {
				if err := p.publish(cmd, lines.Bytes()); err != nil {
					return err
				}
			}
			if err := lines.Err(); err != nil {
				return fmt.Errorf("standard input: %w", err)
			}
			return p.verdict()
		},
	}
	cmd.Flags().IntVar(&least, "min-peers", 1, "fail unless at least this `many` peers were reached; 0 accepts none")
	return cmd
}

// publisher publishes and counts.
type publisher struct {
	app        *app
	client     *client.Client
	topic      string
	least      int
	sent, lost int
}

func (p *publisher) publish(cmd *cobra.Command, data []byte) error {
	var out ropewalk.Published
	err := p.client.Call(cmd.Context(), "gossip_publish", map[string]any{"topic": p.topic, "data": data}, &out)
	if err != nil {
		return fmt.Errorf("pub: %w", err)
	}
	p.sent++
	if out.Peers < p.least {
		p.lost++
	}
	if p.app.json {
		return p.app.printJSONLine(out)
	}
	_, err = fmt.Fprintf(p.app.out, "%s %s\n", out.ID, plural(out.Peers, "peer"))
	return err
}

func (p *publisher) verdict() error {
	switch {
	case p.lost == 0:
		return nil
	case p.least > 1:
		return failf(exitFailed, "%d of %d messages reached fewer than %d peers", p.lost, p.sent, p.least)
	case p.sent == 1:
		return failf(exitFailed, "the message reached no peer: nobody connected follows %q", p.topic)
	}
	return failf(exitFailed, "%d of %d messages reached no peer", p.lost, p.sent)
}
