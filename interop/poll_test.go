package interop

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// patience is how long a condition may take before a test gives up.
const patience = 90 * time.Second

// pollEvery is how often a condition is looked at.
const pollEvery = 20 * time.Millisecond

// until waits for a condition, which says what is still missing.
func until(t *testing.T, what string, missing func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(pollEvery)
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

// few joins at most three complaints.
func few(all []string) string {
	if len(all) > 3 {
		all = append(all[:3:3], fmt.Sprintf("and %d more", len(all)-3))
	}
	return strings.Join(all, "; ")
}
