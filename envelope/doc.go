// Package envelope reads, verifies and makes libp2p's signed peer records: the
// signed envelope of RFC 0002 and the peer record of RFC 0003, in which a key says
// at which addresses it can be dialled.
//
// Ground floor, pure.
package envelope
