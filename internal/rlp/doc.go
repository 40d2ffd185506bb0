// Package rlp reads and writes Recursive Length Prefix, the encoding of node
// records, RLPx messages and discv5 messages (Ethereum wiki "RLP"; yellow paper,
// appendix B). Ground floor, pure.
//
// An item is a string of bytes or a list of items. A string of one byte below
// 0x80 is its own encoding; up to 55 bytes have a one-byte prefix; longer ones
// have a prefix that tells how many bytes the length takes. Integers are strings:
// big-endian, without leading zeros, zero the empty string.
//
// Exactly one encoding of every value is accepted: lengths are minimal, a byte
// below 0x80 has no prefix, integers have no leading zero, nothing trails. So
// decoding and encoding again gives the same bytes, and two different byte
// strings are never the same record.
//
// Writing is appending: AppendUint, AppendBytes and AppendList grow a slice, and a
// list is written from its finished payload. Reading is walking: a Reader hands
// out the items of one list in order. Strings, lists and raw items that a Reader
// returns alias its input; nothing is allocated for a length that the input
// merely claims.
//
// There is no reflection, no struct tags, no streams and no big integers: the
// messages here are small and known in advance, and bounded before they come.
package rlp
