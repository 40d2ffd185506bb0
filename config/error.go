package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Problem is one bad field and where it was set.
type Problem struct {
	Source string // file name, environment variable or flag
	Line   int    // line in the file; 0 for anything but a file
	Field  string // "session.outbound"; empty when the file itself is bad
	Value  string // as it was written
	Want   string // what is allowed
}

// String is "file:line: field: value: want …", without the parts that are empty.
func (p Problem) String() string {
	var parts []string
	where := p.Source
	if p.Line > 0 {
		where += ":" + strconv.Itoa(p.Line)
	}
	for _, s := range []string{where, p.Field, clip(p.Value)} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(append(parts, p.Want), ": ")
}

// Error lists every Problem of a configuration, in the order file, environment,
// flags, and within the file by line.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// shownBytesMax cuts a value in a message; a longer one would hide the message.
const shownBytesMax = 120

// clip makes text of a file fit for a terminal: quoted where it is not plain.
func clip(s string) string {
	if len(s) > shownBytesMax {
		s = strings.ToValidUTF8(s[:shownBytesMax], "") + "…"
	}
	if q := strconv.QuoteToGraphic(s); q != `"`+s+`"` && !strings.HasPrefix(s, `"`) && !strings.HasPrefix(s, "[") {
		return q
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && !strconv.IsGraphic(r) {
			return '�'
		}
		return r
	}, s)
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return strconv.Quote(v)
	case []string:
		q := make([]string, len(v))
		for i, s := range v {
			q[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(q, ", ") + "]"
	case []any:
		q := make([]string, 0, len(v))
		for _, s := range v {
			q = append(q, show(s))
			if len(q) > 16 {
				break
			}
		}
		return "[" + strings.Join(q, ", ") + "]"
	case map[string]any, []map[string]any:
		return "a table"
	}
	return fmt.Sprint(v)
}
