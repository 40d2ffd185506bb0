// Package devp2p lets ropewalk nodes talk RLPx with go-ethereum's p2p server, and with
// a speaker that breaks every rule of the wire. It has tests only.
//
// What is checked: echoes in both directions between our node and go-ethereum's, who
// dials being either; which version of a protocol runs when each end has several; what
// reason each end gives and sees; that a tool which shakes hands and reads one message
// gets our Hello; and that no sequence of bytes takes more from our node than its
// bounds, or anything at all once the link is gone.
//
// The speaker is written from the RLPx specification and knows only the dialler's half.
// It shares no code with package link/rlpx, so a mistake there is not repeated here.
package devp2p
