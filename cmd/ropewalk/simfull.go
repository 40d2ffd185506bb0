package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/sim"
	"github.com/ropewalk/ropewalk/sim/eclipse"
)

// trialRun is one experiment of a full run and what came of it.
type trialRun struct {
	Name    string          `json:"name"`
	Command string          `json:"command"`
	Field   *sim.Result     `json:"field,omitempty"`
	Eclipse *eclipse.Report `json:"eclipse,omitempty"`
	CPU     time.Duration   `json:"cpu_ns"`
	Memory  int64           `json:"memory_bytes"` // most of the process so far

	run func(*trialRun) error
}

// trialRuns are the experiments, the large one last: memory is counted up to each.
func trialRuns(ctx context.Context, small bool, seed uint64) []*trialRun {
	stop := func() bool { return ctx.Err() != nil }
	field := func(name string, nodes, few int, run func(sim.Field) (sim.Result, error)) *trialRun {
		if small {
			nodes = few
		}
		return &trialRun{Name: name, Command: fmt.Sprintf("ropewalk sim %s --nodes %d --seed %d", name, nodes, seed), run: func(t *trialRun) error {
			r, err := run(sim.Field{Nodes: nodes, Seed: seed, Stop: stop})
			t.Field = &r
			return err
		}}
	}
	siege := func(rules string, trials, few int, attack time.Duration) *trialRun {
		o := eclipse.Options{Rules: rules, Trials: trials, Seed: seed, Attack: 24 * time.Hour, Stop: stop}
		if small {
			o.Trials, o.Attack = few, attack
		}
		return &trialRun{Name: rules, Command: fmt.Sprintf("ropewalk sim eclipse --rules %s --trials %d --attack %gh --seed %d", rules, o.Trials, o.Attack.Hours(), seed), run: func(t *trialRun) error {
			r, err := eclipse.Run(o)
			t.Eclipse = &r
			return err
		}}
	}
	lasts := 3 * time.Minute
	if small {
		lasts = 20 * time.Second
	}
	churn := func(nodes, few, slots int, lasts time.Duration) *trialRun {
		t := field("churn", nodes, few, func(f sim.Field) (sim.Result, error) {
			return sim.Churn(sim.Turnover{Field: f, Churn: 0.2, For: lasts, Slots: slots})
		})
		t.Command += fmt.Sprintf(" --slots %d --churn 0.2 --for %s", slots, lasts)
		t.Name += fmt.Sprintf("-%d", slots)
		return t
	}
	runs := []*trialRun{
		siege("ropewalk", 1000, 20, 3*time.Hour),
		siege("darkfi", 200, 20, 24*time.Hour),
		siege("bitcoin2015", 200, 20, 24*time.Hour),
		field("seeds", 100, 80, sim.Seeds),
		field("outage", 200, 60, sim.Outage),
		field("half", 60, 60, sim.Half),
		field("cold", 1000, 100, sim.Cold),
	}
	if !small {
		// Nine tenths of the default eight slots are all of them.
		runs = append(runs, churn(5000, 0, session.OutboundDefault, time.Minute))
	}
	return append(runs, churn(10_000, 300, 10, lasts))
}

func simFullCommand(a *app) *cobra.Command {
	var o struct {
		small    bool
		dir, out string
		seed     uint64
	}
	cmd := &cobra.Command{
		Use:   "full",
		Short: "Run every experiment on sessions and write a report",
		Long: "Runs the experiments eclipse, seeds, outage, half, cold and churn one after the other. With --dir the\n" +
			"results are kept there, and what is there already is not run again.",
		Example: "  ropewalk sim full --small\n  ropewalk sim full --dir runs --out report.md",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			runs := trialRuns(ctx, o.small, o.seed)
			for _, t := range runs {
				if err := t.once(o.dir); err != nil {
					return err
				}
				if err := t.print(a.out); err != nil {
					return err
				}
			}
			if o.out != "" {
				if err := os.WriteFile(o.out, []byte(simReport(runs)), 0o644); err != nil {
					return failf(exitFailed, "%v", err)
				}
			}
			for _, t := range runs {
				if !t.ok() {
					return failf(exitFailed, "sim full: a bar is not reached")
				}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.small, "small", false, "the same at small scale, in a minute")
	f.StringVar(&o.dir, "dir", "", "`folder` that keeps the results")
	f.StringVar(&o.out, "out", "", "`file` for the report in Markdown")
	f.Uint64Var(&o.seed, "seed", 1, "`seed` of all chance")
	return cmd
}

// once runs the experiment unless the folder has its result.
func (t *trialRun) once(dir string) error {
	kept := filepath.Join(dir, t.Name+".json")
	if dir != "" {
		data, err := os.ReadFile(kept)
		var was trialRun
		switch {
		case err == nil && json.Unmarshal(data, &was) == nil && was.Command == t.Command:
			was.run = t.run
			*t = was
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return failf(exitFailed, "%v", err)
		}
	}
	before := spentCPU()
	if err := t.run(t); err != nil {
		return err
	}
	t.CPU, t.Memory = spentCPU()-before, mostMemory()
	if dir == "" {
		return nil
	}
	data, err := json.MarshalIndent(t, "", "\t")
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(kept, data, 0o644)
	}
	if err != nil {
		return failf(exitFailed, "%v", err)
	}
	return nil
}

func (t *trialRun) ok() bool {
	return (t.Field == nil || t.Field.OK()) && (t.Eclipse == nil || t.Eclipse.OK())
}

func (t *trialRun) print(out io.Writer) error {
	if _, err := fmt.Fprintf(out, "== %s\n", t.Command); err != nil {
		return err
	}
	if t.Eclipse != nil {
		return printEclipse(out, *t.Eclipse, t.CPU)
	}
	return printField(out, *t.Field, t.CPU)
}

// spentCPU is the processor time of the process, and mostMemory the most that it held.
func spentCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func mostMemory() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return int64(u.Maxrss) << 10
}

// simReport is the report as a page.
func simReport(runs []*trialRun) string {
	var b strings.Builder
	b.WriteString("# Sessions in the simulator: the figures\n\n" +
		"Written by `make sim-full`; [simulation.md](simulation.md) says what each experiment does. The hash tells whether\n" +
		"two runs were the same. Processor time is that of one core, memory the most the process held so far.\n")
	for _, t := range runs {
		fmt.Fprintf(&b, "\n## %s\n\n`%s`\n\n", t.Name, t.Command)
		if t.Eclipse != nil {
			eclipsePage(&b, t.Eclipse)
		} else {
			fieldPage(&b, t.Field)
		}
		fmt.Fprintf(&b, "\n%s of processor time, %.1f GiB; hash `%.16s`\n", t.CPU.Round(time.Second), float64(t.Memory)/(1<<30), t.hash())
	}
	return b.String()
}

func (t *trialRun) hash() string {
	if t.Eclipse != nil {
		return t.Eclipse.Hash
	}
	return t.Field.Hash
}

func word(ok bool) string {
	if ok {
		return "ok"
	}
	return "**short**"
}

func eclipsePage(b *strings.Builder, r *eclipse.Report) {
	b.WriteString("| attacker | anchors | trials, fillings | eclipsed | bar | | links his after the restart | before |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, c := range r.Cases {
		fmt.Fprintf(b, "| %s | %s | %d, %d | %.2f %% | %s | %s | %.1f %% | %.1f %% |\n",
			c.Attack, c.Anchors, c.Trials, c.Fillings, 100*c.Share(), c.Bar(), word(c.OK()), 100*c.Hostile, 100*c.Before)
	}
}

func fieldPage(b *strings.Builder, r *sim.Result) {
	b.WriteString("| figure | value | bar | |\n| --- | --- | --- | --- |\n")
	for _, f := range r.Found {
		ok := ""
		if f.Bar != "" {
			ok = word(f.OK)
		}
		value := fmt.Sprintf("%.4g %s", f.Value, f.Unit)
		if f.Value >= sim.Never {
			value = "not within the run"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", f.What, strings.TrimSpace(value), f.Bar, ok)
	}
	fmt.Fprintf(b, "\n%d nodes, %s of network time, %d events\n", r.Nodes, r.Virtual.Round(time.Second), r.Events)
}
