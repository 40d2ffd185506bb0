package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode"
)

const row = "%-30s %12s %12s %8s %8s  %-5s  %s\n"

// none stands where there is nothing to show.
const none = "-"

// form is how a table is printed.
type form struct {
	head func(w io.Writer)
	line func(l line, w io.Writer)
}

var forms = map[bool]form{ // by -markdown
	false: {
		func(w io.Writer) { fmt.Fprintf(w, row, "figure", "ours", "theirs", "ratio", "bar", "", "spread") },
		line.print,
	},
	true: {
		func(w io.Writer) {
			fmt.Fprint(w, "| figure | ours | theirs | ratio | bar | |\n|---|---|---|---|---|---|\n")
		},
		line.markdown,
	},
}

// cells are a line of the table in words.
type cells struct{ ours, theirs, ratio, bar, verdict, spread string }

func (l line) cells() cells {
	bound := "≤ "
	if l.AtLeast {
		bound = "≥ "
	}
	show := number
	c := cells{ours: l.Unit.text(l.Ours), theirs: none, ratio: number(l.Ratio), verdict: "short"}
	if l.Ratio == l.Ours { // the bar is for ours alone
		show, c.ratio = l.Unit.text, none
	}
	if l.Theirs != nil {
		c.theirs = l.Unit.text(*l.Theirs)
	}
	c.bar = bound + show(l.Bar)
	switch {
	case l.shown:
		c.verdict, c.bar = "", ""
	case l.OK:
		c.verdict = "ok"
	}
	c.spread = fmt.Sprintf("%s to %s in %d", show(l.Low), show(l.High), l.Reps)
	return c
}

// print writes a line of the table.
func (l line) print(w io.Writer) {
	c := l.cells()
	fmt.Fprintf(w, row, l.Name, c.ours, c.theirs, c.ratio, c.bar, c.verdict, c.spread)
}

// markdown writes a line as README.md has it, where figures stand without their sign and
// what is counted in a second is in the words.
func (l line) markdown(w io.Writer) {
	show := func(v float64) string { return l.Unit.page(v) }
	ours, theirs, ratio, bar, verdict := show(l.Ours), "", "", "", "**short**"
	if l.Theirs != nil {
		theirs = show(*l.Theirs)
	}
	if l.many {
		ours += ", longest " + show(l.High)
	}
	if l.Ratio != l.Ours {
		ratio, show = number(l.Ratio), number
	}
	if bar = show(l.Bar); l.OK {
		verdict = "ok"
	}
	if l.shown {
		bar, verdict = "", ""
	}
	what := l.says
	if what == "" {
		what = "`" + l.Name + "`"
	}
	fmt.Fprint(w, "|")
	for _, cell := range []string{what, ours, theirs, ratio, bar, verdict} {
		if cell != "" {
			fmt.Fprint(w, " ", cell)
		}
		fmt.Fprint(w, " |")
	}
	fmt.Fprintln(w)
}

// page writes a value as README.md has it.
func (u unit) page(v float64) string {
	switch u {
	case nanos:
		text := u.text(v)
		if i := strings.IndexFunc(text, unicode.IsLetter); i > 0 {
			text = text[:i] + " " + text[i:]
		}
		return text
	case perSecond, perCPU, count:
		text := number(v)
		if v >= 1000 && v < math.MaxFloat64 {
			for i := len(text) - 3; i > 0; i -= 3 {
				text = text[:i] + "," + text[i:]
			}
		}
		return text
	}
	return u.text(v)
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
