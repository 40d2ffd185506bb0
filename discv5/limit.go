package discv5

import (
	"net/netip"
	"time"

	"github.com/dchest/siphash"
)

// bucket is a token bucket. The zero value is full.
type bucket struct {
	at   int64 // Unix time in nanoseconds
	used float32
}

// take takes a token, if there is one.
func (b *bucket) take(now time.Time, rate, burst float32) bool {
	if n := now.UnixNano(); n > b.at {
		back := float64(n-b.at) / float64(time.Second) * float64(rate)
		b.at, b.used = n, max(0, b.used-float32(min(back, 1<<20)))
	}
	if b.used > burst-1 {
		return false
	}
	b.used++
	return true
}

// host is the allowance of an address, or of those that share a place in limits.
type host struct{ packets, whos bucket }

// limits are on what strangers make us do. Fixed memory, constant time.
type limits struct {
	key0, key1 uint64
	packets    bucket // of all
	whos       bucket
	known      bucket // of those in the table
	hosts      [hostsTracked]host
}

func (l *limits) host(ip netip.Addr) *host {
	b := hostOf(ip).As16()
	return &l.hosts[siphash.Hash(l.key0, l.key1, b[:])%hostsTracked]
}

// stranger tells whether a packet of nobody's session may be looked into.
func (l *limits) stranger(now time.Time, ip netip.Addr, exempt bool) bool {
	if !exempt && !l.host(ip).packets.take(now, strangerRate, strangerBurst) {
		return false
	}
	return l.packets.take(now, strangersRate, strangersBurst)
}

// who tells whether an address may be sent WHOAREYOU once more, within what is allowed
// to all together.
func (l *limits) who(now time.Time, ip netip.Addr, exempt bool, rate, burst float32) bool {
	if !exempt && !l.host(ip).whos.take(now, whoRate, whoBurst) {
		return false
	}
	return l.whos.take(now, rate, burst)
}
