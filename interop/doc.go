// Package interop holds ropewalk nodes, go-libp2p-pubsub v0.16.0 hosts and nodes of
// js-libp2p in one mesh and checks that none notices a difference. It is a module of its own, so
// that the rival never enters the main go.mod; it has tests only.
//
// What is checked: meshes of twenty mixed nodes, signed and unsigned, over TCP and
// QUIC, with every message exactly once; the commands pub and sub of the built
// program; each protocol version from floodsub to meshsub 1.2; mesh repair, backoff,
// restarts, large messages and all four kinds of author key; and that both RPC codecs
// write and read the same bytes.
//
// The tests wait for conditions, never for a time: a loaded machine makes them
// slow, not red. Heartbeats are shortened where both sides allow it; the tests of
// the commands run with the defaults.
package interop
