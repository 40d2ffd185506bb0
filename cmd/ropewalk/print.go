package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/plain"
)

// printJSON prints a value indented, and a json.RawMessage as the node sent it.
func (a *app) printJSON(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = a.out.Write(harmless(out.Bytes()))
	return err
}

// printJSONLine prints a value on one line.
func (a *app) printJSONLine(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = a.out.Write(harmless(out.Bytes()))
	return err
}

// harmless escapes the characters of JSON text that a terminal would obey. JSON
// forbids raw C0 itself; DEL, C1 and bidi controls remain, and can only stand in
// strings, where \u does for them.
func harmless(raw []byte) []byte {
	var out strings.Builder
	for _, r := range string(raw) {
		switch {
		case r == 0x7f, r >= 0x80 && r <= 0x9f, r == 0x61c, r >= 0x200e && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	return []byte(out.String())
}

// table prints aligned columns. Cells pass internal/plain.
type table struct {
	w *tabwriter.Writer
}

func newTable(out io.Writer, head ...string) *table {
	t := &table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	if len(head) > 0 {
		t.row(head...)
	}
	return t
}

func (t *table) row(cells ...string) {
	for i, c := range cells {
		if c = plain.Line(c, 0); c == "" {
			c = "-"
		}
		cells[i] = c
	}
	fmt.Fprintln(t.w, strings.TrimRight(strings.Join(cells, "\t"), " "))
}

func (t *table) end() error { return t.w.Flush() }

// shortID is the name of a node in a table.
func shortID(i id.ID, full bool) string {
	if full {
		return i.String()
	}
	if i.IsZero() {
		return ""
	}
	return i.Short()
}

// shortAddr cuts the key out of an address, which the ID column tells already.
func shortAddr(addr string, full bool) string {
	if key, at, ok := strings.Cut(addr, "@"); ok && strings.HasPrefix(key, "enode://") && !full {
		return at
	}
	if i := strings.LastIndex(addr, "/p2p/"); i > 0 && !full && !strings.Contains(addr, "p2p-circuit") {
		return addr[:i]
	}
	return addr
}

// ago is how long since t, in one unit or two.
func ago(t time.Time, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return span(now.Sub(t))
}

func span(d time.Duration) string {
	switch {
	case d < 0:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
