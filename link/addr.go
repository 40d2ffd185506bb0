package link

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ropewalk/ropewalk/id"
)

// Addr is a dialable address in canonical text. It is comparable. Its forms:
//
//	/ip4/1.2.3.4/tcp/4001/p2p/16Uiu2…            libp2p over TCP
//	/ip4/1.2.3.4/udp/4001/quic-v1/p2p/16Uiu2…    libp2p over QUIC
//	/onion3/NAME:4001/p2p/16Uiu2…                libp2p at an onion service
//	/unix/run/node.sock/p2p/16Uiu2…              libp2p at a Unix socket
//	/mem/NAME/p2p/16Uiu2…                        in memory
//	enode://PUBLIC@1.2.3.4:30303?discport=30304  RLPx
//	enode://PUBLIC@NAME.onion:30303              RLPx at an onion service; NAME.b32.i2p in I2P
//	enode://PUBLIC@/run/node.sock                RLPx at a Unix socket
//
// The host part may also be ip6, dns, dns4 or dns6. A relayed libp2p address ends
// in /p2p/RELAY/p2p-circuit/p2p/PEER.
type Addr struct {
	text string
	// Worked out once: who costs a square root, and ip is asked for all the time.
	who id.ID // of the peer the text names
	ip  netip.Addr
}

// addrBytesMax bounds the text of an address.
const addrBytesMax = 255

// ErrAddr is returned for text that is no address.
var ErrAddr = errors.New("link: not an address")

// ParseAddr reads an address and brings it to canonical form.
func ParseAddr(s string) (Addr, error) {
	if len(s) == 0 || len(s) > addrBytesMax {
		return Addr{}, fmt.Errorf("%w: %d bytes, want 1 to %d", ErrAddr, len(s), addrBytesMax)
	}
	var err error
	switch {
	case strings.HasPrefix(s, "enode://"):
		s, err = canonicalEnode(s)
	case strings.HasPrefix(s, "/"):
		s, err = canonicalMultiaddr(s)
	default:
		err = errors.New("want a multiaddr (/ip4/…/tcp/…/p2p/…) or enode://")
	}
	if err != nil {
		return Addr{}, fmt.Errorf("%w: %.120q: %v", ErrAddr, s, err)
	}
	return named(s), nil
}

// named makes an address of canonical text.
func named(text string) Addr {
	a := Addr{text: text}
	if p := a.PeerID(); p != "" {
		a.who = p.ID()
	}
	host, _ := a.hostPort()
	if ip, err := netip.ParseAddr(host); err == nil {
		a.ip = ip.Unmap()
	}
	return a
}

// Enode is the RLPx address of a key, X||Y on the curve, whose node ID is who; zero
// when there is no place.
func Enode(full [64]byte, who id.ID, at netip.AddrPort) Addr {
	if !at.IsValid() {
		return Addr{}
	}
	return Addr{fmt.Sprintf("enode://%x@%s", full, at), who, at.Addr().Unmap()}
}

// MustAddr is ParseAddr for constants and tests; it panics on error.
func MustAddr(s string) Addr {
	a, err := ParseAddr(s)
	if err != nil {
		panic(err)
	}
	return a
}

func (a Addr) String() string { return a.text }

// IsZero tells whether the address is unset.
func (a Addr) IsZero() bool { return a.text == "" }

// MarshalText and UnmarshalText let an Addr stand in JSON.
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// UnmarshalText reads what MarshalText wrote; empty text is the zero Addr.
func (a *Addr) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*a = Addr{}
		return nil
	}
	*a, err = ParseAddr(string(text))
	return err
}

// Kind is the kind of link that dials the address.
func (a Addr) Kind() Kind {
	switch {
	case strings.HasPrefix(a.text, "enode://"):
		return RLPx
	case strings.HasPrefix(a.text, "/mem/"):
		return Mem
	}
	return LibP2P
}

// PeerID is who the address says is there; empty when it does not say.
func (a Addr) PeerID() id.PeerID {
	if a.Kind() == RLPx {
		xy, _ := a.Uncompressed()
		pub, err := id.PublicFromUncompressed(xy[:])
		if err != nil {
			return ""
		}
		return pub.PeerID()
	}
	i := strings.LastIndex(a.text, "/p2p/")
	if i < 0 {
		return ""
	}
	p, err := id.ParsePeerID(a.text[i+len("/p2p/"):])
	if err != nil {
		return ""
	}
	return p
}

// Uncompressed is the public key X || Y that an RLPx address names, a point on the
// curve; false for other kinds.
func (a Addr) Uncompressed() (xy [64]byte, ok bool) {
	if a.Kind() != RLPx {
		return xy, false
	}
	n, err := hex.Decode(xy[:], []byte(strings.TrimPrefix(a.text, "enode://")[:128]))
	return xy, err == nil && n == len(xy)
}

// ID is the node ID of PeerID; zero when the address does not say.
func (a Addr) ID() id.ID { return a.who }

// WithPeer returns the address with /p2p/ of that peer at its end.
func (a Addr) WithPeer(p id.PeerID) Addr {
	if a.Kind() == RLPx || a.PeerID() == p || p == "" {
		return a
	}
	return Addr{a.Bare().text + "/p2p/" + p.String(), p.ID(), a.ip}
}

// Bare returns a multiaddr without the peer at its end: where, not who.
func (a Addr) Bare() Addr {
	if a.Kind() == RLPx || a.Relayed() {
		return a
	}
	if i := strings.LastIndex(a.text, "/p2p/"); i >= 0 {
		return Addr{text: a.text[:i], ip: a.ip}
	}
	return a
}

// Relayed tells whether the address leads through a relay.
func (a Addr) Relayed() bool { return strings.Contains(a.text, "/p2p-circuit") }

// IsQUIC tells whether the address is dialled over QUIC.
func (a Addr) IsQUIC() bool { return strings.Contains(a.text, "/quic-v1") }

// IP is the literal address; invalid for names, memory and onion addresses.
func (a Addr) IP() netip.Addr { return a.ip }

// Port is the TCP or UDP port, 0 when there is none.
func (a Addr) Port() uint16 {
	_, port := a.hostPort()
	return port
}

// At is the address with another IP address and port in their places: what dials a
// there. A relayed address, and one that no IP address can stand in, stays what it is.
func (a Addr) At(at netip.AddrPort) Addr {
	ip := at.Addr().Unmap()
	switch {
	case a.Relayed() || !ip.IsValid() || a.Network() != NetIP4 && a.Network() != NetIP6 && a.Network() != NetDNS:
		return a
	case a.Kind() == RLPx:
		head, rest, _ := strings.Cut(a.text, "@")
		if _, query, ok := strings.Cut(rest, "?"); ok {
			return Addr{head + "@" + netip.AddrPortFrom(ip, at.Port()).String() + "?" + query, a.who, ip}
		}
		return Addr{head + "@" + netip.AddrPortFrom(ip, at.Port()).String(), a.who, ip}
	}
	part := strings.SplitN(a.text, "/", 6) // "", family, host, transport, port, rest
	part[1], part[2], part[4] = "ip4", ip.String(), decimal(at.Port())
	if ip.Is6() {
		part[1] = "ip6"
	}
	return Addr{strings.Join(part, "/"), a.who, ip}
}

// hostPort splits off where the address leads. A path stands as the host.
func (a Addr) hostPort() (host string, port uint16) {
	if a.Kind() == RLPx {
		rest := a.text[len("enode://")+129:]
		if rest[0] == '/' {
			return rest, 0
		}
		if i := strings.IndexByte(rest, '?'); i >= 0 {
			rest = rest[:i]
		}
		i := strings.LastIndexByte(rest, ':')
		n, _ := strconv.ParseUint(rest[i+1:], 10, 16)
		return strings.Trim(rest[:i], "[]"), uint16(n)
	}
	if path, ok := strings.CutPrefix(a.Bare().text, "/unix/"); ok {
		return "/" + path, 0
	}
	// "", family, host, transport, port, …
	_, rest, _ := strings.Cut(a.text, "/")
	family, rest, _ := strings.Cut(rest, "/")
	host, rest, _ = strings.Cut(rest, "/")
	if family == "onion3" {
		name, text, _ := strings.Cut(host, ":")
		n, _ := strconv.ParseUint(text, 10, 16)
		return name + onionSuffix, uint16(n)
	}
	_, rest, more := strings.Cut(rest, "/")
	if !more || family == "mem" {
		return "", 0
	}
	text, _, _ := strings.Cut(rest, "/")
	n, _ := strconv.ParseUint(text, 10, 16)
	return host, uint16(n)
}
