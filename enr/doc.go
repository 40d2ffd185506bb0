// Package enr holds Ethereum Node Records (EIP-778): who a node is and where it
// is found, signed by the node itself, so that anyone may pass a record on and
// nobody can change it. Ground floor, pure; the primitives are those of package
// id.
//
// A record is the RLP list [signature, seq, key, value, key, value, …] of at most
// 300 bytes. Keys are unique and ascend bytewise; a value is any one RLP item.
// The identity scheme is "v4": the key "id" is "v4", the key "secp256k1" the
// compressed public key, and the signature is r‖s over the Keccak-256 of the list
// without the signature. Of two records of one node the higher seq counts.
//
// Reading is strict: canonical RLP at every level, sorted keys, low s, nothing
// trailing. So a record has one encoding, and Bytes gives back what Decode got,
// with every value that we do not know kept as it came. A known key whose value
// has the wrong shape (an "ip" of five bytes, a port of three) spoils the record;
// a port of zero is one that is not there.
//
// Checking a signature costs about 130 µs, so it can be had apart:
// DecodeUnverified does all the rest, and Verify, fit for a work.Job, the
// signature and the node ID. A Record does not change after that and may be
// shared.
//
// Ropewalk's own entry is "rw", the list [1, network, tcp, quic]: the ports of
// its libp2p listeners, and four bytes that tell its networks apart. The EIP
// advises a list that starts with a version; elements after the known ones are
// ignored.
//
// What this package does not do: judge addresses (package hosts), make sequence
// numbers (the owner of the record does), read DNS lists, know other schemes.
package enr
