// Package headers reads block headers from where a user has them, for the history
// network's checks: a file of RLP (headers side by side, or the blocks that an execution
// client exports), an era1 file or a folder of them, or an execution client's JSON-RPC.
//
// A source is trusted to say which block of a number is the chain's. What it gives is
// checked all the same, so that a broken one makes no liars of honest peers: the number
// is the one that was asked for, and headers of a file hang together, each naming the one
// before it as its parent. A source that does not know, or does not answer, gives an
// error, and what would have been judged is dropped without blame.
//
// A program built with the tag nolibp2p has no client: HTTP and TLS make small programs large.
//
// Reading is bounded: a header has at most history.HeaderBytesMax bytes whatever a
// length or a compressor claims, an answer over HTTP at most 1 MiB, and a client that
// does not answer is left alone for a while.
//
// Place: floor 2, edge: it opens files and connections, and is used by several goroutines.
package headers
