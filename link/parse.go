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
	if rest[129:] != "" && rest[129] == '/' {
		return "enode://" + key + "@" + rest[129:], checkPath(rest[129:])
	}
	where, query, _ := strings.Cut(rest[129:], "?")
	i := strings.LastIndexByte(where, ':')
	if i < 1 {
		return s, errors.New("want host:port")
	}
	host, port := where[:i], where[i+1:]
	host, err = canonicalHost(host)
	if err != nil {
		return s, err
	}
	if err := checkPort(port); err != nil {
		return s, err
	}
	if hidden(host) && (port == "0" || query != "") {
		return s, errors.New("a hidden service has a port, and no other for discovery")
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
	if path, ok := strings.CutPrefix(s, "/unix/"); ok {
		return canonicalUnix(path)
	}
	part := strings.Split(strings.TrimSuffix(s, "/"), "/")[1:]
	if len(part) < 2 {
		return s, errors.New("too short")
	}
	rest := part[2:]
	switch part[0] {
	case "onion3":
		var err error
		if part[1], err = canonicalOnion3(part[1]); err != nil {
			return s, err
		}
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
		if err := checkName(part[1]); err != nil {
			return s, err
		}
		part[1] = strings.ToLower(part[1])
	default:
		return s, fmt.Errorf("unknown part %q", part[0])
	}
	if part[0] != "mem" && part[0] != "onion3" {
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
	if err := checkPeer(rest); err != nil {
		return s, err
	}
	return "/" + strings.Join(part, "/"), nil
}

// checkPeer reads what may stand at the end of a multiaddr: nothing, or who is there.
func checkPeer(rest []string) error {
	switch {
	case len(rest) == 0:
		return nil
	case len(rest) == 2 && rest[0] == "p2p":
		_, err := id.ParsePeerID(rest[1])
		return err
	}
	return fmt.Errorf("unknown part %q", rest[0])
}

// canonicalHost brings the host of an enode URL to canonical form.
func canonicalHost(host string) (string, error) {
	inner := strings.Trim(host, "[]")
	if err := checkHost(inner); err != nil {
		return host, err
	}
	if low := strings.ToLower(host); hidden(low) {
		return low, checkHidden(low)
	}
	ip, err := netip.ParseAddr(inner)
	switch {
	case err != nil && inner == host:
		return strings.ToLower(host), checkName(host)
	case err != nil:
		return host, errors.New("only an IPv6 address stands in brackets")
	case ip.Zone() != "":
		return host, errors.New("a zone means nothing to others")
	case ip.Unmap().Is4():
		return ip.Unmap().String(), nil
	case inner == host:
		return host, errors.New("an IPv6 address stands in brackets")
	}
	return "[" + ip.String() + "]", nil
}

func checkHost(h string) error {
	if len(h) == 0 || len(h) > 253 || strings.ContainsAny(h, "/ @?#[]\x00") {
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
