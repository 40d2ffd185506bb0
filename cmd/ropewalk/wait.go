package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
)

// waitEvery is the pause between two looks.
const waitEvery = 200 * time.Millisecond

func waitCommand(a *app) *cobra.Command {
	var peers int
	var within time.Duration
	cmd := &cobra.Command{
		Use:     "wait",
		GroupID: "look",
		Short:   "Wait until the node has peers",
		Long: "Waits until a node runs and has at least --peers peers, then prints how many. After --timeout the\n" +
			"exit code is 4, or 5 when no node runs by then.",
		Example: "  ropewalk node & ropewalk wait --peers 3 --timeout 1m && ropewalk pub news hello",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if peers < 0 || peers > 10000 {
				return usagef("--peers %d: want 0 to 10000", peers)
			}
			if within <= 0 {
				return usagef("--timeout %s: want more than 0", within)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			ctx, cancel := context.WithTimeout(ctx, within)
			defer cancel()
			return a.wait(cmd, ctx, peers, within)
		},
	}
	cmd.Flags().IntVar(&peers, "peers", 1, "how `many`")
	cmd.Flags().DurationVar(&within, "timeout", 30*time.Second, "how `long`")
	return cmd
}

func (a *app) wait(cmd *cobra.Command, ctx context.Context, peers int, within time.Duration) error {
	dir := a.folder(cmd)
	have, last := 0, error(nil)
	for {
		have, last = countPeers(ctx, dir)
		if last == nil && have >= peers {
			if a.json {
				return a.printJSON(map[string]int{"peers": have})
			}
			_, err := fmt.Fprintln(a.out, plural(have, "peer"))
			return err
		}
		select {
		case <-time.After(waitEvery):
			continue
		case <-ctx.Done():
		}
		var none *client.NoNodeError
		switch {
		case errors.Is(ctx.Err(), context.Canceled):
			return ctx.Err()
		case errors.As(last, &none):
			return last
		}
		return failf(exitPartly, "%d of %s after %s", have, plural(peers, "peer"), within)
	}
}

func countPeers(ctx context.Context, dir string) (int, error) {
	c, err := client.Open(dir)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var all []ropewalk.Session
	err = c.Call(ctx, "session_list", nil, &all)
	return len(all), err
}
