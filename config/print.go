package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// tableWords introduces each table of a printed file.
var tableWords = map[string]string{
	"node":    "Who this node is.",
	"listen":  "Where it listens.",
	"session": "Whom it is connected to.",
	"gossip":  "The GossipSub router. [gossip.topic.\"NAME\"] sets one topic: sign, max_size, idontwant_threshold,\nttl, replay, author, D, Dlo, Dhi, Dscore, Dout, and what its peers earn (topic_weight … invalid_message_deliveries_decay).",
	"overlay": "Content networks (docs/overlay.md). [overlay.network.\"NAME\"] sets protocol, kind (history, blob,\ngeneric), capacity and headers.",
	"chat":    "Rooms.",
	"log":     "What it says, and where.",
	"metrics": "What it counts.",
}

// networkWords says what tables of networks are.
const networkWords = "`ropewalk seed` serves several networks from one process, each with a table [network.\"NAME\"]:\n" +
	"data, localnet, agent, libp2p, rlpx, external, onion, inbound, outbound, seeds, peers, trusted,\n" +
	"dns_lists. What a table does not set is as above, but for the folder (NAME in node.data) and for whom\n" +
	"and where: any free ports, no seeds and no peers."

// Print writes the configuration in force as a TOML file: what is set stands as it
// is, with where it was set if sources, and what is not stands commented out with
// its default. Reading the file again gives the same settings.
func (s *Settings) Print(w io.Writer, sources bool) error {
	var b strings.Builder
	b.WriteString("# Configuration of Ropewalk (TOML). A flag beats the environment, the environment beats\n" +
		"# this file, this file beats the default. Lines that start with #key show defaults.\n")
	table := ""
	for i := range keys {
		k := &keys[i]
		if k.named() {
			continue
		}
		if k.parts[0] != table {
			s.printNamed(&b, table, sources)
			table = k.parts[0]
			fmt.Fprintf(&b, "\n%s[%s]\n", comment(tableWords[table]), table)
		}
		s.printKey(&b, k, sources)
	}
	s.printNamed(&b, table, sources)
	fmt.Fprintf(&b, "\n%s", comment(networkWords))
	s.printNamed(&b, "network", sources)
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *Settings) printKey(b *strings.Builder, k *Key, sources bool) {
	b.WriteString("\n" + comment(k.Why))
	notes := []string{strings.TrimPrefix(k.Want(), "want ")}
	if k.check != nil && k.Kind == Text || k.Kind == List || k.Kind == Bool {
		notes = nil
	}
	if k.Flag != "" {
		notes = append(notes, "--"+k.Flag)
	}
	notes = append(notes, k.Env())
	if k.Unused {
		notes = append(notes, "not used in this version")
	}
	fmt.Fprintf(b, "# (%s)\n", strings.Join(notes, "; "))
	e, ok := s.set[k.Path]
	switch {
	case ok:
		fmt.Fprintf(b, "%s = %s%s\n", k.leaf(), format(e.value), e.setBy(sources))
	case k.Path == "node.profile" && s.Node.Profile != "desktop" && s.Node.Profile != "":
		fmt.Fprintf(b, "%s = %s\n", k.leaf(), format(s.Node.Profile))
	case k.Default == "":
		fmt.Fprintf(b, "#%s = \"\"\n", k.leaf())
	default:
		fmt.Fprintf(b, "#%s = %s\n", k.leaf(), k.Default)
	}
}

// printNamed writes the tables of a table's names, after its own keys.
func (s *Settings) printNamed(b *strings.Builder, table string, sources bool) {
	var named []entry
	for _, e := range s.set {
		if e.key.named() && e.path[0] == table {
			named = append(named, e)
		}
	}
	slices.SortFunc(named, func(a, b entry) int { return slices.Compare(a.path, b.path) })
	last := ""
	for _, e := range named {
		leaf := len(e.path) - 1
		head := joinPath(e.path[:leaf])
		if head != last {
			fmt.Fprintf(b, "\n[%s]\n", head)
			last = head
		}
		if !e.bare {
			fmt.Fprintf(b, "%s = %s%s\n", e.path[leaf], format(e.value), e.setBy(sources))
		}
	}
}

func (e entry) setBy(sources bool) string {
	if !sources {
		return ""
	}
	if e.line > 0 {
		return fmt.Sprintf(" # set by %s:%d", oneLine(e.source), e.line)
	}
	return " # set by " + oneLine(e.source)
}

func comment(text string) string {
	return "# " + strings.ReplaceAll(text, "\n", "\n# ") + "\n"
}

// oneLine keeps a file name with odd characters from ending the comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}

// Forget makes Print and Table show a key as not set.
func (s *Settings) Forget(path string) { delete(s.set, path) }

// Table is the settings as nested maps, for --json.
func (s *Settings) Table() map[string]any {
	out := map[string]any{}
	for _, e := range s.set {
		at := out
		for _, w := range e.path[:len(e.path)-1] {
			next, ok := at[w].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[w] = next
			}
			at = next
		}
		if e.bare {
			continue
		}
		v := e.value
		if e.key.Kind == Duration {
			v = strings.Trim(format(v), `"`)
		}
		at[e.path[len(e.path)-1]] = v
	}
	return out
}
