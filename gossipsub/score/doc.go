// Package score judges the peers of a GossipSub router by what they do: the score
// function P1 to P7 of gossipsub-v1.1 "Peer Scoring", its decay and retention, and
// a guard that looks at one topic at a time.
//
// Strand, pure. It knows no frames and no meshes: the router tells it what happened
// and asks for a number.
package score
