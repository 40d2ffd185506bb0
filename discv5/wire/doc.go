// Package wire holds the words of discv5 (Node Discovery Protocol v5.1, "Wire
// Protocol" and "Sessions" of the theory): packets, messages, and what a handshake
// computes.
//
// A packet is a masking IV, a header masked with half of the receiver's ID, and a
// message that is sealed with the keys of a session. Three kinds there are: an ordinary
// message; WHOAREYOU, which says that a message could not be read; and a handshake,
// which answers WHOAREYOU with a message under new keys.
//
//	packet  = iv(16) || masked(static(23) || authdata) || message
//	static  = "discv5" || 0x0001 || flag(1) || nonce(12) || authdata-size(2)
//	message = AES-128-GCM(kind(1) || rlp[request-id(≤8), …])
//
// Packet.Decode reads the header into memory of the caller's and changes nothing of
// the datagram. Session.Open reads what is inside, Message.Decode what it says. The
// other way, the Append functions write a message's text and Session.Seal makes a
// packet of it. An ordinary packet costs no allocation in either direction: the key
// schedules, of masks and of messages, live as long as the session.
//
// Initiate and Respond are the two halves of a handshake: a signature, a check of one,
// a multiplication at each end. They are far above what a loop may do itself and run
// as jobs.
//
// Decoding is strict: a size, a list, an element that is not as the specification says
// is an error, and so is anything after the end. What is refused leaves nothing behind.
//
// A Suite is the cipher: Real, or Plain for simulations with many nodes, which hides
// nothing and proves nothing but refuses what is for somebody else or from another
// session. Packets have the same sizes in both.
//
// This package keeps no state but sessions' counters. Which session a packet belongs
// to, when to challenge, what to answer: package discv5.
//
// Place: floor 2, pure, words of strand discv5. Curve, AES, GCM, HKDF and SHA-256 are
// libraries'.
package wire
