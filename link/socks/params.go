package socks

import "time"

// From RFC 1928 and RFC 1929.
const (
	version5 = 0x05

	methodNone     = 0x00
	methodPassword = 0x02
	methodRefused  = 0xff

	commandConnect = 0x01

	typeIPv4 = 0x01
	typeName = 0x03
	typeIPv6 = 0x04

	passwordVersion = 0x01 // of the dialogue about a user name and a password

	fieldBytesMax = 255 // of a name, a user name, a password
)

// Our choice.
const (
	// dialTimeout bounds a dial whose context has no deadline: what DarkFi gives a dial
	// through an anonymity network.
	dialTimeout = 65 * time.Second
	// checkTimeout bounds a look whether the proxy is there.
	checkTimeout = 5 * time.Second
	// secretBytes is the randomness under the user names of one run.
	secretBytes = 32
)
