package socks

import (
	"errors"
	"fmt"
)

// What a caller can act on. Both say that nothing is known of the destination.
var (
	// ErrProxy: the proxy is not there, or does not speak SOCKS5 as it should.
	ErrProxy = errors.New("socks: the proxy fails")
	// ErrDenied: the proxy does not want us.
	ErrDenied = errors.New("socks: the proxy refuses us")
)

// Reply is what the proxy says of a destination that it did not connect to: a code of
// RFC 1928, or of Tor's (proposal 304, with ExtendedErrors on a SocksPort).
type Reply byte

// The codes.
const (
	replyOK        Reply = 0x00
	Failure        Reply = 0x01
	NotAllowed     Reply = 0x02
	NetUnreachable Reply = 0x03
	Unreachable    Reply = 0x04
	Refused        Reply = 0x05
	Expired        Reply = 0x06
	NoCommand      Reply = 0x07
	NoType         Reply = 0x08
	OnionUnknown   Reply = 0xf0
	OnionInvalid   Reply = 0xf1
	OnionIntro     Reply = 0xf2
	OnionRend      Reply = 0xf3
	OnionNoAuth    Reply = 0xf4
	OnionBadAuth   Reply = 0xf5
	OnionAddress   Reply = 0xf6
	OnionTimeout   Reply = 0xf7
)

var replies = map[Reply]string{
	Failure: "general failure", NotAllowed: "not allowed by its rules", NetUnreachable: "network unreachable",
	Unreachable: "host unreachable", Refused: "connection refused", Expired: "took too long",
	NoCommand: "it cannot connect", NoType: "it does not take such addresses",
	OnionUnknown: "onion service not found", OnionInvalid: "onion service has a bad descriptor",
	OnionIntro: "onion service cannot be introduced to", OnionRend: "onion service does not meet us",
	OnionNoAuth: "onion service wants authorization", OnionBadAuth: "onion service refuses our authorization",
	OnionAddress: "no onion address", OnionTimeout: "onion service takes too long",
}

func (r Reply) Error() string {
	if s, ok := replies[r]; ok {
		return "socks: the proxy did not connect: " + s
	}
	return fmt.Sprintf("socks: the proxy did not connect: code 0x%02x", byte(r))
}
