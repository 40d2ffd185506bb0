package sim

import (
	"testing"
	"time"
)

// A network of 30 fills its slots, loses half of its nodes, fills them again, and takes
// those back that come with their books. Lines are short: the figures are those of
// nodes on one machine.
func TestRecoveryFromChurn(t *testing.T) {
	for seed := *seedFlag; seed < *seedFlag+3; seed++ {
		r := play(t, Options{Script: script(t, "churn", 0), Seed: seed, Latency: time.Millisecond})
		for _, s := range r.Steps {
			t.Logf("%8s %s (%s)", s.Took.Round(time.Millisecond), s.Text, s.Detail)
		}
	}
}
