package ropewalk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/dnslist"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/nat"
	"github.com/ropewalk/ropewalk/session"
)

// fill sets the defaults, in this one place.
func (c *Config) fill() {
	if c.Network == "" {
		c.Network = "ropewalk"
	}
	if c.Profile == "" {
		c.Profile = "desktop"
	}
	if c.Agent == "" {
		c.Agent = "ropewalk/" + Version()
	}
	p, _ := profileNamed(c.Profile)
	s := &c.Session
	s.fillPlaces(p)
	if s.Outbound == 0 {
		s.Outbound = p.outbound
	}
	s.Outbound = max(s.Outbound, 0)
	if s.Inbound == 0 {
		s.Inbound = p.inbound
	}
	if s.KnownPercent == 0 {
		s.KnownPercent = session.KnownPercent
	}
	if s.BanPolicy == "" && p.name == "seed" {
		s.BanPolicy = "relaxed" // it serves whoever comes
	}
	setDuration(&s.RefineEvery, 15*time.Second)
	setDuration(&s.HeartbeatEvery, 30*time.Second)
	setDuration(&s.HeartbeatWithin, min(15*time.Second, s.HeartbeatEvery))
	setDuration(&s.DialTimeout, 15*time.Second)
	setDuration(&s.SaveEvery, 5*time.Minute)
	if c.Gossip.Sign == "" {
		c.Gossip.Sign = "strict"
	}
	if s.routes().All() {
		// Nobody finds us but through an onion service, whose listeners the user names.
		if c.Listen.LibP2P == nil {
			c.Listen.LibP2P = []string{}
		}
		if c.Listen.RLPx == nil {
			c.Listen.RLPx = []string{}
		}
	}
	if c.Listen.LibP2P == nil {
		host := "/ip4/0.0.0.0"
		if c.Localnet {
			host = "/ip4/127.0.0.1"
		}
		c.Listen.LibP2P = []string{host + "/tcp/0", host + "/udp/0/quic-v1"}
	}
	c.fillOverlay(p)
	if c.Listen.NAT == "" {
		c.Listen.NAT = string(nat.Any)
	}
	if c.Listen.RLPx == nil {
		c.Listen.RLPx = []string{"0.0.0.0:0"}
		if c.Localnet {
			c.Listen.RLPx = []string{"127.0.0.1:0"}
		}
	}
}

func setDuration(d *time.Duration, v time.Duration) {
	if *d == 0 {
		*d = v
	}
}

// Validate says every field that is out of its range, as a *ConfigError.
func (c Config) Validate() error {
	v := &validator{}
	v.check(c.Network == "" || validName(c.Network), "node.network", c.Network, "1 to 64 of a-z 0-9 . _ -")
	_, known := profileNamed(c.Profile)
	v.check(c.Profile == "" || known, "node.profile", c.Profile, "light, desktop, server or seed")
	v.check(len(c.Agent) <= 128, "node.agent", c.Agent, "at most 128 bytes")
	for _, a := range append(append([]string(nil), c.Listen.LibP2P...), c.Listen.External...) {
		addr, err := link.ParseAddr(a)
		v.check(err == nil && addr.Kind() == link.LibP2P && addr.PeerID() == "", "listen.libp2p", a, "a multiaddr such as /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/udp/4001/quic-v1, without /p2p/")
	}
	for _, a := range c.Listen.RLPx {
		_, _, err := rlpxAddrs([]string{a})
		v.check(err == nil && len(c.Listen.RLPx) <= listenMax, "listen.rlpx", a,
			fmt.Sprintf("at most %d of IP:PORT, such as 0.0.0.0:30303 or [::]:30303, port 0 for any free one, or the path of a Unix socket", listenMax))
	}
	_, err := nat.Parse(c.Listen.NAT)
	v.check(err == nil || c.Listen.NAT == "", "listen.nat", c.Listen.NAT, "none, any, upnp, pmp, upnp:URL, pmp:IP or extip:IP")
	h := c.Listen.Handshakes
	v.within("listen.pending", h.Pending, 0, handshakesMax)
	v.within("listen.pending_per_address", h.PerAddress, 0, handshakesMax)
	v.within("listen.throttle_burst", h.Burst, 0, handshakesMax)
	v.span("listen.throttle_every", h.Every, time.Millisecond, time.Hour)
	s := c.Session
	v.places(s)
	v.hosts("session.peers", s.Peers)
	v.hosts("session.seeds", s.Seeds)
	v.trusted(s.Trusted)
	v.restriction(s)
	v.proxied(c)
	v.within("session.known_percent", s.KnownPercent, -1, session.KnownPercentMax)
	v.check(len(s.Banned) <= hosts.BansMax, "session.banned", fmt.Sprint(len(s.Banned)), fmt.Sprintf("at most %d entries", hosts.BansMax))
	for _, text := range s.Banned {
		_, err := hosts.ParseTarget(text)
		v.check(err == nil, "session.banned", text, "node IDs, peer IDs, addresses or IP addresses")
	}
	v.check(slices.Contains([]string{"", "strict", "relaxed"}, s.BanPolicy), "session.ban_policy", s.BanPolicy, "strict or relaxed")
	for _, b := range s.Bootnodes {
		_, err := enr.Parse(b)
		v.check(err == nil, "session.bootnodes", b, "node records (enr:…)")
	}
	v.check(len(s.DNSLists) <= dnsListsMax, "session.dns_lists", fmt.Sprint(len(s.DNSLists)), fmt.Sprintf("at most %d lists", dnsListsMax))
	for _, text := range s.DNSLists {
		_, err := dnslist.Parse(text)
		v.check(err == nil, "session.dns_lists", text, "node lists such as enrtree://KEY@nodes.example.org")
	}
	_, err = nameServer(s.DNSServer)
	v.check(err == nil || s.DNSServer == "", "session.dns_server", s.DNSServer, "an IP address such as 192.0.2.53, or with a port 192.0.2.53:5353")
	v.span("session.refine_every", s.RefineEvery, time.Second, time.Hour)
	v.span("session.heartbeat_every", s.HeartbeatEvery, time.Second, 10*time.Minute)
	v.span("session.heartbeat_within", s.HeartbeatWithin, time.Second, 10*time.Minute)
	v.span("session.dial_timeout", s.DialTimeout, time.Second, 2*time.Minute)
	v.span("session.save_every", s.SaveEvery, time.Second, time.Hour)
	v.gossip(c.Gossip)
	v.overlay(c)
	v.within("chat.lines", c.Chat.Lines, 0, 1_000_000)
	for _, r := range c.Chat.Rooms {
		v.check(chat.CheckRoom(r) == nil, "chat.rooms", r, "names of 1 to 64 bytes that can be seen, without spaces")
	}
	if len(v.bad) > 0 {
		return &ConfigError{v.bad}
	}
	return nil
}

type validator struct{ bad []FieldError }

func (v *validator) check(ok bool, field, value, allowed string) {
	if !ok {
		v.bad = append(v.bad, FieldError{field, fmt.Sprintf("%.120q", value), allowed})
	}
}

func (v *validator) within(field string, n, low, high int) {
	if n < low || n > high {
		v.bad = append(v.bad, FieldError{field, fmt.Sprint(n), fmt.Sprintf("%d to %d", low, high)})
	}
}

// span accepts 0, which means the default.
func (v *validator) span(field string, d, low, high time.Duration) {
	if d != 0 && (d < low || d > high) {
		v.bad = append(v.bad, FieldError{field, d.String(), fmt.Sprintf("%s to %s", low, high)})
	}
}

func (v *validator) hosts(field string, list []string) {
	for _, text := range list {
		addrs, err := dialAddrs(text)
		v.check(err == nil && len(addrs) > 0 && !addrs[0].ID().IsZero(), field, text, "a multiaddr with /p2p/ at its end, an enode:// address, or a record (enr:…) that names an address")
	}
}

func validName(s string) bool {
	return len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == "" && s != ""
}

// dialAddrs reads what a user may give as a peer: an address or a record.
func dialAddrs(text string) ([]link.Addr, error) {
	if strings.HasPrefix(text, "enr:") {
		r, err := enr.Parse(text)
		if err != nil {
			return nil, err
		}
		addrs := link.RecordAddrs(r)
		if len(addrs) == 0 {
			return nil, fmt.Errorf("%w: the record names no address", ErrBadTarget)
		}
		return addrs, nil
	}
	a, err := link.ParseAddr(text)
	if err != nil {
		return nil, err
	}
	return []link.Addr{a}, nil
}

func or(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}
