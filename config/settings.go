package config

import (
	"slices"

	"github.com/ropewalk/ropewalk"
)

// Settings is all the program needs to know.
type Settings struct {
	Node   ropewalk.Config
	RPC    string // host:port of the API; "off": none
	Expose bool   // RPC may listen on other than loopback
	Dnet   string // host:port or unix:PATH of the line-delimited DarkFi socket; empty: none
	// DnetControl lets that socket change things.
	DnetControl bool
	Log         Log
	Metrics     Metrics

	// Networks are those that a seed serves from one process, by name, each whole: Node
	// with its table. Empty: Node is all there is.
	Networks []ropewalk.Config
	networks map[string][]func(*ropewalk.Config)

	File     string   // configuration file read; empty: none
	Warnings []string // accepted, but worth a word

	set map[string]entry // by path; names stand in for "*", quoted
}

// Log says what is logged where.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // auto, text, json
	File   string // empty: standard error
}

// Metrics says whether /metrics answers.
type Metrics struct{ Enabled bool }

// entry is a value that was set, with where.
type entry struct {
	key    *Key
	path   []string
	value  any
	source string // "config.toml", "ROPEWALK_NETWORK", "--network"
	line   int    // in the file; 0 elsewhere
	rank   int
	bare   bool // of a named table of which nothing is said: there is no such key in the file
}

// name is what stands in the path for "*"; empty when the key has none.
func (e entry) name() string {
	if i := slices.Index(e.key.parts, "*"); i >= 0 && i < len(e.path) {
		return e.path[i]
	}
	return ""
}

// Changed names the keys that are set otherwise in another configuration, in order.
func (s *Settings) Changed(other *Settings) (paths []string) {
	shown := func(s *Settings, path string) string {
		if e, ok := s.set[path]; ok {
			return format(e.value)
		}
		return ""
	}
	for _, from := range []*Settings{s, other} {
		for path := range from.set {
			if shown(s, path) != shown(other, path) && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return paths
}
