package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// errShort is the end of a run in which a bar was not reached.
var errShort = errors.New("not every bar is reached")

func main() {
	err := run()
	if err != nil && !errors.Is(err, errShort) {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	if err != nil {
		os.Exit(1)
	}
}

func run() error {
	var (
		asJSON   = flag.Bool("json", false, "print the table as JSON")
		markdown = flag.Bool("markdown", false, "print the table as README.md has it")
		which    = flag.String("table", "gossip", "the figures to measure: gossip, links, sessions or overlay")
		only     = flag.String("only", "", "measure only the figures whose name contains `NAME` (several with commas)")
		reps     = flag.Int("reps", 5, "repetitions of each measurement")
		profiles = flag.String("profiles", "", "write a CPU profile of each measurement into `DIR`")
		of       = flag.String("child", "", "measure this workload once and print its values (used by the program itself)")
		as       = flag.String("side", string(ours), "with -child: ours or theirs")
		seed     = flag.Uint64("seed", 1, "with -child: the repetition's number")
	)
	flag.StringVar(&withoutCgo, "pure", "", "`PROGRAM` is this one built with CGO_ENABLED=0, for the figures without cgo")
	flag.Parse()
	if *of != "" {
		return child(*of, side(*as), *seed, *profiles)
	}
	if *reps < 1 {
		return fmt.Errorf("-reps is %d: want at least 1", *reps)
	}
	figures, ok := tables[*which]
	if !ok {
		return fmt.Errorf("-table is %q: want gossip, links, sessions or overlay", *which)
	}
	return table(chosen(figures, *only), *reps, *profiles, *asJSON, forms[*markdown])
}

// tables are the figures by what they are about.
var tables = map[string][]figure{"gossip": gossipFigures, "links": linkFigures, "sessions": sessionFigures, "overlay": overlayFigures}

// chosen are the figures the user wants.
func chosen(figures []figure, only string) []figure {
	var out []figure
	for _, f := range figures {
		for _, name := range strings.Split(only, ",") {
			if strings.Contains(f.name, name) {
				out = append(out, f)
				break
			}
		}
	}
	return out
}

// table measures and prints figures in their order, each as soon as its workload
// is done.
func table(wanted []figure, reps int, profiles string, asJSON bool, as form) error {
	if len(wanted) == 0 {
		return errors.New("no figure has that name")
	}
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, "# "+format+"\n", args...) }
	measured := map[string][]pair{}
	var lines []line
	if !asJSON {
		as.head(os.Stdout)
	}
	short := false
	for _, f := range wanted {
		if measured[f.workload] == nil {
			w, err := workloadNamed(f.workload)
			if err != nil {
				return err
			}
			if measured[f.workload], err = alternate(w, reps, profiles, say); err != nil {
				return err
			}
		}
		l := f.measure(measured[f.workload])
		lines, short = append(lines, l), short || !l.OK
		if !asJSON {
			as.line(l, os.Stdout)
		}
	}
	if asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(lines); err != nil {
			return err
		}
	}
	if short {
		return errShort
	}
	return nil
}
