package node

import (
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/pex"
	"github.com/ropewalk/ropewalk/session"
)

// source is the network group of who told us of a host: empty when it was the host
// itself, which speaks for nobody else.
func (n *Node) source(h pex.Heard) string {
	p, ok := n.peers.ByID(h.From)
	if !ok || h.Own {
		return ""
	}
	return p.Info().Addr.Group()
}

// network is the network a peer asks from. Who comes by a proxy of this machine, as all
// who come to an onion service do, is of a network of its own.
func (n *Node) network(who id.ID) link.Network {
	p, ok := n.peers.ByID(who)
	switch {
	case !ok:
		return ""
	case p.Info().Addr.IsLoopback():
		return "proxy"
	}
	return p.Info().Addr.Network()
}

// Done: a job of Out is finished. t is its ticket.
func (n *Node) Done(now time.Time, t id.Ticket, result any) {
	n.begin(now)
	switch t.Owner {
	case ownGossip:
		n.gossipNews(n.gossip.Done(now, t, result))
	case ownPex:
		n.pexNews(n.pex.Done(now, t, result))
	case ownChat:
		n.chatNews(n.chat.Done(now, t, result))
	case ownDiscovery:
		n.discoveryNews(n.discovery.Done(now, t, result))
	default:
		if o := n.overlayOf(t.Owner); o != nil {
			n.overlayNews(o, o.Done(now, t, result))
		}
	}
	n.settle()
}

// Saved: a save of Out with a ticket is on disk, or failed.
func (n *Node) Saved(now time.Time, t id.Ticket, err error) {
	n.begin(now)
	if t.Owner == ownChat {
		n.chatNews(n.chat.Saved(now, t, err))
	}
	n.settle()
}

func (n *Node) gossipNews(news gossipsub.News) {
	n.out.Jobs = append(n.out.Jobs, news.Jobs...)
	n.out.Saves = append(n.out.Saves, news.Saves...)
	n.out.Partials = append(n.out.Partials, news.Partials...)
	n.exchanged(news.Exchanged)
	n.missed(news.Missing)
	for _, m := range news.Deliveries {
		if !m.Local {
			n.told(m.Via)
		}
		f, _ := n.follows.Get(m.Topic)
		if f.chat && !m.Local {
			n.chatNews(n.chat.Delivered(n.now, m.Topic, m.Data, m.Via))
		}
		if f.app {
			n.out.Messages = append(n.out.Messages, m)
		}
	}
	for _, p := range news.Published {
		if p.Ticket.Owner == ownChat {
			n.chatNews(n.chat.Published(n.now, p.Ticket, p.Peers, p.Err))
		} else {
			n.out.Published = append(n.out.Published, p)
		}
	}
}

func (n *Node) chatNews(news chat.News) {
	n.out.Jobs = append(n.out.Jobs, news.Jobs...)
	n.out.Saves = append(n.out.Saves, news.Saves...)
	n.out.Lines = append(n.out.Lines, news.Lines...)
	n.out.Answers = append(n.out.Answers, news.Answers...)
}

func (n *Node) pexNews(news pex.News) {
	n.out.Jobs = append(n.out.Jobs, news.Jobs...)
	for _, h := range news.Heard {
		fresh, source := 0, n.source(h)
		for _, r := range h.Records {
			if n.book.Hear(n.now, source, r) == nil {
				fresh++
			}
		}
		if p, ok := n.peers.ByID(h.From); ok && h.Own {
			_ = n.book.Seen(n.now, p.Info()) // now that the book has heard of it
			n.meet(h.Records)
		}
		if h.Done || fresh > 0 {
			n.sessionNews(n.session.Found(n.now, h.Ticket, fresh))
		}
	}
	for _, w := range news.Wants {
		asker := hosts.Asker{Network: n.network(w.From), Hidden: w.Hidden, ID: w.From}
		n.pex.Reply(n.now, w.From, w.Req, records(n.book.Tell(n.now, asker, w.Max)))
	}
}

func (n *Node) sessionNews(news session.News) {
	for _, a := range news.Answers {
		if a.Ticket.Owner == ownGossip {
			n.hold(a)
		} else {
			n.out.Connected = append(n.out.Connected, a)
		}
	}
}

func records(sample []hosts.Host) []*enr.Record {
	out := make([]*enr.Record, 0, len(sample))
	for _, h := range sample {
		if h.Record != nil {
			out = append(out, h.Record)
		}
	}
	return out
}
