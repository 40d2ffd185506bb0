// Package wire is the words of the Portal wire protocol, versions 0 to 2: its eight
// messages, the payloads of pings, the items of a stream, and what a node's record says
// about versions and chain (portal-network-specs, portal-wire-protocol.md and
// ping-extensions/).
//
// A message is one selector byte and an SSZ container; it travels as the body of a
// TALKREQ or a TALKRESP of discv5. An empty body is no message: it is what a node says
// that does not support what it was asked (ErrEmpty).
//
// Decoding accepts exactly what encoding makes. It checks everything that can be
// checked without knowing the network: sizes, limits, offsets, distances that are none
// or stand there twice, a number of codes that is not the number of keys. It does not
// look into keys, values and records. Slices of a decoded message alias its input, and
// none reaches beyond its own part; who keeps them copies them.
//
// Versions differ in two places only. In version 0 an accept has a bit for each key, and
// what a found stream carries is the bare value; from version 1 on an accept has a code
// for each key, and the value has its length before it. Version 2 adds an entry of the
// record. In memory an accept always has codes.
//
// Place: floor 2, words of the strand portal, pure.
package wire
