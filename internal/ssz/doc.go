// Package ssz reads and writes the little of Simple Serialize that Portal's messages
// are made of (consensus specifications, ssz/simple-serialize.md): containers, lists
// of what has one size and of what has not, lists of bytes, bit lists, unions.
// Ground floor, pure.
//
// Integers are little-endian. What has a size of its own stands in place; what has
// not stands behind, and four bytes in its place, an offset, tell where it begins.
//
// Exactly one encoding of every value is accepted: the first offset points right
// behind the fixed part, none points backwards or past the end, so nothing lies
// between, in front of or behind the parts. A list's offsets are its length too, so
// the limit is looked at before anything is allocated.
//
// What is read aliases the input, each part with its capacity cut to its length, so
// that appending to one never writes into the next.
//
// There is no reflection and no hashing of trees: the messages are few and known in
// advance.
package ssz
