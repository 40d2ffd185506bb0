// Package link is the vocabulary of links: what a pipe to one remote is, what
// crosses it, who is at the other end, and why it ends.
//
// A link is made by link/mem or link/libp2p and touched only by a world. It
// carries lanes: one lane per protocol both ends speak. How lanes share the wire
// is the link's own matter (streams in libp2p, queues in memory, code offsets in
// RLPx); Hello and multistream end inside the link, so everything above sees only
// finished links.
//
// Ground floor, pure: words, no behaviour beyond parsing them.
package link
