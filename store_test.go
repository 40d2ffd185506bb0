package ropewalk

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/content/store"
)

// storeConfig is a node with content on disk, on loopback.
func storeConfig(dir string) Config {
	c := libConfig()
	c.DataDir, c.Listen.UDP, c.Registry = dir, "127.0.0.1:0", prometheus.NewRegistry()
	return c
}

// TestStoreOutlivesTheNode: what the user put is there at the next start, and figures and
// health tell of it.
func TestStoreOutlivesTheNode(t *testing.T) {
	dir := t.TempDir()
	before := descriptors()
	value := bytes.Repeat([]byte("rope"), 3000)
	var which ContentID
	func() {
		n := started(t, storeConfig(dir))
		var err error
		if which, err = n.Put(soon(t), value); err != nil {
			t.Fatal(err)
		}
		if err := n.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := n.Get(soon(t), which); err != nil || !bytes.Equal(got, value) {
			t.Fatalf("after stop and start: %d bytes, %v", len(got), err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	if after := descriptors(); after > before+1 { // of the poller
		t.Errorf("%d descriptors, %d before", after, before)
	}
	c := storeConfig(dir)
	n := started(t, c)
	if got, err := n.Get(soon(t), which); err != nil || !bytes.Equal(got, value) {
		t.Fatalf("in a new process: %d bytes, %v", len(got), err)
	}
	found := false
	for _, x := range n.Health().Checks {
		found = found || x.Name == "store" && x.OK
	}
	if !found {
		t.Errorf("health says nothing of the store: %+v", n.Health())
	}
	families, err := c.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "ropewalk_store_bytes" {
			for _, m := range f.Metric {
				for _, l := range m.Label {
					if l.GetValue() == "durable" && m.Gauge.GetValue() < float64(len(value)) {
						t.Errorf("%v", m)
					}
				}
			}
			return
		}
	}
	t.Error("no figure of the store")
}

// TestRadiusOfZero: with a radius of all zeros nothing is kept for others, and what the user
// puts is; a network without places on the ring keeps what it is given.
func TestRadiusOfZero(t *testing.T) {
	for _, c := range []struct {
		radius string
		keeps  bool
	}{{"0x" + strings.Repeat("00", 32), false}, {strings.Repeat("ff", 32), true}, {"max", true}} {
		cfg := storeConfig("")
		cfg.Overlay.Radius = c.radius
		n := made(t, cfg)
		good := func(_, _ []byte) error { return nil }
		placed, err := n.Overlay(Network{Name: "placed", Protocol: []byte("placed"), Check: good})
		if err != nil {
			t.Fatal(err)
		}
		everywhere, err := n.Overlay(Network{Name: "everywhere", Protocol: []byte("every"), Check: good, Everywhere: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for o, keeps := range map[*Overlay]bool{placed: c.keeps, everywhere: true} {
			s, err := o.Put(soon(t), []byte("ours"), []byte("value"))
			if err != nil || !s.StoredLocally {
				t.Errorf("%s: %s of ours is stored: %t, %v", c.radius, o.Name(), s.StoredLocally, err)
			}
			// The store has told its radius.
			if s, err = o.Share(soon(t), []byte("key"), []byte("value")); err != nil || s.StoredLocally != keeps {
				t.Errorf("%s: %s of others is stored: %t, %v", c.radius, o.Name(), s.StoredLocally, err)
			}
		}
		if r, err := placed.Radius(soon(t)); err != nil || r.IsZero() == c.keeps {
			t.Errorf("%s: tells a radius of %s, %v", c.radius, r, err)
		}
	}
}

// TestDamagedStore: a node does not start on a store that has lost what the user put; a
// repair makes one it starts on.
func TestDamagedStore(t *testing.T) {
	dir := t.TempDir()
	n := made(t, storeConfig(dir))
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	manifests, err := filepath.Glob(filepath.Join(dir, storeFolder, "durable", "MANIFEST-*"))
	if err != nil || len(manifests) == 0 {
		t.Fatal(manifests, err)
	}
	for _, name := range manifests {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(storeConfig(dir)); !errors.Is(err, store.ErrDamaged) {
		t.Fatalf("started: %v", err)
	}
	if r, err := RepairStore(dir); err != nil || r.Gaps == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := made(t, storeConfig(dir)).Start(context.Background()); err != nil {
		t.Fatal(err)
	}
}
