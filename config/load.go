package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk"
)

const envPrefix = "ROPEWALK_"

// Options says where to look.
type Options struct {
	// File is the file to read; it must exist. Empty: Find's.
	File string
	// Env are the environment's KEY=VALUE lines.
	Env []string
	// Flags are the flags that were given, by long name. A list flag has one text
	// for each time it was given.
	Flags map[string][]string
	// Profile is the profile when nothing sets one ("ropewalk seed").
	Profile string
	// DataDir is the data folder when nothing sets one; empty: DefaultDataDir.
	DataDir string
	// Networks says that the program serves the [network] tables.
	Networks bool
	// NoFile skips the file.
	NoFile bool
}

// The ranks of precedence.
const (
	rankFile = iota
	rankEnvShort
	rankEnv
	rankFlag
)

// Load reads, checks and merges everything. The error is an *Error, and then
// nothing else is returned but what could be read.
func Load(o Options) (*Settings, error) {
	s := &Settings{RPC: "127.0.0.1:0", Log: Log{Level: "info", Format: "auto"}, Metrics: Metrics{Enabled: true}, set: map[string]entry{}}
	var problems []Problem
	env := environ(o.Env)
	entries, bad := fromEnv(s, env)
	flags, badFlags := fromFlags(o.Flags)
	entries = append(entries, flags...)

	if !o.NoFile {
		file, text, err := open(o, env)
		if err != nil {
			problems = append(problems, Problem{Source: file, Want: err.Error()})
		} else if file != "" {
			s.File = file
			fromFile, warnings, badFile := readFile(file, text)
			entries = append(fromFile, entries...)
			s.Warnings = append(s.Warnings, warnings...)
			problems = append(problems, badFile...)
		}
	}
	problems = append(append(problems, bad...), badFlags...)
	s.merge(entries)
	s.defaults(o)
	s.makeNetworks()
	problems = append(problems, s.conflicts(problems)...)
	if len(problems) == 0 {
		problems = s.networkConflicts(o.Networks)
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		switch {
		case a.Source == b.Source:
			return a.Line - b.Line
		case (a.Line > 0) != (b.Line > 0): // what is in the file comes first
			return b.Line - a.Line
		}
		return 0
	})
	if len(problems) > 0 {
		return s, &Error{problems}
	}
	return s, nil
}

// merge applies entries so that the highest rank wins. Those of one topic come after
// those of all, which they differ from.
func (s *Settings) merge(entries []entry) {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(boolOrder(a.key.named(), b.key.named()), a.rank-b.rank)
	})
	s.Node.Gossip.Topics = map[string]ropewalk.TopicConfig{}
	for _, e := range entries {
		s.set[joinPath(e.path)] = e
		if e.key.apply != nil {
			e.key.apply(s, e.name(), e.value)
		}
	}
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (s *Settings) defaults(o Options) {
	if s.Node.Profile == "" {
		s.Node.Profile = o.Profile
	}
	if s.Node.Profile == "" {
		s.Node.Profile = "desktop"
	}
	if s.Node.Network == "" {
		s.Node.Network = "ropewalk"
	}
	if s.Node.DataDir == "" {
		s.Node.DataDir = o.DataDir
	}
	if s.Node.DataDir == "" {
		s.Node.DataDir = DefaultDataDir(o.Env)
	}
	if s.Dnet == "off" {
		s.Dnet = ""
	}
}

// conflicts finds what no single field shows, and whatever else the node itself
// would refuse.
func (s *Settings) conflicts(known []Problem) []Problem {
	var out []Problem
	if s.RPC != "off" && !s.Expose && !isLoopback(s.RPC) {
		out = append(out, s.problem("listen.rpc", s.RPC, "want a loopback address, or listen.rpc_expose = true"))
	}
	_, unix := unixSocket(s.Dnet)
	if s.Dnet != "" && !unix && !isLoopback(strings.TrimPrefix(s.Dnet, "tcp://")) {
		out = append(out, s.problem("listen.dnet", s.Dnet, "want a loopback address or unix:PATH: this socket has no token"))
	}
	if s.DnetControl && !unix {
		out = append(out, s.problem("listen.dnet_control", "true", "want listen.dnet = \"unix:PATH\": every user of this machine reaches a TCP port"))
	}
	slices.SortFunc(out, func(a, b Problem) int { return strings.Compare(a.Field, b.Field) })
	for _, f := range badFields(&s.Node) {
		seen := func(p Problem) bool { return p.Field == f.Field }
		if !slices.ContainsFunc(known, seen) && !slices.ContainsFunc(out, seen) {
			out = append(out, s.problem(f.Field, f.Value, "want "+f.Allowed))
		}
	}
	return out
}

// badFields are what a node would refuse of its configuration.
func badFields(c *ropewalk.Config) []ropewalk.FieldError {
	var ce *ropewalk.ConfigError
	if errors.As(c.Validate(), &ce) {
		return ce.Fields
	}
	return nil
}

// Placed says of what a node refuses of its configuration where that was set: an *Error.
// Other errors are returned as they are.
func (s *Settings) Placed(err error) error {
	var ce *ropewalk.ConfigError
	if !errors.As(err, &ce) {
		return err
	}
	out := &Error{}
	for _, f := range ce.Fields {
		out.Problems = append(out.Problems, s.problem(f.Field, f.Value, "want "+f.Allowed))
	}
	return out
}

// problem places a bad field at the entry that set it, or at a neighbour's.
func (s *Settings) problem(field, value, want string) Problem {
	p := Problem{Field: field, Value: value, Want: want, Source: "default"}
	e, ok := s.set[field]
	if !ok {
		paths := make([]string, 0, len(s.set))
		for path := range s.set {
			paths = append(paths, path)
		}
		slices.Sort(paths)
		for _, path := range paths {
			if table, _, _ := cutLast(field); strings.HasPrefix(path, field+".") || strings.HasPrefix(path, table+".") && !ok {
				e, ok = s.set[path], true
			}
		}
	}
	if ok {
		p.Source, p.Line = e.source, e.line
	}
	return p
}

func cutLast(path string) (before, after string, found bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return path, "", false
	}
	return path[:i], path[i+1:], true
}

// open finds and reads the file; no file at all is fine.
func open(o Options, env map[string]string) (name, text string, err error) {
	name = o.File
	if name == "" {
		name = env[envPrefix+"CONFIG"]
	}
	if name == "" {
		if name = Find(o, env); name == "" {
			return "", "", nil
		}
	}
	f, err := os.Open(name)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return name, "", fmt.Errorf("cannot be read: %w", err)
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return name, "", errors.New("is a folder, want a file")
	}
	raw, err := io.ReadAll(io.LimitReader(f, fileBytesMax+1))
	if err != nil {
		return name, "", fmt.Errorf("cannot be read: %w", err)
	}
	return name, string(raw), nil
}

// Find returns the file in force when none is named: config.toml of the data
// folder, then of the user's configuration folder, then /etc/ropewalk/config.toml.
// A data folder that was named keeps to itself: only its own file counts.
func Find(o Options, env map[string]string) string {
	if env == nil {
		env = environ(o.Env)
	}
	named := ""
	if d := o.Flags["data"]; len(d) > 0 {
		named = d[len(d)-1]
	} else if d := env["ROPEWALK_NODE_DATA"]; d != "" {
		named = d
	} else {
		named = env["ROPEWALK_DATA"]
	}
	var try []string
	if named != "" {
		try = []string{filepath.Join(named, FileName)}
	} else {
		try = []string{filepath.Join(DefaultDataDir(o.Env), FileName), DefaultFile(o.Env), "/etc/ropewalk/" + FileName}
	}
	for _, name := range try {
		if st, err := os.Stat(name); err == nil && !st.IsDir() {
			return name
		}
	}
	return ""
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
