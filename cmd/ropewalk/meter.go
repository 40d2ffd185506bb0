package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// meter shows one line of progress on standard error, only on a terminal and not
// beside --json.
type meter struct {
	out  io.Writer // nil: shows nothing
	last time.Time
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
