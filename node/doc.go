// Package node is one whole node: every strand, and which news goes to whom.
//
// It is the knot. It decides nothing, keeps no protocol state and has no timer of
// its own: an input goes to the strand it belongs to, the news that comes back
// goes to the strands it concerns, and what must leave the machine is collected
// in Out. A world (package ropewalk with sockets and a clock, package sim with
// one seed and thousands of nodes) calls the inputs one at a time and after each
// takes Out and carries it out.
//
// Within one input calls go down and never come back up: a strand that asks
// another for something (chat wants a line published) finds the answer in news of
// a later turn, because what such a call returns is queued and handed out after
// the strand has returned.
//
// Knot, pure: no goroutine, clock, socket or file.
package node
