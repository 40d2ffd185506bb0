// Package outage tells from the outcomes of dials which kinds of network lead nowhere
// from this machine: IPv6 where there is none, UDP that a firewall swallows. Hosts of a
// kind that does wait in the dark, and slots are not spent on them.
//
// One error proves nothing: a laptop between two networks gets "network is unreachable"
// for a second, and a remote network can make a router say it of its own addresses. So a
// kind is dead when several network groups, one vote each, were unreachable and nothing
// of the kind has worked since; or when of the last hundred dials fewer than five got any
// answer (go-libp2p's detector of black holes). A refusal is an answer. And nothing is
// dead for good: after five minutes, doubled each time up to an hour, the kind is on
// trial, in which one answer clears it and a few failures end it; a dial that a user or a
// kept peer asked for clears it at any time; and a new network under the machine forgets
// everything.
//
// Place: floor 1, values, pure. The world notes outcomes and hands the verdict to hosts.
package outage
