package libp2p

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	ma "github.com/multiformats/go-multiaddr"
)

// book is libp2p's peerstore without a memory: addresses of peers that are not
// connected live for one dial. The address book of a node is package hosts.
type book struct {
	peerstore.Peerstore
	peerstore.CertifiedAddrBook

	mu     sync.Mutex
	target map[peer.ID]target // dials under way
}

// target is the address of a dial. It stands beside the peerstore, where libp2p
// expires a peer's addresses when it hears of a disconnection, which may be that of
// the connection before.
type target struct {
	addr    ma.Multiaddr
	relayed bool // hole punching needs the peer's other addresses as well
}

func newBook(ps peerstore.Peerstore) *book {
	certified, _ := peerstore.GetCertifiedAddrBook(ps)
	return &book{Peerstore: ps, CertifiedAddrBook: certified, target: make(map[peer.ID]target)}
}

// aim makes an address the one that a dial to the peer tries, until the returned
// function is called.
func (b *book) aim(p peer.ID, a ma.Multiaddr, relayed bool) (forget func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.target[p] = target{a, relayed}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.target, p)
	}
}

// Addrs is what to dial.
func (b *book) Addrs(p peer.ID) []ma.Multiaddr {
	b.mu.Lock()
	t, ok := b.target[p]
	b.mu.Unlock()
	switch {
	case !ok:
		return b.Peerstore.Addrs(p)
	case t.relayed:
		return append(b.Peerstore.Addrs(p), t.addr)
	}
	return []ma.Multiaddr{t.addr}
}

func shorten(ttl time.Duration) time.Duration {
	if ttl >= peerstore.ConnectedAddrTTL {
		return ttl // connected, or our own
	}
	return min(ttl, addrTTLMax)
}

// AddAddr keeps an address no longer than addrTTLMax beyond the connection.
func (b *book) AddAddr(p peer.ID, a ma.Multiaddr, ttl time.Duration) {
	b.Peerstore.AddAddr(p, a, shorten(ttl))
}

// AddAddrs keeps addresses no longer than addrTTLMax beyond the connection.
func (b *book) AddAddrs(p peer.ID, as []ma.Multiaddr, ttl time.Duration) {
	b.Peerstore.AddAddrs(p, as, shorten(ttl))
}

// SetAddr keeps an address no longer than addrTTLMax beyond the connection.
func (b *book) SetAddr(p peer.ID, a ma.Multiaddr, ttl time.Duration) {
	b.Peerstore.SetAddr(p, a, shorten(ttl))
}

// SetAddrs keeps addresses no longer than addrTTLMax beyond the connection.
func (b *book) SetAddrs(p peer.ID, as []ma.Multiaddr, ttl time.Duration) {
	b.Peerstore.SetAddrs(p, as, shorten(ttl))
}

// UpdateAddrs changes lifetimes; like the others it keeps the new one short.
func (b *book) UpdateAddrs(p peer.ID, from, to time.Duration) {
	b.Peerstore.UpdateAddrs(p, shorten(from), shorten(to))
}
