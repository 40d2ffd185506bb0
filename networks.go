package ropewalk

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/content/generic"
	"github.com/ropewalk/ropewalk/content/headers"
	"github.com/ropewalk/ropewalk/content/history"
	"github.com/ropewalk/ropewalk/portal"
)

// Network is a network of content of an application's own: what its keys look like, where
// an item belongs, and whether a value is what its key promises. It is given to
// Node.Overlay.
type Network struct {
	// Name is what people and RPC call it, 1 to 32 of a-z A-Z 0-9 _ -.
	Name string
	// Protocol is its ID in TALK requests, 1 to 8 bytes that no other network has. Two
	// bytes of which the first is 0x50 are Portal's.
	Protocol []byte
	// ContentID is where a key belongs; an error for what is no key. It runs on what
	// strangers send, in the node's loop: it must be cheap and never panic. Nil: the SHA-256
	// of the key, and any key of 1 to 2,048 bytes.
	ContentID func(key []byte) (ContentID, error)
	// Check tells whether a value is what its key promises. Every node of the network must
	// find the same. It runs beside the loop and may take long; several run at a time.
	// ErrUndecided, wrapped or not, is of a value that cannot be judged here and now; with
	// any other error whoever sent it is to blame. Nil: nothing can be judged, so nothing
	// that is offered is taken.
	Check func(key, value []byte) error
	// Everywhere: items have no place on the ring, every node takes what it has room for.
	Everywhere bool
	// KeyMax and ValueMax bound an item in bytes; 0 means 2,048 and 32 MiB.
	KeyMax, ValueMax int
}

// ErrUndecided is of a value that a network's Check cannot judge.
var ErrUndecided = content.ErrUndecided

// kindOwn is the kind of a network that the application defines.
const kindOwn = "own"

// Overlay adds a content network of the application's own, before Start. The error is
// ErrStarted, ErrClosed, ErrNoNetwork where the node has no socket for it (Listen.UDP), or
// wraps ErrBadInput and says what is wrong with it.
func (n *Node) Overlay(net Network) (*Overlay, error) {
	<-n.life
	defer n.letGo()
	switch n.is() {
	case running, stopped:
		return nil, ErrStarted
	case closed:
		return nil, ErrClosed
	}
	if n.cfg.Listen.UDP == off {
		return nil, fmt.Errorf("%w: listen.udp is off", ErrNoNetwork)
	}
	if err := n.checkOwn(net); err != nil {
		return nil, fmt.Errorf("%w: content network %.40q: %w", ErrBadInput, net.Name, err)
	}
	own := net.content()
	if err := n.addOverlay(own); err != nil {
		return nil, err
	}
	n.networks[net.Name] = own
	n.cfg.Overlay.Networks[net.Name] = OverlayNetwork{Kind: kindOwn, Protocol: HexBytes(net.Protocol).String(), Capacity: n.cfg.Overlay.Capacity}
	return &Overlay{n, own}, nil
}

// checkOwn says what is wrong with a network.
func (n *Node) checkOwn(net Network) error {
	wire := string(net.Protocol)
	switch {
	case !validOverlayName(net.Name):
		return errors.New("a name has " + overlayNameWords)
	case len(wire) == 0 || len(wire) > protocolMax:
		return fmt.Errorf("a protocol ID of %d bytes, want 1 to %d", len(wire), protocolMax)
	case len(wire) == 2 && wire[0] == 0x50:
		return fmt.Errorf("the protocol ID %x is Portal's", wire)
	case net.KeyMax < 0 || net.KeyMax > content.KeyMaxDefault:
		return fmt.Errorf("keys of %d bytes, at most %d", net.KeyMax, content.KeyMaxDefault)
	case net.ValueMax < 0 || net.ValueMax > content.ValueMaxDefault:
		return fmt.Errorf("values of %d bytes, at most %d", net.ValueMax, content.ValueMaxDefault)
	case len(n.networks) >= overlaysMax:
		return fmt.Errorf("more than %d networks", overlaysMax)
	}
	for _, name := range sortedKeys(n.networks) {
		if name == net.Name || n.networks[name].Protocol == wire {
			return fmt.Errorf("%q has that name or protocol ID", name)
		}
	}
	return nil
}

// content is the network in the machine's words.
func (net Network) content() content.Network {
	out := content.Network{
		Name: net.Name, Protocol: string(net.Protocol), ID: net.ContentID, Check: net.Check,
		Radiusless: net.Everywhere, KeyMax: net.KeyMax, ValueMax: net.ValueMax,
	}
	if out.ID == nil {
		out.ID = generic.ID
	}
	if net.Everywhere {
		out.Gossip = content.Random
	}
	return out
}

// addOverlay has the machine and the store take up a network.
func (n *Node) addOverlay(net content.Network) error {
	cfg, err := n.overlayConfig(net)
	if err != nil {
		return err
	}
	if n.store == nil {
		err = n.openStore([]portal.Config{cfg})
	} else {
		err = n.store.Add(net)
	}
	if err != nil {
		return fmt.Errorf("ropewalk: %w", err)
	}
	if err := n.machine.AddOverlay(time.Now(), cfg); err != nil {
		return fmt.Errorf("%w: %w", ErrBadInput, err) // the protocol ID is taken
	}
	return nil
}

// overlayConfig is how the machine runs a network.
func (n *Node) overlayConfig(net content.Network) (portal.Config, error) {
	radius, err := radiusOf(n.cfg.Overlay.Radius)
	return portal.Config{Network: net, Radius: radius, Client: n.cfg.Agent}, err
}

// contentNetwork is a network of content as the machine knows it.
func (n *Node) contentNetwork(name string) (content.Network, error) {
	net, ok := n.networks[name]
	if !ok {
		return net, fmt.Errorf("%w: %.40q", ErrNoNetwork, name)
	}
	return net, nil
}

// openNetworks makes the networks of the configuration, and opens their sources of
// headers.
func (n *Node) openNetworks() error {
	n.networks = map[string]content.Network{}
	if n.cfg.Listen.UDP == off {
		return nil
	}
	for _, name := range sortedKeys(n.cfg.Overlay.Networks) {
		net, err := n.makeNetwork(name, n.cfg.Overlay.Networks[name])
		if err != nil {
			return errors.Join(err, n.closeNetworks())
		}
		net.Name = name
		n.networks[name] = net
	}
	return nil
}

func (n *Node) makeNetwork(name string, cfg OverlayNetwork) (out content.Network, err error) {
	wire, err := protocolID(cfg.Protocol)
	if err != nil {
		return out, fmt.Errorf("content network %q: %w", name, err)
	}
	switch cfg.Kind {
	case kindBlob:
		out = blob.Network()
	case kindGeneric:
		out = generic.New("", wire, nil)
	case kindHistory:
		out = history.Network(nil)
		if cfg.Headers != "" {
			source, err := headers.Open(cfg.Headers)
			if err != nil {
				return out, badHeaders(name, cfg.Headers, err)
			}
			n.sources = append(n.sources, source)
			out = history.Network(source)
		}
	default:
		return out, fmt.Errorf("content network %q: unknown kind %q", name, cfg.Kind)
	}
	out.Protocol = wire
	return out, nil
}

// badHeaders is of a source of headers that does not open. A URL may hold a secret and is
// not repeated.
func badHeaders(name, where string, err error) error {
	if strings.Contains(where, "://") {
		where = ""
	}
	return &ConfigError{[]FieldError{{Field: fmt.Sprintf("overlay.network.%q.headers", name), Value: where,
		Allowed: fmt.Sprintf("an http or https URL, a file of RLP, or era1 files: %v", err)}}}
}

// closeNetworks closes sources of headers.
func (n *Node) closeNetworks() error {
	var errs []error
	for _, s := range n.sources {
		errs = append(errs, s.Close())
	}
	n.sources = nil
	return errors.Join(errs...)
}
