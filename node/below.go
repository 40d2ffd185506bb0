package node

import (
	"errors"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/envelope"
	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/pex"
)

// What the strands ask of the floor below, tied to the strand that does it.

// lane sends the messages of one coded protocol.
type lane struct {
	n  *Node
	ln link.Lane
}

func (l lane) Send(to id.ID, code uint64, body []byte) {
	// A full queue or a lost lane shows as silence, which every protocol that
	// uses a lane has to bear anyway.
	_ = l.n.peers.Send(l.n.now, to, l.ln, code, body, false)
}

// tellingLane is a lane whose protocol wants to know what could not be queued.
type tellingLane struct{ lane }

func (l tellingLane) Send(to id.ID, code uint64, body []byte) error {
	return l.n.peers.Send(l.n.now, to, l.ln, code, body, false)
}

func (l lane) Drop(to id.ID, why error) {
	l.n.blame(to, why)
	l.n.drop(to, reasonOf(why))
}

// pings is the lane of pulse, which looks at the traffic of all lanes.
type pings struct{ lane }

func (l pings) Traffic(with id.ID) (in, out uint64) {
	if p, ok := l.n.peers.ByID(with); ok {
		return p.Traffic()
	}
	return 0, 0
}

// classes are the router's classes as the queues know them.
var classes = [...]peer.Class{gossipsub.Control: peer.Urgent, gossipsub.Own: peer.Ordinary, gossipsub.Forwarded: peer.Spare}

// frames sends the router's frames.
type frames struct{ n *Node }

func (f frames) Send(to id.ID, fr gossipsub.Frame) bool {
	return f.n.peers.Queue(f.n.now, to, laneGossip, peer.Message{
		Data: fr.Data, Class: classes[fr.Class], Tag: fr.Tag, Until: fr.Until,
	}) == nil
}

func (f frames) Cancel(to id.ID, tag uint64) bool { return f.n.peers.Cancel(to, laneGossip, tag) }

func (f frames) Drop(to id.ID, why error) { f.n.drop(to, reasonOf(why)) }

// drop ends a link for another reason than the session manager's, which hears of it so
// that nobody is given a link that is about to end.
func (n *Node) drop(who id.ID, why link.Reason) {
	n.session.Leaving(who)
	n.peers.Drop(n.now, who, why)
}

// remoteOf is what the router wants to know of a peer.
func (n *Node) remoteOf(p *peer.Peer, stream string) gossipsub.Remote {
	info := p.Info()
	r := gossipsub.Remote{PeerID: info.PeerID, Stream: stream, Outbound: p.Outbound(), Envelope: n.tellable(info.Envelope)}
	if !info.Via {
		r.IP = info.Addr.IP()
	}
	return r
}

// tellable is a peer's own record if others may be told of it: nil when we keep to some
// networks and it names an address that is not known to be in one.
func (n *Node) tellable(raw []byte) []byte {
	r := n.cfg.Restrict
	if len(r) == 0 || len(raw) == 0 {
		return raw
	}
	said, err := envelope.Says(raw)
	if err != nil || slices.ContainsFunc(said.Addrs, func(a link.Addr) bool { return a.Kind() != link.Mem && !r.Allows(a.IP()) }) {
		return nil
	}
	return raw
}

// dialer carries out the session manager's decisions.
type dialer struct{ n *Node }

func (d dialer) Dial(t id.Ticket, to link.Addr) {
	d.n.out.Dials = append(d.n.out.Dials, Dial{t, to})
}

func (d dialer) GiveUp(t id.Ticket) { d.n.out.GiveUps = append(d.n.out.GiveUps, t) }

func (d dialer) Drop(who id.ID, why link.Reason) { d.n.peers.Drop(d.n.now, who, why) }

// finder asks connected peers for hosts.
type finder struct{ n *Node }

func (f finder) Find(now time.Time, t id.Ticket) {
	asked := 0
	for _, p := range f.n.peers.All() {
		if _, open := p.Lane(lanePex); open && asked < findPeersMax {
			f.n.pex.Ask(now, t, p.ID(), pex.DefaultAsk)
			asked++
		}
	}
}

func (f finder) FindFrom(now time.Time, t id.Ticket, who id.ID) {
	f.n.pex.Ask(now, t, who, pex.DefaultAsk)
}

// findPeersMax bounds how many peers one question for hosts goes to.
const findPeersMax = 8

// rooms publishes chat's lines.
type rooms struct{ n *Node }

func (r rooms) Publish(now time.Time, t id.Ticket, topic string, data []byte) {
	r.n.routed = append(r.n.routed, r.n.gossip.Publish(now, t, topic, data))
}

func (r rooms) Follow(now time.Time, topic string) {
	if err := r.n.follow(now, topic, follower{chat: true}); err != nil {
		panic("node: chat made a topic the router refuses: " + err.Error())
	}
}

func (r rooms) Unfollow(now time.Time, topic string) { r.n.unfollow(now, topic, follower{chat: true}) }

// reasonOf says how a link ends for an error of a strand.
func reasonOf(err error) link.Reason {
	var r link.Reason
	if errors.As(err, &r) {
		return r
	}
	return link.Subprotocol
}

// follow joins a topic for one more follower.
func (n *Node) follow(now time.Time, topic string, f follower) error {
	had, _ := n.follows.Get(topic)
	next := follower{chat: had.chat || f.chat, app: had.app || f.app}
	if had == (follower{}) {
		if err := n.gossip.Join(now, topic, n.topic(topic)); err != nil {
			return err
		}
	}
	n.follows.Put(topic, next)
	return nil
}

// unfollow leaves a topic when its last follower goes.
func (n *Node) unfollow(now time.Time, topic string, f follower) {
	had, ok := n.follows.Get(topic)
	if !ok {
		return
	}
	rest := follower{chat: had.chat && !f.chat, app: had.app && !f.app}
	if rest == (follower{}) {
		n.follows.Delete(topic)
		n.gossip.Leave(now, topic)
		return
	}
	n.follows.Put(topic, rest)
}

// topic is how a topic is configured: a room's by chat's rules, others by the
// user's.
func (n *Node) topic(name string) gossipsub.TopicConfig {
	if chat.IsTopic(name) {
		return roomTopic
	}
	if n.cfg.Gossip.Topics != nil {
		return n.cfg.Gossip.Topics(name)
	}
	return gossipsub.TopicConfig{}
}

// roomTopic: lines are signed by their authors inside, so that the router's own
// signature would only say who carried them.
var (
	unsigned  = gossipsub.StrictNoSign
	roomTopic = gossipsub.TopicConfig{Sign: &unsigned, Rule: "chat", Validate: func(m gossipsub.Message) gossipsub.Verdict {
		if chat.Check(m.Topic, m.Data) {
			return gossipsub.Accept
		}
		return gossipsub.Reject
	}}
)
