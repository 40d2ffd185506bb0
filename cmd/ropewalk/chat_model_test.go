package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/ropewalk/ropewalk"
)

var update = flag.Bool("update", false, "rewrite the golden frames")

var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[a-zA-Z]")

// frame is what the screen shows, without colours and spaces at line ends.
func frame(m *chatModel) string {
	lines := strings.Split(escapes.ReplaceAllString(m.View().Content, ""), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "chat", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: -want +got\n%s", name, d)
	}
}

// story is a model of 48 by 10 cells and what was said through it.
func story(t *testing.T) (*chatModel, *[]string) {
	t.Helper()
	var said []string
	m := newChatModel("lobby", func(text string) tea.Cmd { said = append(said, text); return nil }, func() tea.Msg { return nil })
	m.zone = time.UTC
	m.Update(tea.WindowSizeMsg{Width: 48, Height: 10})
	return m, &said
}

func line(n int, author, text, state string) lineMsg {
	return lineMsg(ropewalk.ChatLine{ID: fmt.Sprint(n), Room: "lobby", Author: author, Text: text, State: state,
		At: time.Date(2026, 11, 21, 12, n, 0, 0, time.UTC)})
}

func press(m *chatModel, keys ...string) {
	for _, k := range keys {
		switch k {
		case "enter":
			m.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
		case "pgup":
			m.Update(tea.KeyPressMsg{Code: tea.KeyPgUp})
		case "pgdown":
			m.Update(tea.KeyPressMsg{Code: tea.KeyPgDown})
		default:
			for _, r := range k {
				m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
			}
		}
	}
}

func TestChatFrames(t *testing.T) {
	m, said := story(t)
	golden(t, "empty", frame(m))

	m.Update(presenceMsg{members: 2, peers: 1})
	m.Update(line(1, "Alice the Incredibly Long~a1b2c3d4", "hello", "received"))
	m.Update(line(2, "~99887766", "a long line that does not fit into one row of so small a screen", "received"))
	m.Update(line(3, "bob~00112233", "mine", "queued"))
	golden(t, "talk", frame(m))

	m.Update(line(3, "bob~00112233", "mine", "delivered"))
	if len(m.lines) != 3 {
		t.Errorf("a new state made a new line: %d", len(m.lines))
	}
	press(m, "see you", "enter")
	if d := cmp.Diff([]string{"see you"}, *said); d != "" {
		t.Error(d)
	}
	m.Update(line(4, "Alice the Incredibly Long~a1b2c3d4", "\x1b]0;title\x07\x1b[2J evil \u202etext\u2066", "received"))
	golden(t, "delivered", frame(m))

	for i := range 20 {
		m.Update(line(10+i, "~99887766", fmt.Sprintf("number %d", i), "received"))
	}
	press(m, "pgup")
	golden(t, "scrolled", frame(m))
	press(m, "pgdown", "/wat", "enter")
	golden(t, "unknown-command", frame(m))
	press(m, "//slash", "enter")
	if (*said)[len(*said)-1] != "/slash" {
		t.Errorf("said %q", *said)
	}
}

// Nothing that others send reaches the terminal but as text.
func TestChatFramesAreHarmless(t *testing.T) {
	m, _ := story(t)
	for i, evil := range []string{"\x1b[31mred", "\u009b2J", "a\rb\nc", "\u202eabc", strings.Repeat("z\u0301", 40) + strings.Repeat("\u0301", 99), "\x7f"} {
		m.Update(line(i, evil, evil, "received"))
		m.Update(noticeMsg(evil))
	}
	m.room = "\x1b[5mroom"
	for _, l := range strings.Split(frame(m), "\n") {
		if strings.ContainsAny(l, "\x1b\u009b\r\x7f\u202e\u2066") {
			t.Errorf("%q", l)
		}
		if cells(l) > 48 {
			t.Errorf("row of %d cells: %q", cells(l), l)
		}
	}
}

func TestChatKeepsABoundedScreenful(t *testing.T) {
	m, _ := story(t)
	for i := range 3 * linesShownMax {
		m.Update(line(i, "a", "b", "received"))
	}
	if len(m.lines) > linesShownMax || len(m.at) != len(m.lines) {
		t.Fatal(len(m.lines), len(m.at))
	}
	for id, i := range m.at {
		if m.lines[i].ID != id {
			t.Fatal("the index is wrong")
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 5, []string{""}},
		{"one two", 7, []string{"one two"}},
		{"one two", 6, []string{"one", "two"}},
		{"abcdefgh", 3, []string{"abc", "def", "gh"}},
		{"漢字漢字", 5, []string{"漢字", "漢字"}},
	} {
		if d := cmp.Diff(c.want, wrap(c.text, c.width)); d != "" {
			t.Errorf("%q: %s", c.text, d)
		}
	}
}
