package ropewalk

import (
	"maps"
	"runtime/debug"
	"slices"
)

// version is the release this source is, or is on its way to.
const version = "0.1.0"

// Version is the release, with the commit when the binary knows it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 8 {
			return version + "+" + s.Value[:8]
		}
	}
	return version
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
