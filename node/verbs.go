package node

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// The verbs of the node's user. Those that take a ticket answer in Out.

// Publish sends a message to a topic; the outcome is in Out.Published.
func (n *Node) Publish(now time.Time, t id.Ticket, topic string, data []byte) {
	n.begin(now)
	n.gossipNews(n.gossip.Publish(now, t, topic, data))
	n.settle()
}

// PublishPartial tells peers what we have of a message that travels in parts, and
// sends them what they lack of it. It tells to how many something was sent.
func (n *Node) PublishPartial(now time.Time, topic string, parts gossipsub.Parts) (int, error) {
	n.begin(now)
	sent, err := n.gossip.PublishPartial(now, topic, parts)
	n.settle()
	return sent, err
}

// JudgePartial says what a peer's parts were worth.
func (n *Node) JudgePartial(now time.Time, who id.ID, topic string, useful bool) {
	n.begin(now)
	n.gossip.JudgePartial(now, who, topic, useful)
	n.settle()
}

// Follow joins a topic for the application; its messages come in Out.Messages.
func (n *Node) Follow(now time.Time, topic string) error {
	n.begin(now)
	err := n.follow(now, topic, follower{app: true})
	n.settle()
	return err
}

// Unfollow ends Follow.
func (n *Node) Unfollow(now time.Time, topic string) {
	n.begin(now)
	n.unfollow(now, topic, follower{app: true})
	n.settle()
}

// Connect dials an address on demand; the outcome is in Out.Connected. A link is then
// one use of it more, until Release.
func (n *Node) Connect(now time.Time, t id.Ticket, to link.Addr) error {
	n.begin(now)
	err := n.session.Connect(now, t, to)
	n.settle()
	return err
}

// Abandon forgets a question of Connect that has no answer yet and tells whether there
// was such.
func (n *Node) Abandon(now time.Time, t id.Ticket) bool {
	n.begin(now)
	had := n.session.Abandon(now, t)
	n.settle()
	return had
}

// Release gives back a use of a link that Connect gave: see session.Answer.
func (n *Node) Release(now time.Time, who id.ID, use uint64) {
	n.begin(now)
	n.session.Release(now, who, use)
	n.settle()
}

// Protect keeps a peer's link from giving way to others until Unprotect with the same
// tag.
func (n *Node) Protect(now time.Time, who id.ID, tag string) error {
	n.begin(now)
	return n.session.Protect(now, who, tag)
}

// Unprotect takes that back and tells whether it was so.
func (n *Node) Unprotect(now time.Time, who id.ID, tag string) bool {
	n.begin(now)
	had := n.session.Unprotect(now, who, tag)
	n.settle()
	return had
}

// Value adds to what a connected peer is worth to the application, which fades.
func (n *Node) Value(now time.Time, who id.ID, tag string, by int) error {
	n.begin(now)
	return n.session.Value(now, who, tag, by)
}

// Seed asks the seeds for hosts now.
func (n *Node) Seed(now time.Time) error {
	n.begin(now)
	err := n.session.Contact(now)
	n.settle()
	return err
}

// Disconnect ends the link to a peer and tells whether there was one.
func (n *Node) Disconnect(now time.Time, who id.ID) bool {
	n.begin(now)
	_, ok := n.peers.ByID(who)
	n.drop(who, link.Requested)
	n.settle()
	return ok
}

// Keep makes a host one that is dialled for ever.
func (n *Node) Keep(now time.Time, to link.Addr) error {
	n.begin(now)
	err := n.session.AddPeer(now, to)
	n.settle()
	return err
}

// Forget ends that and tells whether it was so.
func (n *Node) Forget(now time.Time, who id.ID) bool {
	n.begin(now)
	had := n.session.Forget(now, who)
	n.settle()
	return had
}

// Trust puts a peer above the limits on links.
func (n *Node) Trust(now time.Time, who id.ID) error {
	n.begin(now)
	return n.session.Trust(now, who)
}

// Untrust takes that back and tells whether it was so.
func (n *Node) Untrust(now time.Time, who id.ID) bool {
	n.begin(now)
	return n.session.Untrust(now, who)
}

// SetPlaces changes the number of outbound slots and the cap on inbound links, where
// they are not negative, and returns both.
func (n *Node) SetPlaces(now time.Time, outbound, inbound int) (out, in int) {
	n.begin(now)
	if outbound >= 0 {
		n.session.SetOutbound(now, outbound)
	}
	if inbound >= 0 {
		n.session.SetInbound(now, inbound)
	}
	n.settle()
	return n.session.Limits()
}

// Join enters a chat room; the answer comes when history has arrived, or after
// wait.
func (n *Node) Join(now time.Time, t id.Ticket, room string, wait time.Duration) {
	n.begin(now)
	n.chatNews(n.chat.Join(now, t, room, wait))
	n.settle()
}

// Leave leaves a chat room; the answer comes when that is on disk.
func (n *Node) Leave(now time.Time, t id.Ticket, room string) {
	n.begin(now)
	n.chatNews(n.chat.Leave(now, t, room))
	n.settle()
}

// Say speaks in a room we are in; the answer comes when the line is on disk.
func (n *Node) Say(now time.Time, t id.Ticket, room, text string) {
	n.begin(now)
	n.chatNews(n.chat.Say(now, t, room, text))
	n.settle()
}
