// Package vote finds out at which IP address the world sees us, from what remotes
// say of it, so that any few of them can lie.
//
// Every remote tells where it sees our end of the link: libp2p in identify, discv5 in
// PONG. One remote proves nothing, many at one host or with one provider prove no
// more, and who dials us may have come only to say it. So a statement counts when we
// dialled, and each network group (IPv4 /16, IPv6 /32) has one vote, its latest. An
// address is adopted when agreeing groups say it and no other address has as many. It
// stays until another is adopted, until nobody says it any more, or until it is
// revoked: an address that nobody reached us at within revokeAfter is that of a router
// that lets nothing in, and to publish it wastes everybody's dials.
//
// An address that the node has on its own word, because an interface of the machine
// has it, is held to the same: strangers are told of it for revokeAfter, and then only
// when somebody has come.
//
// Each family has votes and a result of its own, or a host with both would publish
// only one; IPv4 mapped into IPv6 is IPv4. Addresses of special ranges are ignored, as
// remote or as statement, but on a local network. The port is part of the result only
// where the link left from the port we listen on, as those over QUIC do; TCP dials
// from any port.
//
// What the operator says goes before what a router says, and that before votes.
//
// Place: floor 1, values, pure. It holds and counts; node feeds it, the world
// announces the result. It opens no port to find out whether one is open. Limits are in
// params.go.
package vote
