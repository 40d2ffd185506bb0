package node

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal"
	portalwire "github.com/ropewalk/ropewalk/portal/wire"
	"github.com/ropewalk/ropewalk/utp"
)

// protoUTP is the TALK protocol of streams (Portal, "uTP over discv5").
const protoUTP = "utp"

// Errors of what a node was not made with.
var (
	ErrNoDiscovery = errors.New("node: no discv5")
	ErrNoOverlay   = errors.New("node: not a content network of this node")
)

// newOverlays makes streams and the networks of content over discv5.
func (n *Node) newOverlays(now time.Time) error {
	n.streams = utp.New(n.cfg.Streams, n.fork(), streamPackets{n})
	if err := n.discovery.Hear(protoUTP); err != nil {
		return err
	}
	for _, cfg := range n.cfg.Overlays {
		if err := n.newOverlay(now, cfg); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) newOverlay(now time.Time, cfg portal.Config) error {
	if err := n.discovery.Register(cfg.Network.Protocol); err != nil {
		return fmt.Errorf("content network %q: %w", cfg.Network.Name, err)
	}
	cfg.Self, cfg.Record, cfg.Localnet, cfg.Trace = n.self, n.signed, n.cfg.Localnet, n.cfg.Trace
	cfg.Bootnodes = append(cfg.Bootnodes, n.cfg.Discovery.Bootnodes...)
	n.overlays = append(n.overlays, portal.New(now, cfg, n.fork(), talks{n}, streams{n}, store{n}))
	return nil
}

// AddOverlay adds a network of content, before Start.
func (n *Node) AddOverlay(now time.Time, cfg portal.Config) error {
	if n.discovery == nil {
		return ErrNoDiscovery
	}
	n.begin(now)
	err := n.newOverlay(now, cfg)
	if err == nil {
		n.cfg.Overlays = append(n.cfg.Overlays[:len(n.cfg.Overlays):len(n.cfg.Overlays)], cfg)
	}
	n.settle()
	return err
}

// portalEntries are the entries of a record that say which Portal versions we speak.
func (n *Node) portalEntries() []enr.Pair {
	if len(n.cfg.Overlays) == 0 {
		return nil
	}
	return portalwire.Entries(cmp.Or(n.cfg.Overlays[0].Chain, portalwire.Mainnet))
}

func (n *Node) overlayOf(owner id.Owner) *portal.Overlay {
	for _, o := range n.overlays {
		if owner == portal.Owner(o.Network().Name) {
			return o
		}
	}
	return nil
}

// Overlay has a network of content asked something; what it answers comes in
// Out.Contents, with a ticket of the world's.
func (n *Node) Overlay(now time.Time, network string, ask func(*portal.Overlay) portal.News) error {
	for _, o := range n.overlays {
		if o.Network().Name == network {
			n.begin(now)
			n.overlayNews(o, ask(o))
			n.settle()
			return nil
		}
	}
	return fmt.Errorf("%w: %.40q", ErrNoOverlay, network)
}

// Stored: a store has answered an ask of Out.
func (n *Node) Stored(now time.Time, a content.Answer) {
	n.begin(now)
	if o := n.overlayOf(a.Ticket.Owner); o != nil {
		n.overlayNews(o, o.Stored(now, a))
	}
	n.settle()
}

func (n *Node) overlayNews(o *portal.Overlay, news portal.News) {
	n.out.Jobs = append(n.out.Jobs, news.Jobs...)
	for _, a := range news.Answers {
		if a.Ticket.Owner == ownChat {
			n.chatNews(n.chat.Paged(n.now, a.Ticket, a.Value, a.Put.Replicas(), a.Err))
		} else {
			n.out.Contents = append(n.out.Contents, a)
		}
	}
	for _, r := range news.Replies {
		n.discovery.Reply(n.now, r.N, r.Body)
	}
}

func overlayRequest(r discv5.Request) portal.Request {
	return portal.Request{From: r.From, Record: r.Record, At: r.At, Body: r.Body, N: r.N}
}

// talks is discv5 as a network of content sees it.
type talks struct{ n *Node }

func (t talks) Talk(now time.Time, ticket id.Ticket, to *enr.Record, proto string, body []byte) {
	t.n.asked = append(t.n.asked, t.n.discovery.Talk(now, ticket, to, proto, body))
}

// store is the world's store as a network of content sees it.
type store struct{ n *Node }

func (s store) Ask(a content.Ask) { s.n.out.Asks = append(s.n.out.Asks, a) }
