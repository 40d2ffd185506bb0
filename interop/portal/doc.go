// Package portal holds Portal's words and checks against code of others. It has tests
// only.
//
// What is checked: every message and every ping's payload against the SSZ library ztyp
// (v0.2.2), which shares nothing with ours, both ways and for what both refuse; and bodies
// and receipts of blocks against go-ethereum's types (v1.17.10), with any number and kind
// of transactions, withdrawals and logs.
//
// A whole Portal client in Go is not among them: shisui is no module that the module proxy
// has, neither as zen-eth/shisui nor as optimism-java/shisui.
package portal
