package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Limits of a file: our choice, far above any honest file and far below what
// would hurt.
const (
	fileBytesMax    = 1 << 20
	fileLinesMax    = 20_000
	lineBytesMax    = 8 << 10 // the decoder's work grows with the square of a dotted key
	bracketsMax     = 8 << 10 // the decoder recurses on each
	problemsMax     = 200
	listEntriesMax  = 4096
	namesMax        = 1024
	nameBytesMax    = 256
	roomBytesMax    = 64
	networkBytesMax = 64
)

// fileReader walks one decoded file against the table of keys.
type fileReader struct {
	name     string
	md       toml.MetaData
	entries  []entry
	problems []Problem
	warnings []string
	names    int
}

// readFile checks a file's text. name is what messages call it.
func readFile(name, text string) ([]entry, []string, []Problem) {
	r := &fileReader{name: name}
	if len(text) > fileBytesMax {
		return nil, nil, []Problem{{Source: name, Want: fmt.Sprintf("file of %s, want at most 1MiB", FormatSize(int64(len(text))))}}
	}
	if line, want := tooMuch(text); want != "" {
		return nil, nil, []Problem{{Source: name, Line: line, Want: want}}
	}
	root := map[string]toml.Primitive{}
	md, err := toml.Decode(text, &root)
	if err != nil {
		p := Problem{Source: name, Want: err.Error()}
		var pe toml.ParseError
		if errors.As(err, &pe) {
			p.Line, p.Field, p.Want = max(pe.Position.Line, 1), pe.LastKey, "not TOML: "+pe.Message
		}
		return nil, nil, []Problem{p}
	}
	r.md = md
	r.table(nil, root, 1)
	slices.SortStableFunc(r.entries, func(a, b entry) int { return a.line - b.line })
	return r.entries, r.warnings, r.problems
}

// tooMuch finds what would cost the decoder far more than it is worth.
func tooMuch(text string) (line int, want string) {
	brackets := 0
	for l := range strings.Lines(text) {
		line++
		brackets += strings.Count(l, "[") + strings.Count(l, "{")
		switch {
		case len(l) > lineBytesMax:
			return line, fmt.Sprintf("line of %d bytes, want at most %d", len(l), lineBytesMax)
		case brackets > bracketsMax:
			return line, fmt.Sprintf("want at most %d brackets in all", bracketsMax)
		case line > fileLinesMax:
			return line, fmt.Sprintf("want at most %d lines", fileLinesMax)
		}
	}
	return 0, ""
}

// errFound stops the decoder once it has shown value and position.
var errFound = errors.New("config: found")

// capture takes a value undecoded. The error it returns makes the decoder say
// where in the file the value stands, which it tells in no other way.
type capture struct{ value any }

func (c *capture) UnmarshalTOML(v any) error { c.value = v; return errFound }

// at returns a value and its line; parent is the line for a table that is only
// implied by its children.
func (r *fileReader) at(p toml.Primitive, parent int) (any, int) {
	var c capture
	var pe toml.ParseError
	if err := r.md.PrimitiveDecode(p, &c); errors.As(err, &pe) && pe.Position.Line > 0 {
		return c.value, pe.Position.Line
	}
	return c.value, parent
}

func (r *fileReader) table(path []string, t map[string]toml.Primitive, line int) {
	words := make([]string, 0, len(t))
	for w := range t {
		words = append(words, w)
	}
	slices.Sort(words)
	for _, w := range words {
		if len(r.problems) >= problemsMax {
			return
		}
		full := append(slices.Clone(path), w)
		v, at := r.at(t[w], line)
		key, inner := match(full)
		_, isTable := v.(map[string]any)
		switch {
		case key == nil && !inner:
			r.unknown(full, v, at)
		case inner && !isTable && len(full) == 1 && w == "network":
			r.bad(at, full, v, `want a table [network."NAME"]; the node's own network is node.network`)
		case inner && !isTable:
			r.bad(at, full, v, "want a table")
		case inner:
			if isName(full) && !r.named(full, at) {
				continue
			}
			sub := map[string]toml.Primitive{}
			if err := r.md.PrimitiveDecode(t[w], &sub); err != nil {
				r.bad(at, full, v, "want a table")
				continue
			}
			switch {
			case len(sub) > 0 || !isName(full):
			case full[0] == "network":
				r.bad(at, full, v, "want a key at least, such as libp2p or data")
			case full[0] == "overlay":
				r.network(full, at)
			}
			r.table(full, sub, at)
		default:
			r.value(key, full, v, at)
		}
	}
}

// network notes a network of content of which nothing is said but its name.
func (r *fileReader) network(path []string, line int) {
	full := append(slices.Clone(path), "kind")
	key, _ := match(full)
	r.entries = append(r.entries, entry{key: key, path: full, value: "", source: r.name, line: line, bare: true})
}

// isName tells whether the last part of a table's path is a name of the user's.
func isName(path []string) bool {
	return len(path) == 3 && path[0] != "network" || len(path) == 2 && path[0] == "network"
}

// named bounds tables that carry a name of the user's, such as a topic.
func (r *fileReader) named(path []string, line int) bool {
	r.names++
	switch name := path[len(path)-1]; {
	case path[0] == "network" && (len(name) == 0 || len(name) > networkBytesMax || checkNetwork(name) != ""):
		r.bad(line, path, name, "want a name of 1 to 64 of a-z 0-9 . _ -")
	case len(name) == 0 || len(name) > nameBytesMax:
		r.bad(line, path, name, fmt.Sprintf("want a name of 1 to %d bytes", nameBytesMax))
	case r.names == namesMax+1:
		r.bad(line, path, name, fmt.Sprintf("want at most %d named tables", namesMax))
	case r.names <= namesMax:
		return true
	}
	return false
}

func (r *fileReader) value(key *Key, path []string, v any, line int) {
	val, ok := key.fromTOML(v)
	if joined := strings.Join(path, "."); slices.Contains(key.Old, joined) {
		r.warnings = append(r.warnings, fmt.Sprintf("%s:%d: %s is called %s here", r.name, line, joined, key.Path))
		if n, isInt := v.(int64); isInt && key.Kind == Duration && n >= 0 && n < 1<<31 {
			val, ok = seconds(n), true // DarkFi's durations are seconds
		}
	}
	want := key.Want()
	if ok {
		want = key.bad(val)
	}
	if ok && want != "" && key.Kind == List {
		v = nil // want names the bad entry
	}
	if want != "" {
		r.bad(line, path, v, want)
		return
	}
	if key.Unused {
		r.warnings = append(r.warnings, fmt.Sprintf("%s:%d: %s is not used in this version", r.name, line, joinPath(path)))
	}
	r.entries = append(r.entries, entry{key: key, path: canonical(key, path), value: val, source: r.name, line: line})
}

func (r *fileReader) unknown(path []string, v any, line int) {
	want := "unknown key"
	if here := instead(path); here != "" {
		want = "DarkFi's; here " + here
	} else if near := cmp.Or(nearOld(path), suggest(ours(path))); near != "" {
		want += fmt.Sprintf(", want %s?", under(near, path))
	}
	r.problems = append(r.problems, Problem{Source: r.name, Line: line, Field: joinPath(path), Value: show(v), Want: want})
}

// under puts the name of a path where a key has "*".
func under(key string, path []string) string {
	parts := strings.Split(key, ".")
	i := slices.Index(parts, "*")
	if i < 0 || i >= len(path) || !slices.Equal(parts[:i], path[:i]) {
		return key
	}
	parts[i] = path[i]
	return joinPath(parts)
}

func (r *fileReader) bad(line int, path []string, v any, want string) {
	r.problems = append(r.problems, Problem{Source: r.name, Line: line, Field: joinPath(path), Value: show(v), Want: want})
}

// match finds the key of a path. inner tells that the path is a table on the way
// to keys.
func match(path []string) (key *Key, inner bool) {
	for i := range keys {
		k := &keys[i]
		if slices.Contains(k.Old, strings.Join(path, ".")) {
			return k, false
		}
		inner = inner || k.adopted(path)
		if len(path) > len(k.parts) {
			continue
		}
		same := true
		for j, w := range path {
			same = same && (k.parts[j] == "*" || k.parts[j] == w)
		}
		switch {
		case same && len(path) == len(k.parts):
			return k, false
		case same:
			inner = true
		}
	}
	return nil, inner
}

// canonical is the path under our own spelling.
func canonical(key *Key, path []string) []string {
	if len(path) != len(key.parts) || !slices.Contains(key.parts, "*") {
		return key.parts
	}
	return path
}

// joinPath writes a path as TOML would: names that need quotes get them.
func joinPath(path []string) string {
	out := make([]string, len(path))
	for i, w := range path {
		if out[i] = w; w == "" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || isName(path[:i+1]) {
			out[i] = quoteTOML(w)
		}
	}
	return strings.Join(out, ".")
}
