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
// saw. A pick is uniform over network groups (IPv4 /16, IPv6 /32), then within the
// group, so that an attacker gains by groups and not by addresses. One source
// group may place a limited number of unproven hosts; when grey is full the
// newcomer displaces an unproven host of the largest group. Hosts we had a link
// with are never displaced by hearsay. Loopback and memory addresses have no
// group and no such limits, or no test network would run on one machine. An IP address
// is dialled at most once a minute for hosts that are known by address alone.
//
// Place: floor 1, values, pure. It holds; it decides nothing about time to dial,
// links or slots, which is session's part, except that a failed host carries the
// moment before which it is not tried again.
//
// It does not resolve names, keep buckets under a secret key, or test a host
// before evicting it for another; records handed to it are already verified.
// Limits are in params.go.
package hosts
