package node

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/utp"
)

// Peer is one connected peer as the strands see it together.
type Peer struct {
	Conn      link.Conn
	Info      link.Info
	Session   string
	Protocols []string
	RTT       time.Duration
	Since     time.Time
	Colour    string
	Trusted   bool
	Protected []string // by which tags
	Uses      int      // on demand
	Why       string   // the reason for having the link
	Record    *enr.Record
}

// Peers lists the connected peers.
func (n *Node) Peers() []Peer {
	all, table := n.peers.All(), n.cfg.Protocols()
	out := make([]Peer, 0, len(all))
	for _, p := range all {
		if p.Closing() {
			continue
		}
		v := Peer{Conn: p.Conn(), Info: p.Info(), Session: string(n.session.Kind(p.ID())), RTT: n.rtt(p), Since: p.Since(), Trusted: n.session.Trusted(p.ID()), Protected: n.session.Protections(p.ID())}
		v.Uses, v.Why = n.session.Reason(p.ID())
		for ln := link.Lane(0); int(ln) < n.lanes(); ln++ {
			if stream, open := p.Lane(ln); open {
				if stream == "" { // links that know no streams
					stream = fmt.Sprintf("%s/%d", table[ln].Name, table[ln].Version)
				}
				v.Protocols = append(v.Protocols, stream)
			}
		}
		if h, ok := n.book.Get(p.ID()); ok {
			v.Colour, v.Record = string(h.Colour), h.Record
		}
		out = append(out, v)
	}
	return out
}

// rtt is the round trip to a peer: pulse's, or what the link itself measured.
func (n *Node) rtt(p *peer.Peer) time.Duration {
	if d := n.pulse.RTT(p.ID()); d > 0 {
		return d
	}
	return p.RTT()
}

// PeerCount is how many peers are connected.
func (n *Node) PeerCount() int { return n.peers.Len() }

// Waiting is the bytes that wait in the queues of all peers.
func (n *Node) Waiting() int { return n.peers.Waiting() }

// Session is the session of a link's peer; empty when the link is no peer's.
func (n *Node) Session(c link.Conn) string {
	if p, ok := n.peers.ByConn(c); ok {
		return string(n.session.Kind(p.ID()))
	}
	return ""
}

// Queue is what waits to be written on one lane.
type Queue struct {
	Peer     id.ID
	Session  string
	Protocol string
	Bytes    int
}

// Queues lists the lanes that have something to write.
func (n *Node) Queues() (out []Queue) {
	for _, p := range n.peers.All() {
		for ln := link.Lane(0); int(ln) < n.lanes(); ln++ {
			if bytes := p.QueuedOn(ln); bytes > 0 {
				out = append(out, Queue{p.ID(), string(n.session.Kind(p.ID())), n.peers.ProtocolName(ln), bytes})
			}
		}
	}
	return out
}

// Record is the node's own record in text; empty until it knows its addresses.
func (n *Node) Record() string {
	if n.record == nil {
		return ""
	}
	return n.record.String()
}

// Slots lists what the session manager works on.
func (n *Node) Slots() []session.Slot { return n.session.Slots() }

// Hosts is a page of the book.
func (n *Node) Hosts(colour string, offset, limit int) (int, []hosts.Host) {
	return n.book.Page(hosts.Colour(colour), offset, limit)
}

// HostCounts counts the book by colour.
func (n *Node) HostCounts() hosts.Counts { return n.book.Counts() }

// Bans lists the bans in force.
func (n *Node) Bans(now time.Time) []hosts.Ban { return n.book.Bans(now) }

// Topics states the neighbourhood of our topics.
func (n *Node) Topics() []gossipsub.TopicInfo { return n.gossip.Topics() }

// Mesh lists a topic's mesh.
func (n *Node) Mesh(topic string) []id.ID { return n.gossip.Mesh(topic) }

// Neighbours lists a topic's mesh, its fanout, and all that subscribe it.
func (n *Node) Neighbours(topic string) (mesh, fanout, subscribed []id.ID) {
	return n.gossip.Mesh(topic), n.gossip.Fanout(topic), n.gossip.Peers(topic)
}

// GossipStats reports what the router counted and holds.
func (n *Node) GossipStats() gossipsub.Stats { return n.gossip.Stats() }

// Beats tells how many heartbeats of gossip have begun, and whether the last is still
// under way.
func (n *Node) Beats() (begun uint64, on bool) { return n.gossip.Beats() }

// Scores describes every peer that has a score, connected or remembered.
func (n *Node) Scores() []score.Report { return n.gossip.Scores() }

// Thresholds are the scores at which a peer is treated differently, and whether
// there are scores at all.
func (n *Node) Thresholds() (score.Thresholds, bool) { return n.gossip.Thresholds() }

// Rooms lists the rooms we are in.
func (n *Node) Rooms() []chat.RoomInfo { return n.chat.Rooms() }

// History is a page of a room.
func (n *Node) History(room, since string, limit int) ([]chat.Line, string, error) {
	return n.chat.History(room, since, limit)
}

// Ban shuts a key or an address out and ends the links it has.
func (n *Node) Ban(now time.Time, who id.ID, ip netip.Addr, d time.Duration) error {
	n.begin(now)
	target := hosts.OfIP(ip)
	if !who.IsZero() {
		target = hosts.OfID(who)
	}
	if err := n.book.Ban(now, target, d); err != nil {
		return fmt.Errorf("node: %w", err)
	}
	if !who.IsZero() {
		n.gossip.Ban(now, who, now.Add(d))
	}
	for _, p := range n.peers.All() {
		if n.book.Banned(now, p.ID(), p.Info().Addr) {
			n.drop(p.ID(), link.Requested)
		}
	}
	n.settle()
	return nil
}

// Unban ends a ban and tells whether there was one.
func (n *Node) Unban(now time.Time, who id.ID, ip netip.Addr) bool {
	if !who.IsZero() {
		n.gossip.Unban(now, who)
		return n.book.Unban(now, hosts.OfID(who))
	}
	return n.book.Unban(now, hosts.OfIP(ip))
}

// OverlayStats are the figures of discv5 and what goes over it.
type OverlayStats struct {
	Discovery discv5.Stats
	Streams   utp.Stats
	Networks  []NetworkStats
}

// NetworkStats are the figures of a network of content.
type NetworkStats struct {
	Name string
	portal.Stats
}

// OverlayStats shows these figures; zero without discv5.
func (n *Node) OverlayStats() (s OverlayStats) {
	if n.discovery == nil {
		return s
	}
	s.Discovery, s.Streams = n.discovery.Stats(), n.streams.Stats()
	for _, o := range n.overlays {
		s.Networks = append(s.Networks, NetworkStats{o.Network().Name, o.Stats()})
	}
	return s
}
