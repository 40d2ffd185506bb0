package rlpx

import (
	"net/netip"
	"sync"
	"time"
)

// throttle bounds how often one source connects. Each source has one moment: when a
// bucket that fills at the rate would be full again (GCRA). A moment that has passed
// says nothing, so two generations that change places once everything in the older
// one has passed forget nothing. Only more sources than fit make it forgetful.
type throttle struct {
	every, burst time.Duration // burst: how far ahead of now a moment may lie

	mu       sync.Mutex
	now, old map[netip.Prefix]time.Time
	turned   time.Time // when now was begun
}

// newThrottle allows each source burst connections at once and then one each every.
func newThrottle(every time.Duration, burst int) *throttle {
	return &throttle{every: every, burst: every * time.Duration(burst), now: make(map[netip.Prefix]time.Time)}
}

// allow counts a connection of the address and tells whether it may be.
func (t *throttle) allow(now time.Time, ip netip.Addr) bool {
	if t.every < 0 {
		return true
	}
	key := sourceOf(ip)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.now) >= throttleSourcesMax || now.Sub(t.turned) > t.burst {
		t.old, t.now, t.turned = t.now, make(map[netip.Prefix]time.Time), now
	}
	full, ok := t.now[key]
	if !ok {
		full = t.old[key]
	}
	if full.Before(now) {
		full = now
	}
	if full = full.Add(t.every); full.Sub(now) > t.burst {
		return false
	}
	t.now[key] = full
	return true
}

// sourceOf is what shares one bucket: an IPv4 address, an IPv6 /64.
func sourceOf(ip netip.Addr) netip.Prefix {
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // of a valid address, which a socket's is
	return p
}

// exempt tells whether no limit per address counts the address.
func exempt(ip netip.Addr, localnet bool) bool {
	return ip.IsLoopback() || localnet && (ip.IsPrivate() || ip.IsLinkLocalUnicast())
}
