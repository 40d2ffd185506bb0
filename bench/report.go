package main

import (
	"fmt"
	"io"
	"math"
	"time"
)

const row = "%-30s %12s %12s %8s %8s  %-5s  %s\n"

func head(w io.Writer) {
	fmt.Fprintf(w, row, "figure", "ours", "theirs", "ratio", "bar", "", "spread")
}

// print writes a line of the table.
func (l line) print(w io.Writer) {
	bound := "≤ "
	if l.AtLeast {
		bound = "≥ "
	}
	show, ratio := number, number(l.Ratio)
	if l.Ratio == l.Ours { // the bar is for ours alone
		show, ratio = l.Unit.text, ""
	}
	verdict, bar := "short", bound+show(l.Bar)
	switch {
	case l.shown:
		verdict, bar = "", ""
	case l.OK:
		verdict = "ok"
	}
	spread := fmt.Sprintf("%s to %s in %d", show(l.Low), show(l.High), l.Reps)
	fmt.Fprintf(w, row, l.Name, l.Unit.text(l.Ours), l.Unit.text(l.Theirs), ratio, bar, verdict, spread)
}

// text writes a value in its unit.
func (u unit) text(v float64) string {
	switch {
	case v == never:
		return "never"
	case u == nanos:
		d := time.Duration(v)
		return d.Round(max(1, time.Duration(math.Pow10(int(math.Log10(max(v, 1)))-2)))).String()
	case u == bytes_ && v >= 10<<10:
		return fmt.Sprintf("%.1f KiB", v/1024)
	}
	return number(v) + string(u)
}

func number(v float64) string {
	switch {
	case v == math.MaxFloat64:
		return "∞"
	case v == math.Trunc(v) && v < 1e6:
		return fmt.Sprintf("%.0f", v)
	case v < 0.1:
		return fmt.Sprintf("%.3f", v)
	case v < 100:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
