// Package portal is one content network of the Portal wire protocol: who is in it, who
// keeps what, and how content is found and passed on.
//
// Strand, pure. Asks below: Talker (requests), Streams (content above a packet), Store.
// News: replies to requests, answers to verbs, jobs (checks of content). A node runs one
// Overlay per network; they share nothing but what is below.
//
// Specification: github.com/ethereum/portal-network-specs at 54b1db3,
// portal-wire-protocol.md, versions 0, 1 and 2, and ping-extensions.
//
// A network has a table of its own (package kad). It is filled from bootnodes, from what
// discv5 finds, and by looking ourselves up; its nodes are pinged in turn, and what they
// say of their radius is remembered as a hint. Nodes of another chain or without a
// common version are not asked, not tabled, and answered with nothing.
//
// Content is looked for among the nodes nearest to its ID, by several paths that share
// nobody. Nothing counts as found, is stored or passed on before the network's Check has
// passed it, which runs in a job. What does not fit into a packet comes by a stream; while
// one brings the content others are not asked, unless it is slow.
//
// What nodes offer is judged key by key. An item is brought by one node at a time; others
// who offer it meanwhile are remembered, and asked if that fails. What came in is offered
// to four of the nearest nodes that want it and four others, never back, and to nobody
// twice in ten minutes. Offers to one node gather while one is under way.
//
// Every request gets exactly one reply, an empty one when there is nothing to say. It
// waits for the store, and for nothing else, 400 ms at most.
//
// What a node may have under way with us is bounded, each and all of them together
// (params.go), and what it does wrong is counted, fades, and bans it for a while.
//
// It does not shake hands, move packets, keep values, or fetch anything for others: a
// request never starts a lookup.
package portal
