package sim

import (
	"testing"
	"time"
)

// A small network with churn holds its slots; the bar proper is for ten thousand nodes,
// where one that goes and was known to many weighs less.
func TestChurn(t *testing.T) {
	opt := Turnover{Field: Field{Nodes: 150, Seed: *seedFlag}, Churn: 0.2, For: 20 * time.Second}
	r, err := Churn(opt)
	if err != nil {
		t.Fatal(err)
	}
	missed(t, r)
	again, err := Churn(opt)
	if err != nil || again.Hash != r.Hash {
		t.Errorf("two runs differ: %s and %s, %v", r.Hash, again.Hash, err)
	}
}
