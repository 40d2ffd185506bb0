package rlpx

import "net/netip"

var loopback = netip.MustParseAddrPort("127.0.0.1:30303")
