package rlpx

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/link"
)

// Counters tell what happened, a registry shows them, and Close gives it back.
func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	tr := listening(t, Config{Registry: registry})
	s, l := met(t, tr, dialled(t, tr), nil)
	s.say(0x11, []byte("text"))
	if _, err := l.Read(); err != nil {
		t.Fatal(err)
	}
	if err := l.WriteAll([]link.Msg{{Lane: 1, Data: small}, {Lane: 1, Data: small}}); err != nil {
		t.Fatal(err)
	}
	_ = l.Close(link.TooManyPeers)
	if why := s.told(); why != link.TooManyPeers {
		t.Errorf("told %q", why)
	}
	_ = ended(l)
	got := tr.Stats()
	if got.In["ok"] != 1 || got.Closed[link.TooManyPeers] != 1 || len(got.Told) != 0 || got.Lost != 0 {
		t.Errorf("stats %+v", got)
	}
	if one, two := got.Traffic[0], got.Traffic[1]; one.Protocol != "one/1" || one.MsgsIn != 1 || one.BytesIn != 4 || two.MsgsOut != 2 || two.BytesOut != 128 {
		t.Errorf("traffic %+v", got.Traffic)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "ropewalk_rlpx_") {
			t.Errorf("metric %s", f.GetName())
		}
	}
	if len(families) != 8 {
		t.Errorf("%d metrics", len(families))
	}
	if _, err := New(Config{Key: tr.cfg.Key, Registry: registry}); err == nil {
		t.Error("two transports share a registry")
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if families, _ := registry.Gather(); len(families) != 0 {
		t.Errorf("%d metrics after close", len(families))
	}
}

// A link has no goroutine of its own.
func TestGoroutines(t *testing.T) {
	tr := listening(t, Config{Limits: Limits{ThrottleEvery: -1}})
	before := runtime.NumGoroutine()
	for range 20 {
		met(t, tr, dialled(t, tr), nil)
	}
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines for 20 links", runtime.NumGoroutine()-before)
		}
	}
}
