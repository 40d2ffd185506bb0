// Package envelope reads, verifies and makes libp2p's signed peer records: the
// signed envelope of RFC 0002 and the peer record of RFC 0003, in which a key says
// at which addresses it can be dialled.
//
// A record proves who wrote it and nothing else: anybody can sign a record that
// names somebody else's address. What to dial is decided by the filter of package
// hosts.
//
// Bounds: params.go. Unknown fields and addresses of unknown forms are skipped.
//
// Ground floor, pure.
package envelope
