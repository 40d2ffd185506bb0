package link

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Route is the way to an address.
type Route uint8

// The ways.
const (
	NoRoute Route = iota // there is none: the address is dark for us
	Direct               // a socket of ours, led there
	Proxied              // through the proxy, and never directly
)

// Mixed are the sorts of addresses that go through a proxy.
type Mixed uint8

// The sorts. Onion services always go through a proxy, and are in every set.
const (
	MixI2P Mixed = 1 << iota // I2P: the proxy is an I2P router's
	MixTCP                   // TCP to IP addresses and names, of RLPx and libp2p
	MixAll                   // everything: what the proxy cannot carry is not dialled
)

// ErrMixed is returned for words that name no sort of addresses.
var ErrMixed = errors.New("link: want onion, i2p, tcp or all")

// ParseMixed reads the words "onion", "i2p", "tcp" and "all". No word means "all": who
// names a proxy and nothing else does not want to be seen.
func ParseMixed(words []string) (m Mixed, err error) {
	if len(words) == 0 {
		return MixAll, nil
	}
	for _, w := range words {
		switch w {
		case "onion":
		case "i2p":
			m |= MixI2P
		case "tcp":
			m |= MixTCP
		case "all":
			m |= MixAll
		default:
			return 0, fmt.Errorf("%w: %.40q", ErrMixed, w)
		}
	}
	return m, nil
}

// Routes say which way each address is reached. The zero Routes know no proxy.
type Routes struct {
	Proxy bool // there is one
	Mixed Mixed
}

// All tells whether nothing may be reached but through the proxy.
func (r Routes) All() bool { return r.Mixed&MixAll != 0 }

// Of is the way to an address. What is mixed has no other way than the proxy: without
// one it has none, and it is never dialled directly.
func (r Routes) Of(a Addr) Route {
	mixed := false
	switch n := a.Network(); n {
	case "":
		return NoRoute
	case NetMem:
		return Direct
	case NetUnix:
		if a.Kind() != RLPx {
			return NoRoute // libp2p's stack knows no Unix sockets
		}
		return Direct
	case NetOnion:
		mixed = true
	case NetI2P:
		if r.Mixed&MixI2P == 0 {
			return NoRoute
		}
		mixed = true
	default:
		mixed = r.All() || r.Mixed&MixTCP != 0 && !a.udp()
	}
	switch {
	case !mixed:
		return Direct
	case !r.Proxy || a.udp(): // SOCKS carries UDP, but hardly a proxy does
		return NoRoute
	}
	return Proxied
}

// udp tells whether packets of UDP go to the address, or to the relay before it.
func (a Addr) udp() bool { return strings.Contains(a.text, "/udp/") }

// Timeouts are how long things may take on one way.
type Timeouts struct {
	Dial      time.Duration // all of a dial: resolve, connect, proxy, handshake
	Handshake time.Duration // of the link's own handshakes, both sides
	Heartbeat time.Duration // between pings
}

// As DarkFi's transports have them. A circuit through Tor takes seconds to make, and
// every turn of a handshake crosses six relays on the way to an onion service.
var (
	directTimeouts  = Timeouts{Dial: 15 * time.Second, Handshake: 10 * time.Second, Heartbeat: 30 * time.Second}
	proxiedTimeouts = Timeouts{Dial: 65 * time.Second, Handshake: 55 * time.Second, Heartbeat: 90 * time.Second}
)

// Timeouts are those of the way to an address.
func (r Routes) Timeouts(a Addr) Timeouts {
	if r.Of(a) == Proxied || a.Network().Hidden() {
		return proxiedTimeouts
	}
	return directTimeouts
}
