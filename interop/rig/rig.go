// Package rig is what the tests of this module share: how to wait, a node of ours,
// and processes of Node.js.
package rig

import (
	"context"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk"
)

// Patience is how long a condition may take before a test gives up.
const Patience = 90 * time.Second

// every is how often a condition is looked at.
const every = 20 * time.Millisecond

// Until waits for a condition, which says what is still missing.
func Until(t *testing.T, what string, missing func() string) {
	t.Helper()
	ctx := Within(t)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		m := missing()
		if m == "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: gave up after %v: %s", what, Patience, m)
		}
	}
}

// Within is a context for a few calls.
func Within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// Start starts a node that speaks protocols of the test's; it ends with the test.
func Start(t *testing.T, cfg ropewalk.Config, protocols ...ropewalk.Protocol) *ropewalk.Node {
	t.Helper()
	n, err := ropewalk.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range protocols {
		if err := n.Handle(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return n
}
