package ropewalk

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ropewalk/ropewalk/node"
)

// Each field of content and of its socket has its bounds, and the error names the field.
func TestOverlayConfig(t *testing.T) {
	nets := func(name string, n OverlayNetwork) OverlayConfig {
		return OverlayConfig{Networks: map[string]OverlayNetwork{name: n}}
	}
	many := map[string]OverlayNetwork{}
	for i := range overlaysMax + 1 {
		many[fmt.Sprint("n", i)] = OverlayNetwork{Kind: "generic", Protocol: fmt.Sprintf("60%02x", i)}
	}
	for _, c := range []struct {
		name, field string
		cfg         Config
	}{
		{"port", "listen.udp", Config{Listen: ListenConfig{UDP: "127.0.0.1:70000"}}},
		{"name for an address", "listen.udp", Config{Listen: ListenConfig{UDP: "example.org:1"}}},
		{"little room", "overlay.capacity", Config{Overlay: OverlayConfig{Capacity: capacityMin - 1}}},
		{"negative room", "overlay.capacity", Config{Overlay: OverlayConfig{Capacity: -1}}},
		{"radius", "overlay.radius", Config{Overlay: OverlayConfig{Radius: "0xff"}}},
		{"little upload", "overlay.upload", Config{Overlay: OverlayConfig{Upload: uploadMin - 1}}},
		{"negative upload", "overlay.upload", Config{Overlay: OverlayConfig{Upload: -1}}},
		{"networks", "overlay.network", Config{Overlay: OverlayConfig{Networks: many}}},
		{"network's name", `overlay.network."A b"`, Config{Overlay: nets("A b", OverlayNetwork{})}},
		{"kind", `overlay.network."x".kind`, Config{Overlay: nets("x", OverlayNetwork{Kind: "odd"})}},
		{"long protocol", `overlay.network."x".protocol`, Config{Overlay: nets("x", OverlayNetwork{Protocol: "010203040506070809"})}},
		{"streams' protocol", `overlay.network."x".protocol`, Config{Overlay: nets("x", OverlayNetwork{Protocol: "757470"})}},
		{"no protocol", `overlay.network."x".protocol`, Config{Overlay: nets("x", OverlayNetwork{Kind: "generic"})}},
		{"headers for blobs", `overlay.network."x".headers`, Config{Overlay: nets("x", OverlayNetwork{Headers: "a file"})}},
	} {
		var bad *ConfigError
		if err := c.cfg.Validate(); !errors.As(err, &bad) ||
			!slices.ContainsFunc(bad.Fields, func(f FieldError) bool { return f.Field == c.field }) {
			t.Errorf("%s: %v, want %s", c.name, err, c.field)
		}
	}
	for _, both := range []map[string]OverlayNetwork{
		{"a": {}, "b": {}}, {"a": {Protocol: "5000"}, "history": {}}, {"history": {}, "h": {Kind: "history"}},
	} {
		if (Config{Overlay: OverlayConfig{Networks: both}}).Validate() == nil {
			t.Errorf("%v: two networks under the protocol of their kind", both)
		}
	}
	if err := (Config{Overlay: nets("legacyHistory", OverlayNetwork{Kind: "generic", Protocol: "500b"})}).Validate(); err != nil {
		t.Error(err)
	}
	var into node.Config
	n := made(t, Config{Localnet: true, Overlay: OverlayConfig{Upload: 1 << 20}})
	if err := n.discoveryConfig(&into); err != nil || into.Streams.Upload != 1<<20 {
		t.Errorf("streams may send %d bytes a second, %v", into.Streams.Upload, err)
	}
	two := OverlayConfig{Networks: map[string]OverlayNetwork{"a": {Protocol: "6001"}, "b": {Protocol: "0x6001"}}}
	if (Config{Overlay: two}).Validate() == nil {
		t.Error("two networks under one protocol")
	}
	if err := (Config{Listen: ListenConfig{UDP: "off"}, Overlay: nets("x", OverlayNetwork{})}).Validate(); err != nil {
		t.Error(err)
	}
}
