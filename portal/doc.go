// Package portal is one content network of the Portal wire protocol: who is in it, who
// keeps what, and how content is found and passed on.
//
// Strand, pure. Asks below: Talker (requests), Streams (content above a packet), Store.
// News: replies to requests, answers to verbs, jobs (checks of content). A node runs one
// Overlay per network; they share nothing but what is below.
//
// Specification: github.com/ethereum/portal-network-specs, portal-wire-protocol.md,
// versions 0, 1 and 2, and ping-extensions.
package portal
