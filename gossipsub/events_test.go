package gossipsub

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The functions that report an event, and which argument is its kind.
var reporters = map[string]int{"emit": 1, "reportFine": 1, "reportRPC": 0}

// sources parses the package's own files.
func sources(t *testing.T) (files []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// kindsInSources collects the kinds of all events the package can report. A kind
// that is no literal cannot be documented and fails the test.
func kindsInSources(t *testing.T) (kinds []string) {
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			kind, _ := strconv.Unquote(lit.Value)
			kinds = append(kinds, kind)
		} else if id, ok := e.(*ast.Ident); !ok || id.Name != "kind" {
			t.Errorf("an event's kind is no literal: %v", e)
		}
	}
	for _, f := range sources(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
					if i, ok := reporters[sel.Sel.Name]; ok {
						add(n.Args[i])
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Kind" {
					add(n.Value)
				}
			}
			return true
		})
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// whyInSources are the reasons a message is rejected for.
func whyInSources(t *testing.T) (out []string) {
	for _, f := range sources(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "why") && len(v.Values) == 1 {
				if lit, ok := v.Values[0].(*ast.BasicLit); ok {
					why, _ := strconv.Unquote(lit.Value)
					out = append(out, why)
				}
			}
			return true
		})
	}
	slices.Sort(out)
	return out
}

// firstColumn are the quoted first cells of a page's tables under a heading.
func firstColumn(page, heading string) (out []string) {
	_, page, _ = strings.Cut(page, heading)
	if i := strings.Index(page, "\n## Reasons"); i >= 0 {
		page = page[:i]
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(page, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return out
}

// docs/events.md names every kind of event and every reason, and nothing else.
// Rule: O1
func TestEventsAreDocumented(t *testing.T) {
	raw, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for _, c := range []struct {
		what      string
		code, doc []string
	}{
		{"kind", kindsInSources(t), firstColumn(page, "## Strand `gossipsub`")},
		{"reason of reject", whyInSources(t), firstColumn(page, "## Reasons of `reject`")},
	} {
		if len(c.code) < 5 {
			t.Errorf("only %d found in the sources: %q", len(c.code), c.code)
		}
		for _, k := range c.code {
			if !slices.Contains(c.doc, k) {
				t.Errorf("%s %q is not in docs/events.md", c.what, k)
			}
		}
		for _, k := range c.doc {
			if !slices.Contains(c.code, k) {
				t.Errorf("docs/events.md names the %s %q, which is never reported", c.what, k)
			}
		}
	}
}

// Fine events are made only while somebody watches.
// Rule: O2
func TestFineEvents(t *testing.T) {
	watch := map[string]bool{}
	g := newRig(t, func(c *Config) { c.Watched = func(s string) bool { return watch[s] } })
	g.ups(3, Meshsub12, "t")
	g.join("t", TopicConfig{})
	for _, c := range []struct {
		messages, rpcs bool
	}{{}, {messages: true}, {rpcs: true}, {true, true}} {
		watch[Strand], watch[StrandRPC] = c.messages, c.rpcs
		g.events = nil
		data := strconv.FormatBool(c.messages) + strconv.FormatBool(c.rpcs)
		g.recv("n0", plain("t", data))
		g.recv("n1", plain("t", data))
		g.recv("n1", plain("elsewhere", data))
		for _, kind := range []string{"deliver", "duplicate", "undeliverable"} {
			if (g.counted(kind) == 1) != c.messages {
				t.Errorf("%+v: %d of %s", c, g.counted(kind), kind)
			}
		}
		if (g.counted("recv") == 3) != c.rpcs || (g.counted("send") >= 1) != c.rpcs {
			t.Errorf("%+v: %d of recv, %d of send", c, g.counted("recv"), g.counted("send"))
		}
		for _, e := range g.events {
			if !e.Fine {
				t.Errorf("%s is not marked fine", e.Kind)
			}
		}
	}
}
