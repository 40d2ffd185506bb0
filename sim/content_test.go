package sim

import "testing"

// What was put is found, among liars and after a fifth of the nodes have gone; and the same
// seed gives the same run.
func TestContent(t *testing.T) {
	opt := Field{Nodes: 100, Seed: *seedFlag}
	r, err := Content(opt)
	if err != nil {
		t.Fatal(err)
	}
	missed(t, r)
	again, err := Content(opt)
	if err != nil || again.Hash != r.Hash {
		t.Errorf("two runs differ: %s and %s, %v", r.Hash, again.Hash, err)
	}
}
