// Package mem joins transports of one process by links in memory: for tests,
// examples and devnets that need real goroutines but no sockets.
//
// Edge, blocking. It implements link.Link and the transport a world drives: Dial,
// Accept, Close. A Network is the wire: transports of one Network reach each other
// by name, /mem/NAME/p2p/PEER.
//
// A link is two bounded queues, one per direction, shared by all lanes as on one
// TCP connection: when the remote does not read, Write blocks. A lane exists where
// both ends name a common stream ID (link.Protocol.StreamIDs), and messages keep
// their order across all lanes. Close lets the remote read what was written before
// and then tells it the reason. Writing Op Shut half-closes a lane: the remote
// reads Ended, and the lane cannot be opened again.
//
// It starts no goroutine. It does not encrypt, delay, lose or reorder anything,
// and identities are believed: a key is only looked at for its name. Frames are not
// encoded, so a receiver gets the very buffer the sender wrote, which nobody
// changes.
//
// Limits: params.go.
package mem
