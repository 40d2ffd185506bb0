// Package kad holds a Kademlia routing table and a search for the nodes closest to a
// point, as plain values: discv5 and every overlay network have their own table and
// make a search for each lookup, and neither knows the other.
//
// A Table keeps node records by how far their IDs are from ours: 17 buckets of 16, one
// for each of the 16 greatest log distances and one for all below, and beside each a
// cache of replacements. A node is unverified until it has answered us, then live; only
// live ones are given to others. It follows the discv5 specification ("Node Table",
// "Table Maintenance In Practice") and adds what attacks have taught:
//
//   - A live node is never displaced by a newcomer. Half of each bucket is for nodes that
//     we found ourselves, so nobody fills it by writing to us.
//   - One IP address, and one network around it, has few places.
//   - The highest record wins; one that moves the node has to prove itself again.
//   - Nodes are checked on the table's own schedule. When nobody answers any more it is we
//     who are cut off: the table then keeps what it has.
//
// A Search is asked whom to ask (Next), is told what came of it (Answered, Failed) and
// says when it has ended (Done). It keeps three questions in flight, starts another when
// one is slow, asks nobody twice, and ends when the k closest it knows of have been asked.
// It may run over several paths that share nobody, and on its own asks further around its
// target when what it found there is too dense to be chance (Size).
//
// Records handed in are verified already; CheckFound and Sieve judge what an answer said.
//
// Place: floor 1, values, pure. It sends nothing: who owns a table asks Due whom to ping.
// Limits are in params.go.
package kad
