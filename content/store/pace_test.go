//go:build !nopebble

package store

import (
	"testing"
	"time"
)

// TestPace: who writes waits when more than half of the tables are full, the longer the
// more are, for as long as the disk takes for the bytes, in pauses that are not too long.
func TestPace(t *testing.T) {
	tables, asked := memTables/2, 0
	count := func() int { asked++; return tables }
	// pauses are how long a MiB waits that is written in steps of 4 KiB.
	pauses := func(p *pace) (sum time.Duration) {
		for range 256 {
			d := p.wait(4<<10, count)
			if d > paceMost || d > 0 && d < paceLeast {
				t.Fatalf("a pause of %s", d)
			}
			sum += d
		}
		return sum
	}
	var p pace
	p.tables = memTables
	if got := p.wait(1<<10, count); got != 0 {
		t.Errorf("a pause of %s, and nobody knows how fast the disk is", got)
	}
	p = pace{}
	p.wrote(16<<20, 100*time.Millisecond) // 160 MiB a second
	p.wrote(1, time.Hour)                 // says nothing
	if got := pauses(&p); got != 0 {
		t.Errorf("half of the tables: %s", got)
	}
	if asked != 4 {
		t.Errorf("counted %d times for a MiB", asked)
	}
	want := time.Second / 160
	for tables = memTables/2 + 1; tables <= memTables; tables++ {
		p.tables = tables
		if got := pauses(&p); got < want*9/10 || got > want*11/10 {
			t.Errorf("%d of %d tables: %s, want %s", tables, memTables, got, want)
		}
		want *= 2
	}
	p.wrote(16<<20, time.Hour)
	p.wrote(16<<20, time.Hour)
	if got := p.wait(32<<20, count); got != paceMost {
		t.Errorf("a great value on a slow disk: %s", got)
	}
}
