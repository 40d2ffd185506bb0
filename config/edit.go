package config

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
)

// SetText sets one key in the text of a file and leaves all else as it is, comments
// included. v is a string or []string. A value that spans lines is not touched:
// the error says what to write by hand. The result is checked before it is
// returned.
func SetText(text, path string, v any) ([]byte, error) {
	key, _ := match(strings.Split(path, "."))
	if key == nil {
		return nil, fmt.Errorf("config: no key %s", path)
	}
	line := key.leaf() + " = " + format(v)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	table, header, hint, old := "", -1, -1, -1
	for i, l := range lines {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") && !strings.HasPrefix(l, "[[") {
			if name, _, ok := strings.Cut(l[1:], "]"); ok {
				table = strings.TrimSpace(name)
			}
			if table == key.parts[0] {
				header = i
			}
		}
		if table != key.parts[0] {
			continue
		}
		word, _, ok := strings.Cut(l, "=")
		switch word = strings.TrimSpace(word); {
		case ok && word == key.leaf():
			old = i
		case ok && strings.TrimPrefix(word, "#") == key.leaf():
			hint = i
		}
	}
	switch {
	case old >= 0:
		var alone map[string]any
		if _, err := toml.Decode(lines[old], &alone); err != nil {
			return nil, fmt.Errorf("config: line %d spans lines; write there by hand: %s", old+1, line)
		}
		lines[old] = line
	case hint >= 0:
		lines[hint] = line
	case header >= 0:
		lines = append(lines[:header+1], append([]string{line}, lines[header+1:]...)...)
	default:
		lines = append(lines, "", "["+key.parts[0]+"]", line)
	}
	out := strings.Join(lines, "\n") + "\n"
	entries, _, problems := readFile("result", out)
	if len(problems) > 0 {
		return nil, fmt.Errorf("config: write by hand under [%s]: %s (%s)", key.parts[0], line, problems[0])
	}
	for _, e := range entries {
		if e.key == key && format(e.value) == format(v) {
			return []byte(out), nil
		}
	}
	return nil, fmt.Errorf("config: write by hand under [%s]: %s", key.parts[0], line)
}
