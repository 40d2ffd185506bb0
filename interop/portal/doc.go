// Package portal holds Portal's words and checks against code of others, and our nodes
// against a Portal client of others. It has tests only.
//
// What is checked: every message and every ping's payload against the SSZ library ztyp
// (v0.2.2), which shares nothing with ours, both ways and for what both refuse; and bodies
// and receipts of blocks against go-ethereum's types (v1.17.10), with any number and kind
// of transactions, withdrawals and logs.
//
// The client is Ultralight's library as npm has it (portalnetwork 0.0.2-rc3, of 2024, in
// js/): version 0 of the wire protocol, the legacy history network, its own uTP and SSZ
// over its own discv5. FINDNODES and FINDCONTENT go both ways, in one packet and by streams
// of up to 60 KB, and OFFER both ways: it takes items of up to 135 KB, several in a stream,
// and gives us headers, which we check. What does not go: its PING is of before there were
// types of pings, so there is no pong either way; what it offers in more than three
// packets its writer mixes up; a packet that comes twice its reader takes twice. Where js
// is not installed these tests are skipped.
//
// A whole Portal client in Go is not among them: shisui is no module that the module proxy
// has, neither as zen-eth/shisui nor as optimism-java/shisui.
package portal
