package gossipsub

import (
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Router is one node's GossipSub machine.
type Router struct {
	cfg Config
	rng *rand.Rand
	out Sender
}

// TopicInfo describes a topic for people.
type TopicInfo struct {
	Topic               string
	Joined              bool
	Peers, Mesh, Fanout int
}

// New makes a router.
func New(cfg Config, rng *rand.Rand, s Sender) (*Router, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	return &Router{cfg: cfg, rng: rng, out: s}, nil
}

func (r *Router) Up(now time.Time, p id.ID, peerID id.PeerID, stream string, outbound bool) News {
	return News{}
}
func (r *Router) Shut(now time.Time, p id.ID)                                        {}
func (r *Router) Began(now time.Time, p id.ID)                                       {}
func (r *Router) Ended(now time.Time, p id.ID)                                       {}
func (r *Router) Down(now time.Time, p id.ID)                                        {}
func (r *Router) Recv(now time.Time, p id.ID, frame []byte) (News, error)            { return News{}, nil }
func (r *Router) Join(now time.Time, topic string, tc TopicConfig) error             { return nil }
func (r *Router) Leave(now time.Time, topic string)                                  {}
func (r *Router) Publish(now time.Time, t id.Ticket, topic string, data []byte) News { return News{} }
func (r *Router) Done(now time.Time, t id.Ticket, result any) News                   { return News{} }
func (r *Router) Advance(now time.Time) News                                         { return News{} }
func (r *Router) Deadline() time.Time                                                { return time.Time{} }
func (r *Router) Topics() []TopicInfo                                                { return nil }
func (r *Router) Mesh(topic string) []id.ID                                          { return nil }
func (r *Router) Peers(topic string) []id.ID                                         { return nil }
