// Package listtest makes node lists for DNS (EIP-1459), and a name server on loopback
// that answers for them: what the tests of dnslist, of the node and of the program
// read. It publishes whatever it is given, wrong things too.
//
// Place: floor 2, an edge. Nothing but tests imports it.
package listtest
