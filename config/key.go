package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is what a key's value is.
type Kind int

// The kinds. A value of each is held as string, int64, bool, time.Duration, int64
// (bytes), float64 and []string.
const (
	Text Kind = iota
	Int
	Bool
	Duration
	Size
	Float
	List
)

var kindNames = [...]string{"text", "number", "true|false", "duration", "size", "fraction", "list"}

func (k Kind) String() string { return kindNames[k] }

// Key is one key of the configuration.
type Key struct {
	Path    string // "session.outbound"; "*" stands for a name, as in "gossip.topic.*.sign"
	Flag    string // long flag without dashes; empty: no flag
	Kind    Kind
	Default string // as it would stand in the file; empty: no default
	Why     string // what it is and why the default is what it is; may have several lines
	Min     int64  // of Int, Size (bytes), Duration (ns), List (entries)
	Max     int64
	Choices []string
	Old     []string // other programs' spellings, accepted with a warning
	Single  bool     // a List that one text may stand for; empty text is the default
	Unused  bool     // checked, but nothing reads it in this version

	check func(v any) string // what is wanted instead; empty: the value is good
	apply func(s *Settings, name string, v any)
	parts []string
}

func (k *Key) leaf() string { return k.parts[len(k.parts)-1] }

// named tells whether the key has a name in its path.
func (k *Key) named() bool { return strings.Contains(k.Path, "*") }

// Want says what is allowed, in the words of an error message.
func (k *Key) Want() string {
	switch {
	case len(k.Choices) > 0:
		return "want " + strings.Join(k.Choices, ", ")
	case k.Kind == Int:
		return fmt.Sprintf("want %d to %d", k.Min, k.Max)
	case k.Kind == Duration:
		return fmt.Sprintf(`want a duration of %s to %s, such as "30s"`, FormatDuration(time.Duration(k.Min)), FormatDuration(time.Duration(k.Max)))
	case k.Kind == Size:
		return fmt.Sprintf(`want a size of %s to %s, such as "64MiB"`, FormatSize(k.Min), FormatSize(k.Max))
	case k.Kind == Bool:
		return "want true or false"
	case k.Kind == Float:
		return fmt.Sprintf("want a number from %d to %d", k.Min, k.Max)
	case k.Kind == List:
		return "want a list of texts in quotes"
	}
	return fmt.Sprintf("want text of %d to %d bytes in quotes", k.Min, k.Max)
}

// Env is the environment variable of the key: ROPEWALK_SESSION_OUTBOUND. Keys
// with a name in their path have none.
func (k *Key) Env() string {
	if k.named() {
		return ""
	}
	return envPrefix + strings.ToUpper(strings.Join(k.parts, "_"))
}

// fromTOML brings a decoded TOML value to the key's kind.
func (k *Key) fromTOML(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		switch k.Kind {
		case Text:
			return v, true
		case Duration, Size:
			return k.fromText(v)
		case List:
			if k.Single {
				return k.fromText(v)
			}
		}
	case int64:
		switch k.Kind {
		case Int, Size:
			return v, true
		case Float:
			return float64(v), true
		}
	case float64:
		return v, k.Kind == Float
	case bool:
		return v, k.Kind == Bool
	case []any:
		if k.Kind != List {
			return nil, false
		}
		out := make([]string, 0, len(v))
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			out = append(out, s)
		}
		return out, true
	}
	return nil, false
}

// fromText reads an environment variable or a flag. A list is separated by commas.
func (k *Key) fromText(s string) (any, bool) {
	switch k.Kind {
	case Int:
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	case Bool:
		b, err := strconv.ParseBool(s)
		return b, err == nil
	case Duration:
		d, err := time.ParseDuration(s)
		return d, err == nil
	case Size:
		n, err := ParseSize(s)
		return n, err == nil
	case Float:
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil && !math.IsNaN(f)
	case List:
		out := []string{}
		if k.Single && s == "" {
			return append(out, ""), true
		}
		for e := range strings.SplitSeq(s, ",") {
			if e = strings.TrimSpace(e); e != "" {
				out = append(out, e)
			}
		}
		return out, true
	}
	return s, true
}

// bad returns what is wanted instead of v, or "" when v is allowed.
func (k *Key) bad(v any) string {
	inRange := true
	switch v := v.(type) {
	case int64:
		inRange = v >= k.Min && v <= k.Max
	case time.Duration:
		inRange = int64(v) >= k.Min && int64(v) <= k.Max
	case float64:
		inRange = v >= float64(k.Min) && v <= float64(k.Max)
	case string:
		inRange = int64(len(v)) >= k.Min && (k.Max == 0 || int64(len(v)) <= k.Max)
		if len(k.Choices) > 0 {
			inRange = slices.Contains(k.Choices, v)
		}
	case []string:
		if len(v) > listEntriesMax {
			return fmt.Sprintf("want at most %d entries", listEntriesMax)
		}
	}
	if k.check != nil && (inRange || k.Kind == Text) {
		if want := k.check(v); want != "" {
			return want
		}
	}
	if !inRange {
		return k.Want()
	}
	return ""
}

// format writes a value as it would stand in the file.
func format(v any) string {
	switch v := v.(type) {
	case string:
		return quoteTOML(v)
	case []string:
		q := make([]string, len(v))
		for i, s := range v {
			q[i] = quoteTOML(s)
		}
		return "[" + strings.Join(q, ", ") + "]"
	case time.Duration:
		return `"` + FormatDuration(v) + `"`
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// quoteTOML writes a basic string of TOML v1.0.0.
func quoteTOML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
