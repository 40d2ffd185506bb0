package session

import "testing"

// Trap 26, a wakeup that is lost between a look and a wait: whoever places a host in the
// book tells nobody, and slots that sleep because the book had nobody still dial it, for
// they are due by what the book is and not by having been told.
func TestTrap26NewsInTheBookNeedNoCall(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{Outbound: 2, RefineEvery: -1})
	other := w.stranger("8.1.1.1")
	me.start()
	w.run(bookEvery / 2)
	if at := me.k.Deadline(); !at.After(w.now) {
		t.Fatalf("due at %v, now it is %v: nothing is to be done", at, w.now)
	}
	if err := me.book.Hear(w.now, "", other.rec); err != nil {
		t.Fatal(err)
	}
	if at := me.k.Deadline(); at.IsZero() || at.After(w.now) {
		t.Fatalf("due in %v, want at once", at.Sub(w.now))
	}
	me.input(me.k.Advance)
	for _, s := range me.k.outs {
		if s.State != Sleeping {
			return
		}
	}
	t.Error("nobody is dialled")
}
