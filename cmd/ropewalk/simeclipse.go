package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk/sim/eclipse"
)

func eclipseCommand(a *app) *cobra.Command {
	var o eclipse.Options
	cmd := &cobra.Command{
		Use:   "eclipse",
		Short: "Fill a node's host book for hours, restart it, and see whom its links lead to",
		Long: "A node with the product's host book and session manager, or with rules of others, lives in a\n" +
			"modelled network of honest hosts that come and go. An attacker with 8,192 addresses in 32 /24s, or\n" +
			"4,600 scattered ones, tells it of them for hours. Then it restarts, again and again; a trial counts\n" +
			"as eclipsed when all its outbound links lead to the attacker.",
		Example: "  ropewalk sim eclipse --trials 100\n  ropewalk sim eclipse --rules darkfi --trials 100 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case !slices.Contains(eclipse.Rules, o.Rules):
				return usagef("--rules %s: want one of %q", o.Rules, eclipse.Rules)
			case o.Trials < 1 || o.Trials > 1_000_000:
				return usagef("--trials %d: want 1 to 1000000", o.Trials)
			case o.Attack <= 0 || o.Attack > 30*24*time.Hour:
				return usagef("--attack %v: want up to 720h", o.Attack)
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return runEclipse(ctx, a, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Rules, "rules", eclipse.Rules[0], "whose `rules` the node follows: ropewalk, darkfi or bitcoin2015")
	f.IntVar(&o.Trials, "trials", 1000, "`number` of restarts of each case")
	f.IntVar(&o.PerFilling, "per-filling", eclipse.TrialsPerFilling, "`number` of restarts that share a filled book")
	f.DurationVar(&o.Attack, "attack", 24*time.Hour, "how `long` the attack lasts")
	f.Uint64Var(&o.Seed, "seed", 1, "`seed` of all chance")
	return cmd
}

func runEclipse(ctx context.Context, a *app, o eclipse.Options) error {
	bar := newMeter(a)
	o.Progress = func(what string, done, of int) { bar.show("%s: %d of %d trials", what, done, of) }
	o.Stop = func() bool { return ctx.Err() != nil }
	r, err := told(a, bar, func() (eclipse.Report, error) { return eclipse.Run(o) }, printEclipse)
	if err == nil && !r.OK() {
		err = failf(exitFailed, "sim eclipse: a bar is not reached")
	}
	return err
}

func printEclipse(out io.Writer, r eclipse.Report, took time.Duration) error {
	if _, err := fmt.Fprintf(out, "%-8s %-8s %7s %9s %9s %10s %10s %7s\n",
		"attacker", "anchors", "trials", "eclipsed", "bar", "links his", "before", "empty"); err != nil {
		return err
	}
	for _, c := range r.Cases {
		if _, err := fmt.Fprintf(out, "%-8s %-8s %7d %8.2f%% %9s %9.1f%% %9.1f%% %6.1f%%\n",
			c.Attack, c.Anchors, c.Trials, 100*c.Share(), c.Bar(), 100*c.Hostile, 100*c.Before, 100*c.Empty); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "links his: of those after the restart; before: of those at the end of the attack\n"+
		"rules %s, %d dials in %s\nseed %d hash %s\n", r.Rules, r.Dials, took.Round(10*time.Millisecond), r.Seed, r.Hash)
	return err
}
