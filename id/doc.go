// Package id holds names: of nodes, of keys, and of questions asked.
//
// A node's name is its key. For secp256k1 keys, Ropewalk's own, the ID is the
// one discv5 and devp2p use: Keccak-256 of the uncompressed public key (EIP-778
// "v4" identity scheme). A libp2p host may have another kind of key; its ID is a
// domain-separated SHA-256 of the libp2p public-key message, so that every
// remote has exactly one ID whatever its key. XOR of two IDs is their distance.
//
// A Ticket names a question: the asker makes it before it asks, so an answer
// always finds it registered.
//
// Ground floor, pure. Cryptographic primitives come from decred's secp256k1, which
// makes signatures, secp256k1-voi, which checks them and agrees on secrets, and
// golang.org/x/crypto; with the build tag libsecp256k1 the C library of that name makes
// and checks signatures and multiplies (docs/decisions/0019).
package id
