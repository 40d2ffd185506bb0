package link

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Addr is a dialable address in canonical text. It is comparable. Three forms:
//
//	/ip4/1.2.3.4/tcp/4001/p2p/16Uiu2…            libp2p over TCP
//	/ip4/1.2.3.4/udp/4001/quic-v1/p2p/16Uiu2…    libp2p over QUIC
//	/mem/NAME/p2p/16Uiu2…                        in memory
//	enode://PUBLIC@1.2.3.4:30303?discport=30304  RLPx
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
// there. A relayed address, or one in memory, stays what it is.
func (a Addr) At(at netip.AddrPort) Addr {
	ip := at.Addr().Unmap()
	switch {
	case a.Kind() == Mem || a.Relayed() || !ip.IsValid():
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

func (a Addr) hostPort() (host string, port uint16) {
	if a.Kind() == RLPx {
		rest := a.text[len("enode://")+129:]
		if i := strings.IndexByte(rest, '?'); i >= 0 {
			rest = rest[:i]
		}
		i := strings.LastIndexByte(rest, ':')
		n, _ := strconv.ParseUint(rest[i+1:], 10, 16)
		return strings.Trim(rest[:i], "[]"), uint16(n)
	}
	// "", family, host, transport, port, …
	_, rest, _ := strings.Cut(a.text, "/")
	family, rest, _ := strings.Cut(rest, "/")
	host, rest, _ = strings.Cut(rest, "/")
	_, rest, more := strings.Cut(rest, "/")
	if !more || family == "mem" {
		return "", 0
	}
	text, _, _ := strings.Cut(rest, "/")
	n, _ := strconv.ParseUint(text, 10, 16)
	return host, uint16(n)
}

// IsLocal tells whether the address is loopback, private, link-local or in
// memory: fit for a local network only.
func (a Addr) IsLocal() bool {
	if a.Kind() == Mem {
		return true
	}
	ip := a.IP()
	return ip.IsValid() && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
}

// IsLoopback tells whether the address never leaves this machine.
func (a Addr) IsLoopback() bool {
	return a.Kind() == Mem || a.IP().IsLoopback()
}

// Group is the network group that shares one address's fate: IPv4 /16, IPv6 /32
// . Loopback and memory addresses have the empty group, which no
// per-group limit counts.
func (a Addr) Group() string { return a.prefix(16, 32) }

// Subnet is the finer group: IPv4 /24, IPv6 /56.
func (a Addr) Subnet() string { return a.prefix(24, 56) }

func (a Addr) prefix(v4, v6 int) string {
	ip := a.IP()
	switch {
	case a.IsLoopback():
		return ""
	case !ip.IsValid():
		host, _ := a.hostPort()
		return "name:" + host
	}
	return groupOf(ip, v4, v6)
}

func canonicalEnode(s string) (string, error) {
	rest := strings.TrimPrefix(s, "enode://")
	if len(rest) < 130 || rest[128] != '@' {
		return s, errors.New("want enode://, 128 hex digits, @")
	}
	key := strings.ToLower(rest[:128])
	raw, err := hex.DecodeString(key)
	if err != nil {
		return s, errors.New("key is not hex")
	}
	if _, err := id.PublicFromUncompressed(raw); err != nil {
		return s, errors.New("key is no point on secp256k1")
	}
	where, query, _ := strings.Cut(rest[129:], "?")
	i := strings.LastIndexByte(where, ':')
	if i < 1 {
		return s, errors.New("want host:port")
	}
	host, port := where[:i], where[i+1:]
	if err := checkHost(strings.Trim(host, "[]")); err != nil {
		return s, err
	}
	if err := checkPort(port); err != nil {
		return s, err
	}
	out := "enode://" + key + "@" + host + ":" + port
	if query != "" {
		udp, ok := strings.CutPrefix(query, "discport=")
		if !ok || checkPort(udp) != nil {
			return s, errors.New("only ?discport=PORT may follow")
		}
		out += "?discport=" + udp
	}
	return out, nil
}

func canonicalMultiaddr(s string) (string, error) {
	part := strings.Split(strings.TrimSuffix(s, "/"), "/")[1:]
	if len(part) < 2 {
		return s, errors.New("too short")
	}
	rest := part[2:]
	switch part[0] {
	case "mem":
		if len(part[1]) > 64 {
			return s, errors.New("memory name above 64 bytes")
		}
	case "ip4", "ip6":
		ip, err := netip.ParseAddr(part[1])
		if err != nil || ip.Zone() != "" || ip.Is4() != (part[0] == "ip4") {
			return s, fmt.Errorf("%q is no %s address", part[1], part[0])
		}
		part[1] = ip.String()
	case "dns", "dns4", "dns6":
		if err := checkHost(part[1]); err != nil {
			return s, err
		}
	default:
		return s, fmt.Errorf("unknown part %q", part[0])
	}
	if part[0] != "mem" {
		if len(rest) < 2 {
			return s, errors.New("want /tcp/PORT or /udp/PORT/quic-v1")
		}
		if err := checkPort(rest[1]); err != nil {
			return s, err
		}
		switch {
		case rest[0] == "tcp":
			rest = rest[2:]
		case rest[0] == "udp" && len(rest) > 2 && rest[2] == "quic-v1":
			rest = rest[3:]
		default:
			return s, errors.New("want /tcp/PORT or /udp/PORT/quic-v1")
		}
	}
	if len(rest) >= 3 && rest[0] == "p2p" && rest[2] == "p2p-circuit" {
		if _, err := id.ParsePeerID(rest[1]); err != nil {
			return s, err
		}
		rest = rest[3:]
	}
	switch {
	case len(rest) == 0:
	case len(rest) == 2 && rest[0] == "p2p":
		if _, err := id.ParsePeerID(rest[1]); err != nil {
			return s, err
		}
	default:
		return s, fmt.Errorf("unknown part %q", rest[0])
	}
	return "/" + strings.Join(part, "/"), nil
}

func checkHost(h string) error {
	if len(h) == 0 || len(h) > 253 || strings.ContainsAny(h, "/ @?#\x00") {
		return fmt.Errorf("host %.60q", h)
	}
	return nil
}

func checkPort(p string) error {
	if n, err := strconv.ParseUint(p, 10, 16); err != nil || strconv.FormatUint(n, 10) != p {
		return fmt.Errorf("port %.20q, want 0 to 65535", p)
	}
	return nil
}

// RecordAddrs are the addresses a node record names, the better ones first: libp2p on
// the "rw" entry's ports of "ip" and "ip6", then RLPx on "tcp" and "tcp6". The record
// must be verified.
func RecordAddrs(r *enr.Record) []Addr {
	peer := r.Public().PeerID().String()
	rope, _ := r.Rope()
	var out []Addr
	for _, ip := range []netip.Addr{r.IP(), r.IP6()} {
		if !ip.IsValid() {
			continue
		}
		host := "/ip4/" + ip.String()
		if ip.Is6() {
			host = "/ip6/" + ip.String()
		}
		if rope.QUIC != 0 {
			out = append(out, Addr{host + "/udp/" + decimal(rope.QUIC) + "/quic-v1/p2p/" + peer, r.ID(), ip.Unmap()})
		}
		if rope.TCP != 0 {
			out = append(out, Addr{host + "/tcp/" + decimal(rope.TCP) + "/p2p/" + peer, r.ID(), ip.Unmap()})
		}
	}
	for _, ip := range []netip.Addr{r.IP(), r.IP6()} {
		if tcp := r.TCP(ip.Is6()); ip.IsValid() && tcp != 0 {
			if full, err := r.Public().Uncompressed(); err == nil {
				out = append(out, Enode(full, r.ID(), netip.AddrPortFrom(ip, tcp)))
			}
		}
	}
	return out
}

func decimal(v uint16) string { return strconv.FormatUint(uint64(v), 10) }
