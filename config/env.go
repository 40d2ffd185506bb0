package config

import (
	"fmt"
	"slices"
	"strings"
)

// otherEnv are variables of the program that are no key.
var otherEnv = []string{"ROPEWALK_CONFIG", "ROPEWALK_KEY"}

func environ(lines []string) map[string]string {
	out := map[string]string{}
	for _, l := range lines {
		if k, v, ok := strings.Cut(l, "="); ok && strings.HasPrefix(k, envPrefix) {
			out[k] = v
		}
	}
	return out
}

// fromEnv reads ROPEWALK_TABLE_KEY and ROPEWALK_FLAG of every key; the longer name
// wins. A variable that is no key is only a warning: other programs may use it.
func fromEnv(s *Settings, env map[string]string) (entries []entry, problems []Problem) {
	known := slices.Clone(otherEnv)
	for i := range keys {
		k := &keys[i]
		names := []string{k.Env()}
		if k.Flag != "" {
			names = append(names, envPrefix+strings.ToUpper(strings.ReplaceAll(k.Flag, "-", "_")))
		}
		for j, name := range names {
			known = append(known, name)
			text, ok := env[name]
			if name == "" || !ok || text == "" && k.Kind != Text && k.Kind != List {
				continue
			}
			if text == "" && k.Min > 0 {
				continue
			}
			rank := rankEnv - j
			if e, want := k.read(text, name, rank); want == "" {
				entries = append(entries, e)
			} else {
				problems = append(problems, k.problem(name, text, want))
			}
		}
	}
	var odd []string
	for name := range env {
		if !slices.Contains(known, name) {
			odd = append(odd, name)
		}
	}
	slices.Sort(odd)
	for _, name := range odd {
		w := fmt.Sprintf("%.80q in the environment is no setting", name)
		if near := Nearest(name, known); near != "" {
			w += ", did you mean " + near + "?"
		}
		s.Warnings = append(s.Warnings, w)
	}
	return entries, problems
}

// read makes an entry of text from the environment or a flag.
func (k *Key) read(text, source string, rank int) (entry, string) {
	v, ok := k.fromText(text)
	if !ok {
		return entry{}, k.Want()
	}
	if want := k.bad(v); want != "" {
		return entry{}, want
	}
	return entry{key: k, path: k.parts, value: v, source: source, rank: rank}, ""
}

func (k *Key) problem(source, text, want string) Problem {
	if k.Kind == List {
		text = "" // want names the bad entry
	}
	return Problem{Source: source, Field: k.Path, Value: text, Want: want}
}

// fromFlags reads the flags that were given.
func fromFlags(flags map[string][]string) (entries []entry, problems []Problem) {
	for i := range keys {
		k := &keys[i]
		texts, ok := flags[k.Flag]
		if !ok || k.Flag == "" || len(texts) == 0 {
			continue
		}
		text := texts[len(texts)-1]
		if k.Kind == List {
			text = strings.Join(texts, ",")
		}
		if e, want := k.read(text, "--"+k.Flag, rankFlag); want == "" {
			entries = append(entries, e)
		} else {
			problems = append(problems, k.problem("--"+k.Flag, text, want))
		}
	}
	return entries, problems
}

// Parses tells whether text is of the key's kind, whatever its range; a flag that
// is not is a usage error.
func (k *Key) Parses(text string) bool {
	_, ok := k.fromText(text)
	return ok
}
