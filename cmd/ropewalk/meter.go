package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/ropewalk/ropewalk/internal/plain"
)

// meter shows one line of progress on standard error, only on a terminal and not
// beside --json.
type meter struct {
	out  io.Writer // nil: shows nothing
	last time.Time

	begun time.Time // of a bar
	from  int64     // what was done then
}

// meterEvery is how often the line changes at most.
const meterEvery = 200 * time.Millisecond

func newMeter(a *app) *meter {
	if a.json || !term.IsTerminal(int(os.Stderr.Fd())) {
		return &meter{}
	}
	return &meter{out: os.Stderr}
}

func (m *meter) show(format string, args ...any) {
	if m.out == nil || time.Since(m.last) < meterEvery {
		return
	}
	m.last = time.Now()
	fmt.Fprintf(m.out, "\r\x1b[K"+format, args...)
}

func (m *meter) clear() {
	if m.out != nil {
		fmt.Fprint(m.out, "\r\x1b[K")
	}
}

// barCells is how wide a bar is.
const barCells = 30

// bar shows how much of something is done, and at what rate; total is negative while
// nobody knows.
func (m *meter) bar(name string, done, total int64) {
	if m.out == nil {
		return
	}
	now := time.Now()
	if m.begun.IsZero() {
		m.begun, m.from = now, done
		return // what takes less than a moment has no bar
	}
	rate := float64(done-m.from) / max(now.Sub(m.begun).Seconds(), 0.001)
	text := plain.Line(name, 30)
	if total > 0 {
		full := int(min(done, total) * barCells / total)
		text += fmt.Sprintf(" [%s%s] %3d%%", strings.Repeat("=", full), strings.Repeat(" ", barCells-full), min(done, total)*100/total)
	}
	m.show("%s %s, %s/s", text, size(uint64(max(done, 0))), size(uint64(rate)))
}
