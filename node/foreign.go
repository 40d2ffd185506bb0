package node

import "strings"

// Foreign tells from the stream protocols a remote names that it is a node of
// another network: it names address exchanges, and ours is not among them. A
// GossipSub host that is no node of ours names none and belongs everywhere.
func Foreign(network string, streams []string) bool {
	elsewhere := false
	for _, s := range streams {
		if name, ok := networkOf(s); ok && name == network {
			return false
		} else if ok {
			elsewhere = true
		}
	}
	return elsewhere
}

// networkOf is the network in the ID of an address exchange, of any version:
// /ropewalk/NETWORK/pex/VERSION.
func networkOf(stream string) (string, bool) {
	rest, ok := strings.CutPrefix(stream, "/ropewalk/")
	if !ok {
		return "", false
	}
	name, rest, _ := strings.Cut(rest, "/")
	return name, strings.HasPrefix(rest, "pex/")
}
