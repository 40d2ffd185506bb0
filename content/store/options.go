//go:build !nopebble

package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
)

// options are Pebble's for a shelf.
func (d *disk) options(g *gate) *pebble.Options {
	o := &pebble.Options{
		FS:                          g,
		Cache:                       d.blocks,
		Logger:                      quietLogger{g},
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                uint64(d.memory / memTables),
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       l0Tables,
		L0StopWritesThreshold:       200, // a put never waits for compaction alone
		MaxOpenFiles:                max(d.files, filesMin),
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) { d.failed(g, err) },
			DataCorruption:  func(i pebble.DataCorruptionInfo) { d.rot(fmt.Errorf("%s: %w", i.Path, i.Details)) },
			FlushEnd: func(i pebble.FlushInfo) {
				if i.Err == nil && !g.isShut() {
					d.pace.wrote(i.InputBytes, i.Duration)
					d.well()
				}
			},
		},
	}
	// Few files, and few levels to look through: 10 GiB are 300 files of up to 32 MiB.
	o.TargetFileSizes[0] = 8 << 20
	o.LBaseMaxBytes = 256 << 20
	o.Levels[0] = pebble.LevelOptions{
		BlockSize:      4 << 10,
		IndexBlockSize: 256 << 10, // one level of index: a put looks into every table's
		FilterPolicy:   bloom.FilterPolicy(bloomBits),
		FilterType:     pebble.TableFilter,
		Compression:    func() *sstable.CompressionProfile { return sstable.NoCompression },
	}
	return o
}

// failed notes that Pebble could not do something behind the scenes. It tries again.
func (d *disk) failed(g *gate, err error) {
	if g.isShut() || pebble.IsCorruptionError(err) {
		return
	}
	defer d.raise()
	if d.trouble.Swap(&err) == nil {
		d.tell(Notice{Kind: "full", Text: "the disk failed a write; nothing is taken until it works again", Err: err})
	}
}

// well notes that Pebble has written a table.
func (d *disk) well() {
	if d.trouble.Swap(nil) != nil {
		d.tell(Notice{Kind: "well", Text: "the disk works again"})
	}
}

// quietLogger keeps Pebble's own lines out of the log, and Pebble from ending the process.
type quietLogger struct{ g *gate }

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}

// Fatalf is what Pebble calls when it does not know how to go on. The gate is shut, so
// nothing it does from now on reaches the disk.
func (l quietLogger) Fatalf(format string, args ...any) {
	l.g.close(fmt.Errorf("store: pebble: "+format, args...), false)
}
