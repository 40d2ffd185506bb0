// Package hosts is the address book: which hosts we have heard of, how far each
// of them is proven, and whom we will have nothing to do with.
//
// A host is keyed by its identity; addresses are attributes of the identity, from
// its signed record and from what we saw ourselves. Its colour says how far we
// trust it to be there (the host lists of DarkFi's net, keyed anew):
//
//	grey   heard of, unproven, or proven once and gone
//	white  a probe's handshake succeeded
//	gold   we dialled it and kept the link; saved gold is an anchor candidate
//	dark   valid, but we have no link kind that can dial it
//	black  banned, by key
//
// Moves is the table of legal changes of colour; code and test read the same
// table. Bans are kept by key and by IP address (IPv4 /32, IPv6 /64) and expire.
//
// Nothing a remote says about freshness is used: order comes only from what we
// saw. Under the colours are buckets that a secret chooses: an unproven host
// competes for a place with few others, by source group and address group, a proven
// one by address group (bucket.go, room.go). Hosts we had a link with are never
// displaced by hearsay, proven ones only after they failed a test (Contest). One source
// group may place a limited number of unproven hosts. A pick is uniform over network
// groups (IPv4 /16, IPv6 /32), then within the group, so that an attacker gains by
// groups and not by addresses; of white most picks are among the hosts known for
// longest, so that he gains little by having filled the book. Loopback and memory
// addresses have no group and no such limits, or no test network would run on one
// machine. An IP address is dialled at most once a minute for hosts that are known by
// address alone.
//
// Hosts that may not be dialled yet wait in a heap, the others in pools by group: no
// pick walks over the book. Anchors are what a restart dials first; Blame is what is
// held against a key; Load and Encode are the file; Import reads the lists of others.
//
// Place: floor 1, values, pure. It holds; it decides nothing about time to dial,
// links or slots, which is session's part, except that a failed host carries the
// moment before which it is not tried again.
//
// It does not resolve names or probe anybody; records handed to it are already
// verified.
// Limits are in params.go.
package hosts
