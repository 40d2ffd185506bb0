package session

import "github.com/ropewalk/ropewalk/hosts"

// What a slot that dials by itself is for. A use says who is dialled first; a slot that
// finds nobody of its kind takes whom it can get.
const (
	UseAnchor  = "anchor"  // the outbound links of the last run
	UseKnown   = "known"   // proven hosts
	UseExplore = "explore" // unproven hosts: who always prefers the long proven favours the patient attacker
	UseNetwork = "network" // a network kind, else a group, that no other slot has
	UseFeeler  = "feeler"  // a short look at an unproven host; it holds no place
)

// tastes is in which order of colours each use picks. Every use falls through to every
// colour: a free slot does not sleep while anybody can be dialled.
var tastes = map[string][]hosts.Colour{
	UseAnchor:  {hosts.Gold, hosts.White, hosts.Grey},
	UseKnown:   {hosts.Gold, hosts.White, hosts.Grey},
	UseExplore: {hosts.White, hosts.Gold, hosts.Grey}, // after those that did not fail, see pick
	UseNetwork: {hosts.Gold, hosts.White, hosts.Grey},
}

// deal says what n outbound slots are for, in the order in which they dial: at most two
// anchors and a quarter of them, one for another network from four slots on, at most so
// many percent for proven hosts, the rest, and at least one of two, for exploring. Of
// eight, at 70 %: two anchors, four known, one explores, one network.
func deal(n, percent int) []string {
	out := make([]string, 0, n)
	add := func(use string, count int) {
		for range count {
			out = append(out, use)
		}
	}
	anchors, network := min(anchorSlots, n/4), min(n/4, 1)
	known := min(n*percent/100, max(n-anchors-network-1, 0))
	if n == 1 && percent > 0 {
		known = 1
	}
	add(UseAnchor, anchors)
	add(UseKnown, known)
	add(UseExplore, n-anchors-known-network)
	add(UseNetwork, network)
	return out
}

// redeal gives every outbound slot a use after their number has changed; who may keep
// the use it has keeps it.
func (k *Keeper) redeal() {
	left := deal(len(k.outs), k.cfg.KnownPercent)
	take := func(use string) bool {
		for i, x := range left {
			if x == use {
				left = append(left[:i], left[i+1:]...)
				return true
			}
		}
		return false
	}
	var without []*slot
	for i, s := range k.outs {
		s.Slot.Slot = i
		if !take(s.Use) {
			without = append(without, s)
		}
	}
	for i, s := range without {
		s.Use = left[i]
	}
}
