package sim

import (
	"testing"
	"time"
)

// missed fails the test for every bar that is not reached.
func missed(t *testing.T, r Result) {
	t.Helper()
	for _, f := range r.Found {
		if !f.OK {
			t.Errorf("%s, seed %d: %s: %.4g %s, want %s", r.Name, r.Seed, f.What, f.Value, f.Unit, f.Bar)
		}
	}
}

// The experiments on sessions, small. That half of a network has its slots again is held
// against twice the bar of the full one: of few nodes one draw decides.
func TestSeedsAway(t *testing.T) {
	r, err := Seeds(Field{Nodes: 80, Seed: *seedFlag})
	if err != nil {
		t.Fatal(err)
	}
	missed(t, r)
}

func TestColdStart(t *testing.T) {
	opt := Field{Nodes: 60, Seed: *seedFlag}
	r, err := Cold(opt)
	if err != nil {
		t.Fatal(err)
	}
	missed(t, r)
	if again, err := Cold(opt); err != nil || again.Hash != r.Hash {
		t.Errorf("two runs differ: %s and %s, %v", r.Hash, again.Hash, err)
	}
}

func TestHalfKilled(t *testing.T) {
	r, err := Half(Field{Nodes: 60, Seed: *seedFlag})
	if err != nil {
		t.Fatal(err)
	}
	if first := r.Found[0]; first.Value > 2*ninetyMost {
		t.Errorf("%s: %.1f s", first.What, first.Value)
	}
}

func TestOutageHeals(t *testing.T) {
	r, err := Outage(Field{Nodes: 50, Seed: *seedFlag})
	if err != nil {
		t.Fatal(err)
	}
	missed(t, r)
}

// TestFieldLooks: what is counted is what there is.
func TestFieldLooks(t *testing.T) {
	f, err := newField(Field{Nodes: 40, Seed: *seedFlag}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.start(f.hosts, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := f.run(20*time.Second, nil); err != nil {
		t.Fatal(err)
	}
	h := f.hosts[5]
	if n := h.filled(); n != 8 || !f.full(h, 39) {
		t.Errorf("%d slots filled of 8", n)
	}
	if len(f.contacts[5]) == 0 || f.dials == 0 {
		t.Errorf("%d contacts to seeds, %d dials", len(f.contacts[5]), f.dials)
	}
	h.kill()
	if h.filled() != 0 || len(f.living()) != 39 {
		t.Errorf("%d slots of a dead node, %d alive", h.filled(), len(f.living()))
	}
	if err := f.run(time.Duration(f.now)+lookTicks*time.Duration(tick), nil); err != nil {
		t.Fatal(err)
	}
	for _, o := range f.living() {
		if n := o.filled(); n > f.slots {
			t.Errorf("%d of %d slots", n, f.slots)
		}
	}
}
