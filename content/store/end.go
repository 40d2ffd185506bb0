//go:build !nopebble

package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A store that ends in good order leaves a note of what the user has in it. Pebble takes
// damage to the end of its logs for a write that a crash cut off, and goes on without; the
// next start compares.
const endName = "END"

// endText is the note, with a checksum: a note that is damaged says nothing.
func endText(tallies []tally) string {
	lines := make([]string, 0, len(tallies))
	for _, t := range tallies {
		if t.items > 0 {
			lines = append(lines, fmt.Sprintf("%d %d %s\n", t.bytes, t.items, t.net))
		}
	}
	slices.Sort(lines)
	body := strings.Join(lines, "")
	return fmt.Sprintf("%s%08x\n", body, crc32.ChecksumIEEE([]byte(body)))
}

// noteEnd writes the note.
func (s *onDisk) noteEnd() error {
	s.keeper.mu.Lock()
	var tallies []tally
	for name, b := range s.keeper.books {
		t := b.durable
		t.net = name
		tallies = append(tallies, t)
	}
	s.keeper.mu.Unlock()
	return writeWhole(s.fs, s.dir, endName, endText(tallies))
}

// checkEnd compares the note of the last end with what is there, and takes the note away:
// from now on it says nothing.
func (s *onDisk) checkEnd() error {
	name := filepath.Join(s.dir, endName)
	f, err := s.fs.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	text := string(b)
	body := text[:max(0, len(text)-9)]
	if text == fmt.Sprintf("%s%08x\n", body, crc32.ChecksumIEEE([]byte(body))) {
		tallies, err := s.durable.tallies()
		if err != nil {
			return err
		}
		if now := endText(tallies); now != text {
			return fmt.Errorf("%w: %s: not all is there that was when the store was closed", ErrDamaged, s.durable.dir)
		}
	}
	if err := s.fs.Remove(name); err != nil {
		return err
	}
	return syncFolder(s.fs, s.dir)
}
