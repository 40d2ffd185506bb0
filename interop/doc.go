// Package interop holds ropewalk nodes, go-libp2p-pubsub v0.16.0 hosts and nodes of
// js-libp2p (@libp2p/gossipsub 17.1.1, in js/) in one mesh and checks that none
// notices a difference. It is a module of its own, so that the rival never enters the
// main go.mod; it has tests, and in rig what they share.
//
// What is checked: meshes of twenty mixed nodes, signed and unsigned, over TCP and
// QUIC, on each version, with every message exactly once, also while members leave and
// come back; the commands pub and sub of the built program; each protocol version from
// floodsub to meshsub 1.3; mesh repair, backoff, peer exchange by signed records in
// both directions, IDONTWANT, restarts, large messages and all four kinds of author
// key; the frames themselves; and that both RPC codecs write and read the same bytes.
//
// Of js-libp2p the tests set its message ID, which starts with the key's message where
// others' start with the peer ID, and Dlo, which is 4 there. It forwards a message to
// its author, too, when another brought it.
//
// In folders beside: discv5 and Portal with implementations in Go and JavaScript, streams,
// and RLPx. What is JavaScript has a package.json of its own, and make interop installs it.
//
// The tests wait for conditions, never for a time: a loaded machine makes them
// slow, not red. Heartbeats are shortened where both sides allow it; the tests of
// the commands run with the defaults.
package interop
