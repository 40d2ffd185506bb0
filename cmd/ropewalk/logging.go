package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/lmittmann/tint"

	"github.com/ropewalk/ropewalk/config"
)

// Log files are moved aside at this size, and this many are kept.
const (
	logBytesMax = 100 << 20
	logFilesMax = 5
)

// logger makes the logger of a node, whose level can be changed. Colour only on a
// terminal, and never with NO_COLOR.
func (a *app) logger(c config.Log, level *slog.LevelVar) (*slog.Logger, func() error, error) {
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, nil, fmt.Errorf("log level: %w", err)
	}
	out, closeLog := a.err, func() error { return nil }
	if c.File != "" {
		f, err := openLog(c.File)
		if err != nil {
			return nil, nil, err
		}
		out, closeLog = f, f.Close
	}
	opts := &slog.HandlerOptions{Level: level}
	switch {
	case c.Format == "json":
		return slog.New(slog.NewJSONHandler(out, opts)), closeLog, nil
	case c.Format == "auto" && isTerminal(out) && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb":
		return slog.New(tint.NewTextHandler(out, &tint.Options{Level: level, TimeFormat: "15:04:05.000"})), closeLog, nil
	}
	return slog.New(slog.NewTextHandler(out, opts)), closeLog, nil
}

// logFile is a file that is moved aside when it is full.
type logFile struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
}

func openLog(path string) (*logFile, error) {
	l := &logFile{path: path}
	return l, l.open()
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("log file: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return fmt.Errorf("log file: %w", err)
	}
	l.file, l.size = f, st.Size()
	return nil
}

// Write appends a record. When the file cannot be moved aside it goes on growing:
// losing the log would be worse.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(p)) > logBytesMax {
		l.rotate()
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

func (l *logFile) rotate() {
	name := func(i int) string {
		if i == 0 {
			return l.path
		}
		return fmt.Sprintf("%s.%d", l.path, i)
	}
	for i := logFilesMax - 2; i >= 0; i-- {
		os.Rename(name(i), name(i+1)) // a missing one is no error worth a word
	}
	old := l.file
	if err := l.open(); err != nil {
		l.file, l.size = old, 0
		return
	}
	old.Close()
}

func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

var _ io.WriteCloser = (*logFile)(nil)
