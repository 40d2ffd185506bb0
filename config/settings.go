package config

import "github.com/ropewalk/ropewalk"

// Settings is all the program needs to know.
type Settings struct {
	Node   ropewalk.Config
	RPC    string // host:port of the API; "off": none
	Expose bool   // RPC may listen on other than loopback
	Dnet   string // host:port or unix:PATH of the line-delimited DarkFi socket; empty: none
	// DnetControl lets that socket change things.
	DnetControl bool
	UDP         string // discv5; not built in this version
	Log         Log
	Metrics     Metrics
	Overlay     Overlay

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

// Overlay is read and checked, and used by nothing in this version.
type Overlay struct {
	Capacity int64
	Radius   string
	Networks map[string]OverlayNetwork
}

// OverlayNetwork is one content network.
type OverlayNetwork struct {
	Protocol string // hex
	Kind     string // history, blob, generic
	Capacity int64
}

// entry is a value that was set, with where.
type entry struct {
	key    *Key
	path   []string
	value  any
	source string // "config.toml", "ROPEWALK_NETWORK", "--network"
	line   int    // in the file; 0 elsewhere
	rank   int
}
