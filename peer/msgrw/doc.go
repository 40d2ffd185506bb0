// Package msgrw runs protocols that block: a Run function with a reader and writer
// of messages for each peer, in the shape that users of go-ethereum's p2p know. It
// makes them from peer.Handler, so that the same Protocol runs over RLPx, libp2p and
// links in memory.
//
//	ropewalk.Protocol{Name: "echo", Version: 1, Length: 1,
//		Run: func(p *ropewalk.Peer, rw ropewalk.MsgReadWriter) error {
//			for {
//				m, err := rw.ReadMsg()
//				if err != nil {
//					return err
//				}
//				if err := rw.WriteMsg(m); err != nil {
//					return err
//				}
//			}
//		}}
//
// # What differs from what one may be used to
//
// No protocol waits for another. Each has a bounded queue in either direction on
// each link. WriteMsg copies the payload, and returns when the queue has taken it;
// it waits while the queue is full, and Flush waits for the link. ReadMsg takes from
// the queue. A payload may be read at any time, also after the next ReadMsg: it is
// the message's own. What was not read by then is counted as unread.
//
// Who is slower than his peer is first waited for: over links whose lanes have flow
// control of their own (libp2p) the lane waits as long as it takes, over others the
// link pauses for brakeWithin at most, once, until the queue was half empty again.
// After that what comes is kept up to a bound, and Limits.Overflow decides: end the
// link (Disconnect), drop messages (Drop), or stop the link as go-ethereum does
// (Block).
//
// # How a Run ends
//
// An error ends the link with the reason that stands in it, or that Reason finds for
// it. nil, ErrDetach and a panic end this protocol only: later messages are
// discarded and counted, and the others on the link go on; when none is left the link
// ends. What was accepted for writing before is written first, for lingerWithin at
// most. When the link ends, ReadMsg returns io.EOF, after what the remote sent before
// it left; WriteMsg returns ErrShuttingDown; and the Context ends. A Run that does
// not return within stopWithin is named in the log and left to itself; the next Run
// with the same peer waits as long.
//
// # Goroutines
//
// One for each Run. The rest happens in the node's loop, once for a burst of
// messages and not once for each: Hub.Flush hands over what a round brought, and one
// call to the loop takes what was written since the last.
//
// Edge: it may block, lock and read the clock; it imports the strand peer, whose
// Handler it implements. Limits: params.go.
package msgrw
