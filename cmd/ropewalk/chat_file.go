package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/internal/plain"
)

// A file travels in a room as a line that names it: "[file] NAME SIZE ID". The file itself
// is content, which whoever reads the line can get, now or when its author is gone.
var fileLine = regexp.MustCompile(`^\[file\] (.{1,200}) ([0-9.]+[KMGT]?i?B) (0x[0-9a-f]{64})$`)

// attached is a file that a line names.
type attached struct {
	name  string
	which ropewalk.ContentID
}

// attachmentOf reads a line. The name is the author's word: of it only what can be a file
// of this folder, and is seen, is kept.
func attachmentOf(text string) (attached, bool) {
	m := fileLine.FindStringSubmatch(text)
	if m == nil {
		return attached{}, false
	}
	which, err := contentID(m[3])
	name := plain.Line(filepath.Base(filepath.FromSlash(strings.ReplaceAll(m[1], `\`, "/"))), 0)
	if err != nil || strings.HasPrefix(name, ".") || name == string(filepath.Separator) || name == "" {
		return attached{}, false
	}
	return attached{name, which}, true
}

// attach puts a file and says so in the room.
func (r *chatRoom) attach(ctx context.Context, file string) (line ropewalk.ChatLine, err error) {
	in, err := r.app.source(file)
	if err != nil {
		return line, err
	}
	defer in.Close()
	if file == "-" || in.size < 0 {
		return line, usagef("--attach %s: want a file", file)
	}
	out, err := r.client.Put(ctx, in, in.size, "")
	if in.short != nil {
		err = in.short
	}
	if err != nil {
		return line, fmt.Errorf("put: %w", err)
	}
	return r.send(ctx, fmt.Sprintf("[file] %s %s %s", plain.Line(filepath.Base(file), 200), size(uint64(in.size)), out.ID))
}

// save gets a file of the room into this folder, under its own name or another. It writes
// over nothing.
func (r *chatRoom) save(ctx context.Context, a attached, name string) (string, error) {
	if name == "" {
		name = a.name
	}
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is there already; /save NAME gives it another name", plain.Line(name, 60))
	}
	quiet := *r.app
	quiet.json, quiet.out, quiet.err = false, discard{}, discard{}
	g := getter{app: &quiet, client: r.client, file: name}
	return name, g.save(ctx, a.which)
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// fileCommand carries out /put FILE and /save [NAME], and leaves a notice; for any other
// text it does nothing.
func (m *chatModel) fileCommand(text string) tea.Cmd {
	verb, arg, _ := strings.Cut(text, " ")
	arg = strings.TrimSpace(arg)
	switch {
	case verb == "/put" && m.put != nil && arg != "":
		m.notice = "putting " + plain.Line(arg, 60) + " …"
		return m.put(arg)
	case verb == "/save" && m.save != nil:
		for i := len(m.lines) - 1; i >= 0; i-- {
			if a, ok := attachmentOf(m.lines[i].Text); ok {
				m.notice = "getting " + plain.Line(a.name, 60) + " …"
				return m.save(a, arg)
			}
		}
		m.notice = "no file was shared here"
	}
	return nil
}
