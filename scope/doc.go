// Package scope counts what connections cost the process, and refuses what would be
// above a limit: connections, streams, goroutines and bytes, each in every scope its
// holder stands in.
//
//	system     everything together
//	session    links of one reason: "transient" until the node has judged them, then
//	           manual, inbound, outbound, seed, refine, direct
//	peer       one identity, with all its links
//	protocol   one protocol, with all its peers
//
// A Link holds what one link costs. It takes from all of its scopes or from none, so
// that the sum of the peers is what the system has, and everything is back when its
// links are closed. The idea, and the names of the scopes, are those of go-libp2p's
// resource manager; that one counts inside libp2p, this one across all kinds of link.
//
// Place: floor 2, an edge: goroutines of the world share it under one lock. Takes are
// rare: a link, a lane, a Run of a protocol, a burst of messages. Whether bytes have
// run out is asked for each message, without the lock (Share.Tight).
//
// It knows no strand and decides nothing about whom to keep: that is session's part,
// whose limits lie below these. Counters of peers and protocols are gone with the last
// who holds something.
package scope
