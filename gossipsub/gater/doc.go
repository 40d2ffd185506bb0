// Package gater sheds load: while checking cannot keep up, messages of addresses
// that mostly sent junk are refused at random (gossipsub-v1.1 "Peer Gater" of the
// reference implementation; there is no specification text).
//
// Strand, pure.
package gater
