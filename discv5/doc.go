// Package discv5 is Node Discovery v5.1 (ethereum/devp2p, discv5/discv5-wire.md and
// discv5-theory.md): sessions over UDP, liveness, a table of nodes, lookups, and TALK,
// the requests of other protocols that travel the same way. Topics are not spoken.
//
// Place: floor 2, strand, pure. Asks below: Sender. Its words on the wire are
// discv5/wire, its table and searches kad. News: requests of protocols that were
// registered, answers to our questions, jobs, nodes found alive, and where remotes see
// us.
package discv5
