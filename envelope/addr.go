package envelope

import (
	"encoding/base32"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// part is a component of a binary multiaddr that link.Addr knows: its number in
// multiformats' table, its name, and the bytes of its value.
type part struct {
	code uint64
	name string
	size int // of the value; lengthFirst when its length stands before it
}

const lengthFirst = -1

// onionBytes is the name of an onion service in binary: key, checksum, version. The
// port follows it.
const onionBytes = 35

var onionNames = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567")

var parts = [...]part{
	{0x04, "ip4", 4}, {0x29, "ip6", 16}, {0x06, "tcp", 2}, {0x0111, "udp", 2},
	{0x01cd, "quic-v1", 0}, {0x01a5, "p2p", lengthFirst}, {0x0122, "p2p-circuit", 0},
	{0x01bd, "onion3", onionBytes + 2}, {0x35, "dns", lengthFirst}, {0x36, "dns4", lengthFirst}, {0x37, "dns6", lengthFirst},
}

// textOf reads a binary multiaddr; ok is false for one that no link is made to.
func textOf(b []byte) (a link.Addr, ok bool) {
	var text strings.Builder
	for len(b) > 0 {
		code, n := binary.Uvarint(b)
		if n <= 0 {
			return a, false
		}
		p, known := partOf(func(p part) bool { return p.code == code })
		if !known {
			return a, false
		}
		var val []byte
		if val, b, ok = p.take(b[n:]); !ok || len(val) > valueBytesMax {
			return a, false
		}
		text.WriteString("/" + p.name)
		if p.size != 0 {
			text.WriteString("/" + p.text(val))
		}
	}
	a, err := link.ParseAddr(text.String())
	return a, err == nil
}

// binaryOf writes an address as a binary multiaddr, if it is one.
func binaryOf(a link.Addr) (out []byte, ok bool) {
	rest := strings.Split(a.String(), "/")
	if rest[0] != "" {
		return nil, false
	}
	for rest = rest[1:]; len(rest) > 0; {
		p, known := partOf(func(p part) bool { return p.name == rest[0] })
		if !known {
			return nil, false
		}
		out = binary.AppendUvarint(out, p.code)
		rest = rest[1:]
		if p.size == 0 {
			continue
		}
		if len(rest) == 0 {
			return nil, false
		}
		val, ok := p.value(rest[0])
		if !ok {
			return nil, false
		}
		if p.size == lengthFirst {
			out = binary.AppendUvarint(out, uint64(len(val)))
		}
		out = append(out, val...)
		rest = rest[1:]
	}
	return out, len(out) > 0
}

func partOf(is func(part) bool) (part, bool) {
	for _, p := range parts {
		if is(p) {
			return p, true
		}
	}
	return part{}, false
}

// take splits the value off b.
func (p part) take(b []byte) (val, rest []byte, ok bool) {
	size := uint64(p.size)
	if p.size == lengthFirst {
		n := 0
		if size, n = binary.Uvarint(b); n <= 0 {
			return nil, nil, false
		}
		b = b[n:]
	}
	if size > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:size], b[size:], true
}

func (p part) text(val []byte) string {
	switch p.name {
	case "ip4", "ip6":
		ip, _ := netip.AddrFromSlice(val)
		return ip.String()
	case "tcp", "udp":
		return strconv.Itoa(int(binary.BigEndian.Uint16(val)))
	case "onion3":
		port := binary.BigEndian.Uint16(val[onionBytes:])
		return onionNames.EncodeToString(val[:onionBytes]) + ":" + strconv.Itoa(int(port))
	case "p2p":
		return id.PeerID(val).String()
	}
	return string(val)
}

func (p part) value(text string) ([]byte, bool) {
	switch p.name {
	case "ip4", "ip6":
		ip, err := netip.ParseAddr(text)
		return ip.AsSlice(), err == nil && ip.Is4() == (p.name == "ip4")
	case "tcp", "udp":
		n, err := strconv.ParseUint(text, 10, 16)
		return binary.BigEndian.AppendUint16(nil, uint16(n)), err == nil
	case "onion3":
		name, port, _ := strings.Cut(text, ":")
		raw, bad := onionNames.DecodeString(name)
		n, err := strconv.ParseUint(port, 10, 16)
		return binary.BigEndian.AppendUint16(raw, uint16(n)), bad == nil && err == nil && len(raw) == onionBytes
	case "p2p":
		peer, err := id.ParsePeerID(text)
		return []byte(peer), err == nil
	}
	return []byte(text), len(text) > 0
}
