package ropewalk_test

import (
	"bufio"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

var updateConformance = flag.Bool("update-conformance", false, "write docs/conformance.md anew")

// ruleText is a rule of GossipSub, as gossipsub/testdata/rules.txt has it.
type ruleText struct{ id, source, text, chapter string }

// TestConformance makes docs/conformance.md of the rules and of the tests that name
// them, and fails when a rule has no test, a test names no rule of ours, or the page
// is not the one committed.
func TestConformance(t *testing.T) {
	rules := readRules(t, "gossipsub/testdata/rules.txt")
	known := map[string]bool{}
	for _, r := range rules {
		if known[r.id] {
			t.Errorf("rule %s is there twice", r.id)
		}
		known[r.id] = true
	}
	proofs := map[string][]string{}
	for _, dir := range []string{".", "gossipsub", "gossipsub/rpc", "gossipsub/score", "gossipsub/gater", "envelope", "peer", "node", "link/libp2p", "sim", "interop", "bench"} {
		for id, tests := range testsByRule(t, dir) {
			if !known[id] {
				t.Errorf("%s: tests %v name rule %s, which is not in rules.txt", dir, tests, id)
			}
			proofs[id] = append(proofs[id], tests...)
		}
	}
	for _, r := range rules {
		if len(proofs[r.id]) == 0 {
			t.Errorf("rule %s has no test: %s", r.id, r.text)
		}
	}
	page := conformancePage(rules, proofs)
	const file = "docs/conformance.md"
	if *updateConformance {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, _ := os.ReadFile(file); string(have) != page {
		t.Errorf("%s is not what the tests say: go test -run TestConformance -update-conformance .", file)
	}
}

func readRules(t *testing.T, file string) (out []ruleText) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	chapter := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "== "):
			chapter = strings.TrimPrefix(line, "== ")
		default:
			parts := strings.SplitN(line, " | ", 3)
			if len(parts) != 3 {
				t.Fatalf("%s: %q: want ID | source | rule", file, line)
			}
			out = append(out, ruleText{parts[0], parts[1], parts[2], chapter})
		}
	}
	return out
}

var ruleMark = regexp.MustCompile(`(?m)^Rule:\s*([A-Z0-9, ]+)$`)

// testsByRule reads the marks "Rule: G3, G4" in front of the tests of a folder.
func testsByRule(t *testing.T, dir string) map[string][]string {
	out := map[string][]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || fn.Doc == nil || !strings.HasPrefix(fn.Name.Name, "Test") && !strings.HasPrefix(fn.Name.Name, "Fuzz") {
				continue
			}
			for _, m := range ruleMark.FindAllStringSubmatch(fn.Doc.Text(), -1) {
				for _, id := range strings.Split(m[1], ",") {
					name := fmt.Sprintf("`%s` (%s)", fn.Name.Name, strings.TrimPrefix(dir, "./"))
					if dir == "." {
						name = fmt.Sprintf("`%s`", fn.Name.Name)
					}
					out[strings.TrimSpace(id)] = append(out[strings.TrimSpace(id)], name)
				}
			}
		}
	}
	return out
}

func conformancePage(rules []ruleText, proofs map[string][]string) string {
	var b strings.Builder
	b.WriteString(`# GossipSub, rule by rule

Made by ` + "`go test -run TestConformance -update-conformance .`" + ` of gossipsub/testdata/rules.txt and of the tests that
name the rules; a rule without a test fails that test. The sources are those of libp2p/specs: v1.0 to v1.3 are the
GossipSub pages, pubsub is pubsub/README.md, partial is the extension for partial messages. "go" stands for what the
reference implementation does where the text is silent, "ours" for what we chose ourselves.
`)
	chapter := ""
	for _, r := range rules {
		if r.chapter != chapter {
			chapter = r.chapter
			fmt.Fprintf(&b, "\n## %s\n\n| rule | source | what it says | tests |\n|---|---|---|---|\n", chapter)
		}
		tests := append([]string(nil), proofs[r.id]...)
		sort.Strings(tests)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.id, r.source, r.text, strings.Join(tests, ", "))
	}
	return b.String()
}
