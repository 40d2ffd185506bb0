package nat

import "time"

// From the specifications.
const (
	// ssdpAddr is where gateways listen for searches (UPnP Device Architecture 1.1,
	// section 1.3.2).
	ssdpAddr = "239.255.255.250:1900"
	// The errors of AddPortMapping that have a remedy (WANIPConnection:1, 2.4.16).
	errConflict      = 718
	errOnlyPermanent = 725
	errSamePort      = 724
)

// Our choice, the first four as the field has them.
const (
	mapFor      = 10 * time.Minute
	refreshPart = 5 // a mapping is renewed when a fifth of its time is left: after 8 minutes
	retryEvery  = 5 * time.Minute
	pollEvery   = 2 * time.Minute
	// grantMin is the shortest mapping that is believed: a router that grants a second
	// is not asked every second.
	grantMin = time.Minute
	// callWithin bounds one question to a gateway, pmpWithin one of NAT-PMP, of which
	// most gateways know nothing, and searchWithin a search at one interface.
	callWithin   = 5 * time.Second
	pmpWithin    = time.Second
	searchWithin = 2 * time.Second
	// exitWithin bounds what is done at the end, all mappings together.
	exitWithin = 3 * time.Second
	// pollsLost is how many times in a row the external address may be refused before
	// the gateway is given up.
	pollsLost = 3
	// portTries is how many other external ports are tried when one is taken.
	portTries = 5
	// portMin and portMax bound those: no service is expected there.
	portMin = 20000
	portMax = 60000
	// candidatesMax bounds the gateways that are tried in one search, and interfacesMax
	// the interfaces on which it is made.
	candidatesMax = 4
	interfacesMax = 4
	// bodyBytesMax bounds an answer over HTTP: a description of a device is 5 to 20
	// KiB.
	bodyBytesMax = 256 << 10
	// answersMax bounds the answers to one search that are looked at.
	answersMax = 32
)
