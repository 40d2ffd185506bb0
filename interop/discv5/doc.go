// Package discv5 lets ropewalk nodes form one network with go-ethereum's discv5
// (p2p/discover v1.17.10), and with the one of JavaScript (@chainsafe/discv5 12.0.2, in
// js/). It has tests only.
//
// What is checked: nodes of both kinds that know one of them find every other, by a
// search for its ID; a node's record that changes is noticed; TALK requests of every
// size that fits go both ways, the first of a session included, and what does not fit is
// refused before it is sent; and go-ethereum's conformance tests of discv5, which are a
// program of its own (`devp2p discv5 test`), pass against our node. The last needs the
// variable DEVP2P with the program's path; make interop builds it.
//
// With the one of JavaScript: PING both ways, FINDNODE answers of several packets, lookups,
// records that change, the same TALK requests, and what either side has forgotten of a
// session while the other goes on with it. The package asks for @chainsafe/enr 6, which not
// every registry has; here it runs with 5.0.0. Where js is not installed these tests are
// skipped.
//
// The tests wait for conditions, never for a time.
package discv5
