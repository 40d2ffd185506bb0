package mem

import (
	"fmt"
	"sync"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Network is a wire in memory. Transports of one Network reach each other.
type Network struct {
	mu       sync.Mutex
	listener map[string]*Transport
}

// NewNetwork makes an empty wire.
func NewNetwork() *Network { return &Network{listener: make(map[string]*Transport)} }

// Transport makes a transport on the wire. It is found under name, at most 64
// bytes without a slash, once it listens; an empty name makes a transport that
// only dials. It panics when protocols has more than link.LanesMax entries or the
// name fits no address: both are mistakes of the program.
func (n *Network) Transport(key *id.Key, name string, protocols []link.Protocol) *Transport {
	if len(protocols) > link.LanesMax {
		panic(fmt.Sprintf("mem: %d protocols, at most %d", len(protocols), link.LanesMax))
	}
	t := &Transport{
		network:   n,
		key:       key,
		name:      name,
		protocols: append([]link.Protocol(nil), protocols...),
		accept:    make(chan *Link, acceptMax),
		done:      make(chan struct{}),
		links:     make(map[*Link]struct{}),
	}
	if name != "" {
		t.addr = link.MustAddr("/mem/" + name).WithPeer(key.Public().PeerID())
	}
	return t
}

// listen puts t under its name.
func (n *Network) listen(t *Transport) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if other := n.listener[t.name]; other != nil && other != t {
		return fmt.Errorf("%w: %s", ErrNameTaken, t.name)
	}
	n.listener[t.name] = t
	return nil
}

func (n *Network) forget(t *Transport) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listener[t.name] == t {
		delete(n.listener, t.name)
	}
}

// find returns who listens at the address, nil when nobody does.
func (n *Network) find(to link.Addr) *Transport {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range n.listener {
		if t.addr.Bare() == to.Bare() {
			return t
		}
	}
	return nil
}
