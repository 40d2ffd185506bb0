package dash

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// markup are the ways from text to markup or code. None of them may stand in our
// sources, nor in what is served.
var markup = regexp.MustCompile(`(?i)(inner|outer)HTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|\beval\(|new Function\b|javascript:|setHTML`)

func TestNoMarkupFromText(t *testing.T) {
	seen := 0
	for _, root := range []string{"web/src", "web/vendor", "dist"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) == ".md" {
				return err
			}
			seen++
			body, err := os.ReadFile(path)
			if found := markup.Find(body); found != nil {
				t.Errorf("%s has %q", path, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 30 {
		t.Fatalf("only %d files were looked at", seen)
	}
	for _, bad := range []string{"x.innerHTML = y", "<div dangerouslySetInnerHTML={z} />", "el.outerHTML", "eval(s)"} {
		if !markup.MatchString(bad) {
			t.Errorf("the gate lets %q pass", bad)
		}
	}
}

// The content policy forbids inline script and style, so the page must not have any.
func TestPageHasNothingInline(t *testing.T) {
	page, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`<style`, `style=`, `onload`, `onclick`, `http://`, `https://`} {
		if bytes.Contains(page, []byte(bad)) {
			t.Errorf("index.html has %s", bad)
		}
	}
	if regexp.MustCompile(`<script[^>]*>[^<]`).Match(page) {
		t.Error("index.html has a script of its own")
	}
	for _, name := range []string{"dash.js", "dash.css", "icon.svg", "licences.txt"} {
		body, err := fs.ReadFile(Files(), name)
		if err != nil || len(body) == 0 {
			t.Errorf("%s is missing: %v", name, err)
		}
		if name == "dash.css" && (bytes.Contains(body, []byte("@import")) || bytes.Contains(body, []byte("url("))) {
			t.Error("dash.css loads something")
		}
	}
}

// The ids that tests and users of the page rely on.
func TestPageHasItsHandles(t *testing.T) {
	js, err := fs.ReadFile(Files(), "dash.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"graph", "room", "line", "send", "lines", "peers", "events", "status", "token", "topics", "scores", "rates", "counted", "slot-table", "hosts", "hosts-at", "bans", "networks", "items", "hops", "content-id", "look", "looked"} {
		if !bytes.Contains(js, []byte(`id:"`+name+`"`)) {
			t.Errorf("no element has the id %s", name)
		}
	}
}

// TestDistIsUpToDate builds the page again and compares. It is skipped where
// esbuild cannot be had, unless DASH_CHECK says that it must.
func TestDistIsUpToDate(t *testing.T) {
	must := os.Getenv("DASH_CHECK") != ""
	if testing.Short() && !must {
		t.Skip("builds esbuild")
	}
	out := t.TempDir()
	cmd := exec.Command("sh", "web/build.sh", out)
	cmd.Env = os.Environ()
	if !must {
		cmd.Env = append(cmd.Env, "GOPROXY=off") // only what is here already
	}
	said, err := cmd.CombinedOutput()
	if err != nil {
		if !must && strings.Contains(string(said), "module lookup disabled") {
			t.Skip("esbuild is not in the module cache")
		}
		t.Fatalf("%v\n%s", err, said)
	}
	fresh := os.DirFS(out)
	names := map[string]bool{}
	for _, tree := range []fs.FS{fresh, Files()} {
		found, err := fs.Glob(tree, "*")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			names[name] = true
		}
	}
	for name := range names {
		want, err1 := fs.ReadFile(fresh, name)
		have, err2 := fs.ReadFile(Files(), name)
		if err1 != nil || err2 != nil || !bytes.Equal(want, have) {
			t.Errorf("dist/%s is not what the sources make: run go generate ./dash", name)
		}
	}
}
