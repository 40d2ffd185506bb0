package config

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

// Each check returns what is wanted instead of v, or "".

func checkNetwork(v any) string {
	if strings.Trim(v.(string), "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
		return "want 1 to 64 of a-z 0-9 . _ -"
	}
	return ""
}

func checkPrintable(v any) string {
	if s := v.(string); !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "want at most 128 bytes of printable text"
	}
	return ""
}

func checkListen(v any) string {
	for _, s := range v.([]string) {
		a, err := link.ParseAddr(s)
		if err != nil || a.Kind() != link.LibP2P || a.PeerID() != "" {
			return fmt.Sprintf("%.120q: want multiaddrs such as /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/udp/4001/quic-v1, without /p2p/", s)
		}
	}
	return ""
}

// rlpxOff are the words for no RLPx listener.
var rlpxOff = []string{"off", "none"}

// rlpxOf is Config's value for listen.rlpx: nil for the default, empty for none.
func rlpxOf(texts []string) []string {
	switch {
	case len(texts) == 1 && texts[0] == "":
		return nil
	case len(texts) == 1 && slices.Contains(rlpxOff, texts[0]):
		return []string{}
	}
	return texts
}

func checkRLPx(v any) string {
	for _, s := range rlpxOf(v.([]string)) {
		if (ropewalk.Config{Listen: ropewalk.ListenConfig{RLPx: []string{s}}}).Validate() != nil {
			return fmt.Sprintf(`%.120q: want IP:PORT such as 0.0.0.0:30303 or [::]:30303, port 0 for any free one, the path of a Unix socket, or "off"`, s)
		}
	}
	return ""
}

func checkHosts(v any) string {
	for _, s := range v.([]string) {
		if strings.HasPrefix(s, "enr:") {
			if r, err := enr.Parse(s); err == nil && len(link.RecordAddrs(r)) > 0 {
				continue
			}
		} else if a, err := link.ParseAddr(s); err == nil && a.PeerID() != "" {
			continue
		}
		return fmt.Sprintf("%.160q: want multiaddrs with /p2p/ at their end, enode:// addresses, or records (enr:…) that name an address", s)
	}
	return ""
}

func checkRecords(v any) string {
	for _, s := range v.([]string) {
		if _, err := enr.Parse(s); err != nil {
			return fmt.Sprintf("%.160q: want node records (enr:…)", s)
		}
	}
	return ""
}

func checkLists(v any) string {
	for _, s := range v.([]string) {
		if (ropewalk.Config{Session: ropewalk.SessionConfig{DNSLists: []string{s}}}).Validate() != nil {
			return fmt.Sprintf("%.160q: want node lists such as enrtree://KEY@nodes.example.org", s)
		}
	}
	return ""
}

func checkProxy(v any) string {
	if s := v.(string); (ropewalk.Config{Session: ropewalk.SessionConfig{Proxy: s}}).Validate() != nil {
		return "want socks5://IP:PORT, socks5://USER:PASSWORD@IP:PORT or unix:///PATH"
	}
	return ""
}

func checkMixed(v any) string {
	if _, err := link.ParseMixed(v.([]string)); err != nil {
		return `want any of "onion", "i2p", "tcp", "all"`
	}
	return ""
}

func checkOnion(v any) string {
	for _, s := range v.([]string) {
		if (ropewalk.Config{Listen: ropewalk.ListenConfig{Onion: []string{s}}}).Validate() != nil {
			return fmt.Sprintf("%.120q: want NAME.onion:PORT or /onion3/NAME:PORT, with the right name", s)
		}
	}
	return ""
}

func checkNAT(v any) string {
	if (ropewalk.Config{Listen: ropewalk.ListenConfig{NAT: v.(string)}}).Validate() != nil {
		return "want none, any, upnp, pmp, upnp:URL, pmp:IP or extip:IP"
	}
	return ""
}

func checkNameServer(v any) string {
	if (ropewalk.Config{Session: ropewalk.SessionConfig{DNSServer: v.(string)}}).Validate() != nil {
		return "want an IP address such as 192.0.2.53, or with a port 192.0.2.53:5353"
	}
	return ""
}

func checkRooms(v any) string {
	for _, s := range v.([]string) {
		if len(s) == 0 || len(s) > roomBytesMax || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return fmt.Sprintf("%.80q: want room names of 1 to %d bytes", s, roomBytesMax)
		}
	}
	return ""
}

func checkHostPort(v any) string {
	s := v.(string)
	if s == "off" || goodHostPort(s) {
		return ""
	}
	return `want HOST:PORT such as 127.0.0.1:7480, port 0 for any free one, or "off"`
}

func checkHostPortOrNone(v any) string {
	s := v.(string)
	if s == "" || s == "off" || goodHostPort(s) {
		return ""
	}
	return `want HOST:PORT such as 127.0.0.1:30303, port 0 for any free one, or "" for none`
}

// unixSocket is the path of a socket that is a file: unix:PATH, or as DarkFi writes it
// unix://PATH.
func unixSocket(s string) (path string, ok bool) {
	path, ok = strings.CutPrefix(s, "unix:")
	return strings.TrimPrefix(path, "//"), ok
}

func checkDnet(v any) string {
	s := v.(string)
	path, unix := unixSocket(s)
	if s == "" || s == "off" || unix && path != "" || !unix && goodHostPort(strings.TrimPrefix(s, "tcp://")) {
		return ""
	}
	return `want HOST:PORT such as 127.0.0.1:7481, port 0 for any free one, unix:PATH, or "" for none`
}

func goodHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.ContainsAny(host, " /@?#\\") {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isLoopback tells whether host:port can be reached from this machine only.
func isLoopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func checkRadius(v any) string {
	s := v.(string)
	if s == "auto" || s == "max" {
		return ""
	}
	if raw, err := hex.DecodeString(strings.TrimPrefix(s, "0x")); err == nil && len(raw) == 32 {
		return ""
	}
	return `want "auto", "max" or 32 bytes in hex`
}

func checkHex(v any) string {
	raw, err := hex.DecodeString(strings.TrimPrefix(v.(string), "0x"))
	if err != nil || len(raw) == 0 || len(raw) > 8 {
		return `want 1 to 8 bytes in hex, such as "0x500b"`
	}
	return ""
}

func checkAboveZero(v any) string {
	if v.(float64) <= 0 {
		return "want a number above 0"
	}
	return ""
}

func checkStreams(v any) string {
	for _, s := range v.([]string) {
		if one := streams([]string{s}); one == nil || (ropewalk.Config{Gossip: ropewalk.GossipConfig{Streams: one}}).Validate() != nil {
			return fmt.Sprintf("%.160q: want a stream ID, = and its version, such as /example/meshsub/1.2.0=1.2", s)
		}
	}
	return ""
}

func checkTrusted(v any) string {
	for _, s := range v.([]string) {
		if (ropewalk.Config{Session: ropewalk.SessionConfig{Trusted: []string{s}}}).Validate() != nil {
			return fmt.Sprintf("%.160q: want node IDs, peer IDs, records (enr:…), or addresses that name their peer", s)
		}
	}
	return ""
}

func checkTargets(v any) string {
	for _, s := range v.([]string) {
		if (ropewalk.Config{Session: ropewalk.SessionConfig{Banned: []string{s}}}).Validate() != nil {
			return fmt.Sprintf("%.160q: want node IDs, peer IDs, addresses or IP addresses", s)
		}
	}
	return ""
}

func checkNetworks(v any) string {
	if _, err := link.ParseRestriction(v.([]string)); err != nil {
		return strings.TrimPrefix(err.Error(), link.ErrRestriction.Error()+": ")
	}
	return ""
}

func checkTopics(v any) string {
	for _, s := range v.([]string) {
		if len(s) == 0 || len(s) > nameBytesMax || !utf8.ValidString(s) {
			return fmt.Sprintf("%.80q: want topics of 1 to %d bytes", s, nameBytesMax)
		}
	}
	return ""
}

func checkPrefixes(v any) string {
	for _, s := range v.([]string) {
		if _, err := netip.ParsePrefix(s); err != nil {
			return fmt.Sprintf("%.80q: want addresses with a length, such as 192.0.2.0/24 or 2001:db8::/32", s)
		}
	}
	return ""
}
