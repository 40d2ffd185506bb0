//go:build !nopebble

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ropewalk/ropewalk/content"
)

// repairBatch is how many bytes a repair writes at a time.
const repairBatch = 4 << 20

// Repair makes a new store of what can be read of class Durable in a folder that Open
// calls damaged. The old one stays beside it.
func Repair(dir string, c Config) (r Repaired, err error) {
	c.fill()
	fs := c.Disk.fs
	lock, err := fs.Lock(filepath.Join(dir, lockName))
	if err != nil {
		return r, fmt.Errorf("%w: %s: %w", ErrInUse, dir, err)
	}
	defer lock.Close()
	blocks := pebble.NewCache(c.Disk.Memory / 4)
	defer blocks.Unref()
	shelf := func(name string) *disk {
		return &disk{fs: fs, dir: filepath.Join(dir, name), durable: true, memory: c.Disk.Memory / 8, files: c.Disk.Files, blocks: blocks,
			tell: c.Tell, refuse: func() error { return nil }, alarm: make(chan struct{}, 1)}
	}
	from, to := shelf(durableName), shelf(durableName+".new")
	if err := fs.RemoveAll(to.dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return r, err
	}
	if err := to.open(); err != nil {
		return r, err
	}
	if err := from.open(); err != nil {
		r.Gaps++ // all of it
	} else {
		err = r.bringOver(from, to)
		if err := errors.Join(err, from.abandon()); err != nil {
			return r, errors.Join(err, to.close())
		}
	}
	if err := to.close(); err != nil {
		return r, err
	}
	r.Old = fmt.Sprintf("%s.bad-%d", from.dir, time.Now().Unix())
	if err := fs.Rename(from.dir, r.Old); err != nil {
		return r, err
	}
	if err := fs.Rename(to.dir, from.dir); err != nil {
		return r, err
	}
	if err := fs.Remove(filepath.Join(dir, endName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return r, err
	}
	return r, syncFolder(fs, dir)
}

// bringOver copies what can be read. Behind what cannot it goes on with the next 65,536th
// of the ring.
func (r *Repaired) bringOver(from, to *disk) error {
	for net := range from.names() {
		t := tally{net: net}
		var changes []change
		size := 0
		flush := func() error {
			err := to.write(changes, []tally{t}, true)
			changes, size = changes[:0], 0
			return err
		}
		next := &content.Distance{}
		for next != nil {
			var last content.Distance
			last, next = *next, nil
			var at []content.Distance
			err := from.walk(appendKeyAt(nil, kindItem, net, last), appendBehind(nil, kindItem, net, content.DistanceMax), false,
				func(d content.Distance, _ record) bool { at, last = append(at, d), d; return len(at) < PageMax })
			if err != nil {
				r.Gaps++
				next = beyond(last)
			} else if len(at) == PageMax {
				next = after(last)
			}
			for _, d := range at {
				item, ok, err := from.get(net, d)
				if err != nil || !ok {
					r.Gaps++
					continue
				}
				cost := costOf(len(item.Key), len(item.Value))
				t.items, t.bytes = t.items+1, t.bytes+cost
				changes = append(changes, change{net: net, at: d, key: item.Key, value: item.Value})
				if size += int(cost); size > repairBatch {
					if err := flush(); err != nil {
						return err
					}
				}
			}
		}
		if err := flush(); err != nil {
			return err
		}
		r.Items, r.Bytes = r.Items+t.items, r.Bytes+t.bytes
	}
	return nil
}

// names are the networks that have something on a shelf, whatever its tallies say.
func (d *disk) names() map[string]bool {
	names := map[string]bool{}
	var from []byte
	for from = []byte{kindItem}; ; {
		var net string
		err := d.read(func(db *pebble.DB) error {
			it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: []byte{kindItem + 1}})
			if err != nil {
				return err
			}
			if it.First() && len(it.Key()) > 2 && len(it.Key()) >= 2+int(it.Key()[1]) {
				net = string(it.Key()[2 : 2+int(it.Key()[1])])
			}
			return errors.Join(it.Error(), it.Close())
		})
		if err != nil || net == "" {
			return names
		}
		names[net] = true
		from = appendBehind(nil, kindItem, net, content.DistanceMax)
	}
}

// after is the next distance; nil behind the last.
func after(d content.Distance) *content.Distance {
	for i := len(d) - 1; i >= 0; i-- {
		if d[i]++; d[i] != 0 {
			return &d
		}
	}
	return nil
}

// beyond is where the next 65,536th of the ring begins; nil behind the last.
func beyond(d content.Distance) *content.Distance {
	copy(d[2:], slices.Repeat([]byte{0xff}, len(d)-2))
	return after(d)
}
