// Package discv5 is Node Discovery v5.1 (ethereum/devp2p, discv5/discv5-wire.md and
// discv5-theory.md): sessions over UDP, liveness, a table of nodes, lookups, and TALK,
// the requests of other protocols that travel the same way. Topics are not spoken.
//
// Place: floor 2, strand, pure. Asks below: Sender. Its words on the wire are
// discv5/wire, its table and searches kad. News: requests of protocols that were
// registered, answers to our questions, jobs, nodes found alive, and where remotes see
// us.
//
// A session is with a node at an endpoint, and is the least lately used that goes when
// there are too many. Who has no session sends a packet that nobody can read, is
// challenged with WHOAREYOU, and shakes hands with its request in the same packet; what
// does not fit there goes behind a PING. Handshakes are jobs at both ends; requests wait
// for ours, packets for the other side's, so many and no more. A node that has lost its
// session challenges the next packet: a new handshake follows, and what it could not
// read is sent again. When both sides begin at once both handshakes stand, until what
// comes in shows which keys the other side uses. Keys are replaced before they are worn,
// and after a day.
//
// Requests to one node do not wait for each other. Each is sent twice at most, and
// ends with an answer or an error. An answer counts when number, kind, node and
// endpoint are those of a request under way. Tell sends a request that nobody waits for.
//
// TALK requests come up as Requests and are answered with Reply. Each node has its share
// of those that are with their protocols, a queue behind it that ends after 400 ms, and
// empty answers beyond.
//
// The table is started from the nodes of an earlier run and from bootnodes, filled by
// lookups, and kept live by pings of its own timing. A node is told to others only after
// it has answered us where its record says that it is. Records in answers go through a
// job that checks their signatures, but for those that were checked before.
//
// Against strangers: a datagram outside 63 to 1280 bytes, or not for us, costs a look. A
// packet of no session takes from the allowance of its address and of all, at most gets
// WHOAREYOU, which is never longer than it, and leaves a challenge for a second: the same
// bytes again for further packets. Only an answer to it makes anything more. Ten nodes
// of one address may have sessions. Nodes of the table have an allowance of their own, so
// that a flood does not keep them out. Loopback, and local networks under Localnet, are
// exempt from what is counted by address. For a minute after a start that knows whom to
// ask, or until 16 nodes are live, strangers are served a few at a time.
//
// What this package does not do: find out our own address (package vote), keep anything
// on disk, read content.
package discv5
