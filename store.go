package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/store"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/work"
)

// keepers is how many asks of the store are answered at a time: enough that puts which
// wait for the disk share its syncs, and that gets go on beside them.
const keepers = 8

// storeFolder is where the store is below the data folder.
const storeFolder = "content"

// localnetFree is what nodes on one machine leave free of its disk.
const localnetFree = 64 << 20

// openStore opens the store of content, where the node has networks of it: on disk where
// it has a data folder, else in memory.
func (n *Node) openStore(overlays []portal.Config) (err error) {
	if len(overlays) == 0 {
		return nil
	}
	radius, err := radiusOf(n.cfg.Overlay.Radius)
	if err != nil {
		return err
	}
	p, _ := profileNamed(n.cfg.Profile)
	c := store.Config{
		Self: n.key.ID(), Capacity: n.cfg.Overlay.Capacity, Capacities: map[string]int64{}, Radius: &radius,
		Tell: n.hearStore,
		Disk: store.Disk{Memory: p.store, Files: p.fds / 8},
	}
	for _, o := range overlays {
		c.Networks = append(c.Networks, o.Network)
		if own := n.cfg.Overlay.Networks[o.Network.Name].Capacity; own != 0 && own != c.Capacity {
			c.Capacities[o.Network.Name] = own
		}
	}
	if n.cfg.Localnet {
		c.Disk.Ballast, c.Disk.FreePart, c.Disk.FreeMin = -1, -1, localnetFree // many nodes on one disk, for a while
	}
	if n.cfg.DataDir == "" {
		n.store, err = store.NewMemory(c)
	} else {
		n.store, err = store.Open(filepath.Join(n.cfg.DataDir, storeFolder), c)
	}
	if errors.Is(err, store.ErrDamaged) {
		return fmt.Errorf("%w; keep a copy of the folder, then: ropewalk doctor --repair", err)
	}
	if err != nil {
		return err
	}
	for _, s := range n.store.Stats().Networks {
		for i := range overlays {
			if overlays[i].Network.Name == s.Name {
				overlays[i].Radius = s.Radius // one that is nearly full begins with less
			}
		}
	}
	return nil
}

// hearStore logs what the store says to its operator.
func (n *Node) hearStore(x store.Notice) {
	level := slog.LevelWarn
	if x.Kind == "well" {
		level = slog.LevelInfo
	}
	n.log.Log(context.Background(), level, "content store: "+x.Text, "state", x.Kind, "err", x.Err)
}

// storeCheck is the store's line of Health.
func (n *Node) storeCheck() Check {
	s := n.store.Stats()
	c := Check{Name: "store", OK: s.State == nil && s.Damaged == nil}
	items, bytes := int64(0), int64(0)
	for _, x := range s.Networks {
		items, bytes = items+x.Items+x.DurableItems, bytes+x.Bytes+x.DurableBytes
	}
	c.Detail = detail(errors.Join(s.State, s.Damaged), fmt.Sprintf("%d items, %d MiB", items, bytes>>20))
	return c
}

// StoreRepaired says what RepairStore brought over.
type StoreRepaired = store.Repaired

// RepairStore makes a new store of what can be read of what the user put, in a data folder
// whose store is damaged. No node may run there.
func RepairStore(dataDir string) (StoreRepaired, error) {
	f, err := openFolder(dataDir)
	if err != nil {
		return StoreRepaired{}, err
	}
	r, err := store.Repair(filepath.Join(dataDir, storeFolder), store.Config{})
	return r, errors.Join(err, f.close())
}

// askStore has the store answer beside the loop.
func (n *Node) askStore(asks []content.Ask) {
	jobs := make([]work.Job, len(asks))
	for i, a := range asks {
		jobs[i] = work.Job{Ticket: a.Ticket, Run: func() any { return n.store.Do(a) }}
	}
	n.shelves.add(jobs)
}

// stored tells the machine what the store answered.
func (n *Node) stored(j work.Job, result any) {
	if !j.Ticket.IsZero() {
		n.post(input{fn: func(now time.Time) { n.machine.Stored(now, result.(content.Answer)) }})
	}
}

func (n *Node) closeStore() error {
	if n.store == nil {
		return nil
	}
	return n.store.Close()
}
