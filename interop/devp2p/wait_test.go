package devp2p

import (
	"context"
	"testing"
	"time"
)

// patience is how long a condition may take before a test gives up.
const patience = 60 * time.Second

// until waits for a condition, which says what is still missing.
func until(t *testing.T, what string, missing func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		m := missing()
		if m == "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: gave up after %v: %s", what, patience, m)
		}
	}
}

// within is a context for one call.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}
