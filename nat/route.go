package nat

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// gateways are the routers that may map ports for us, the default one first: what the
// system says, then the first address of each private network that we are in.
func gateways() (out []netip.Addr) {
	add := func(ip netip.Addr) {
		if ip.IsValid() && ip.IsPrivate() && !slices.Contains(out, ip) {
			out = append(out, ip)
		}
	}
	if table, err := os.ReadFile("/proc/net/route"); err == nil { // Linux
		for _, ip := range defaultRoutes(string(table)) {
			add(ip)
		}
	}
	for _, p := range networks() {
		if first := p.Masked().Addr().Next(); first != p.Addr() {
			add(first)
		}
	}
	return out
}

// networks are our IPv4 addresses on private networks, with their length.
func networks() (out []netip.Prefix) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Is4() && p.Addr().IsPrivate() {
			out = append(out, p)
		}
	}
	return out
}

// The flags of a route (linux/route.h): it is up, and leads to a gateway.
const routeUpGateway = 0x1 | 0x2

// defaultRoutes reads the gateways of the default routes in /proc/net/route: columns
// of Iface, Destination, Gateway, Flags, …, in hex, addresses in the machine's order
// of bytes.
func defaultRoutes(table string) (out []netip.Addr) {
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 4 || f[1] != "00000000" {
			continue
		}
		flags, err := strconv.ParseUint(f[3], 16, 16)
		raw, err2 := hex.DecodeString(f[2])
		if err != nil || err2 != nil || len(raw) != 4 || flags&routeUpGateway != routeUpGateway {
			continue
		}
		var ip [4]byte
		binary.NativeEndian.PutUint32(ip[:], binary.BigEndian.Uint32(raw))
		out = append(out, netip.AddrFrom4(ip))
	}
	return out
}
