// Package rlpx carries links over RLPx, the encrypted transport of devp2p.
//
// A connection is TCP. The two ends prove their node keys to each other with one
// packet each way, auth from who dialled and ack from who was dialled (RLPx
// specification, "Initial Handshake"; EIP-8), and derive from it one key and one
// running hash per direction. From then on everything is frames:
//
//	header(16) || header-mac(16) || body, zero-padded to 16 || body-mac(16)
//
// The first message each way is Hello, which names the capabilities. Both ends work
// out from the two lists the same windows of message codes; every lane of the link
// is one window. From Hello on payloads are compressed in Snappy's block format.
//
// Received bytes are authenticated before they are decrypted, and counted before
// memory is taken for them. A point is checked when it is read, so that none that is
// off the curve is ever multiplied. A frame costs no allocation of its own: sealing
// appends to the caller's buffer, opening works in place.
//
// RLPx authenticates both ends and every byte. Its secrecy is weak: both directions
// are encrypted with the same key stream, so that who knows what one end says at some
// place can read what the other says there. A protocol that needs secrecy encrypts
// its messages itself.
//
// A link has no goroutine of its own: who reads answers pings, sends ours and keeps
// the link's time, and who writes coalesces. Only an end takes one, for up to three
// seconds, so that the reason arrives. Nothing is allocated on a remote's word, and
// every wait has a bound: limits.go. A transport's goroutines are one per listener
// and one per inbound socket that is no link yet; Close waits for all.
//
// What it does not do: choose whom to dial, judge duplicates of one identity, know
// which of its addresses others can reach, or keep lanes apart when the remote stops
// reading: they share one wire.
//
// The curve is decred's secp256k1, or libsecp256k1 with the build tag of that name
// (cgo; Debian's libsecp256k1-dev). Edge, blocking.
package rlpx
