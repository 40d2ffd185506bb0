// Package dnslist reads node lists that are published in DNS (EIP-1459): trees of
// signed node records below a domain, whose root is signed by the list's key.
//
// A list is named "enrtree://KEY@DOMAIN". The text at the domain is the root, which
// names two trees by hash: that of records and that of links to further lists. Every
// other text stands at HASH.DOMAIN and must hash to its own name, so that whoever
// answers for the domain, or pretends to, can leave out but not make up: the tree is
// as true as the signature at its root.
//
// A Walk visits lists: it says which name it wants next, takes the texts found there,
// and hands out the records, verified. It reads each root anew after rootEvery and
// then draws up to passMax names of the tree in random order; what it has in the cache
// costs no question. So a small list is read whole and once, a large one in samples, an
// endless one without end but at the same pace, and an empty one costs one question in
// half an hour. A sequence number that goes down, or stays while the tree changes, is
// refused: a list cannot be rolled back. After a few entries that are not found the
// root is read early, since it has probably changed.
//
// Specification: EIP-1459, https://eips.ethereum.org/EIPS/eip-1459.
//
// Place: floor 1, values, pure. The world asks the names of a resolver and offers the
// records to the host book, as those of one source per configured list. It does not
// publish lists, and what it knows is gone when the node ends. Limits are in params.go.
package dnslist
