// Package udp reads and writes datagrams in batches: an edge, for discv5 and all that
// goes over it.
//
// Where the system has the means (Linux), one call reads up to 64 datagrams (recvmmsg)
// and one writes up to 256 (sendmmsg). Datagrams of one size that go one after another
// to one address are handed over as one and cut by the system (UDP_SEGMENT), and what
// the system joined in the same way is taken apart here (UDP_GRO). What the system
// refuses is left out, the rest works on. Elsewhere, and as the last resort, it is a
// call for each datagram.
//
// Read hands out a Batch. Its datagrams lie in memory of the socket's, which is the
// caller's until Release. A socket has few batches: a caller that keeps them makes Read
// wait, and what comes meanwhile waits in the system's buffer and is then lost, as with
// any datagram. Write does not block: what finds no room is lost.
//
// No error of a datagram ends the socket: an address nobody listens at, a network that
// is not there, a filter, no memory. They are counted. Only Close ends Read.
//
// Place: floor 2, an edge. No goroutines of its own: one of the caller's reads, any may
// write. Limits are in params.go.
package udp
