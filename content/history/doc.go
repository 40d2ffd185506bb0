// Package history is Portal's network of Ethereum's past: the bodies and the receipts of
// blocks, by number (portal-network-specs, history/history-network.md; protocol ID
// 0x5000).
//
// A key is a kind and a block's number, the value RLP: a body as blocks have it on the
// wire, receipts in the form of eth/69, without their blooms. The content ID is not a
// hash: the number's low 16 bits lead, the others follow reversed, so 65,536 blocks in a
// row lie all around the ring and blocks that are neighbours lie near each other.
//
// Whether a value is what its key promises is seen from the block's header: the roots of
// the tries of its transactions, withdrawals and receipts, and the hash of its ommers.
// Headers come from a source that is given, and that is trusted: the keys have numbers
// only, so it is the source that says which of two blocks is the chain's. Without a
// header nothing can be judged (content.ErrUndecided), and nobody is to blame.
//
// A value has exactly one form that passes: every RLP head is canonical, and what is
// hashed is what came.
//
// Place: floor 1, values, pure. Sources that read files and ask other programs are in
// content/headers.
package history
