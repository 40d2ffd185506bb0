package ropewalk

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/id"
)

type Node struct{}

func New(cfg Config) (*Node, error)                             { return nil, ErrNotBuilt }
func (n *Node) Start(ctx context.Context) error                 { return ErrNotBuilt }
func (n *Node) Close() error                                    { return nil }
func (n *Node) Info() Info                                      { return Info{} }
func (n *Node) SetRPC(url string)                               {}
func (n *Node) Registry() *prometheus.Registry                  { return nil }
func (n *Node) Health() Health                                  { return Health{} }
func (n *Node) Sessions(ctx context.Context) ([]Session, error) { return nil, ErrNotBuilt }
func (n *Node) Slots(ctx context.Context) ([]Slot, error)       { return nil, ErrNotBuilt }
func (n *Node) Hosts(ctx context.Context, colour string, offset, limit int) (HostsPage, error) {
	return HostsPage{}, ErrNotBuilt
}
func (n *Node) Connect(ctx context.Context, addr string) (id.ID, error)       { return id.ID{}, ErrNotBuilt }
func (n *Node) Disconnect(ctx context.Context, peer id.ID) error              { return ErrNotBuilt }
func (n *Node) Ban(ctx context.Context, target string, d time.Duration) error { return ErrNotBuilt }
func (n *Node) Unban(ctx context.Context, target string) error                { return ErrNotBuilt }
func (n *Node) Seed(ctx context.Context) error                                { return ErrNotBuilt }
func (n *Node) Publish(ctx context.Context, topic string, data []byte, minPeers int) (Published, error) {
	return Published{}, ErrNotBuilt
}
func (n *Node) Subscribe(ctx context.Context, topic string) (*Subscription, error) {
	return nil, ErrNotBuilt
}
func (n *Node) Topics(ctx context.Context) ([]TopicInfo, error)                  { return nil, ErrNotBuilt }
func (n *Node) Mesh(ctx context.Context, topic string) ([]id.ID, error)          { return nil, ErrNotBuilt }
func (n *Node) Events(ctx context.Context, strands ...string) *EventSubscription { return nil }
func (n *Node) ChatJoin(ctx context.Context, room string, wait time.Duration) error {
	return ErrNotBuilt
}
func (n *Node) ChatLeave(ctx context.Context, room string) error { return ErrNotBuilt }
func (n *Node) ChatRooms(ctx context.Context) ([]Room, error)    { return nil, ErrNotBuilt }
func (n *Node) ChatSay(ctx context.Context, room, text string) (ChatLine, error) {
	return ChatLine{}, ErrNotBuilt
}
func (n *Node) ChatHistory(ctx context.Context, room, since string, limit int) ([]ChatLine, string, error) {
	return nil, "", ErrNotBuilt
}
func (n *Node) ChatSubscribe(ctx context.Context, room string) *ChatSubscription { return nil }
func (n *Node) RequestStop()                                                     {}
func (n *Node) StopRequested() <-chan struct{}                                   { return nil }

// Subscription delivers the messages of one topic until it is closed.
type Subscription struct{}

func (s *Subscription) Messages() <-chan Message { return nil }
func (s *Subscription) Lagged() uint64           { return 0 } // messages dropped because the reader was slow
func (s *Subscription) Close()                   {}

type EventSubscription struct{}

func (s *EventSubscription) C() <-chan Event { return nil }
func (s *EventSubscription) Lagged() uint64  { return 0 }
func (s *EventSubscription) Close()          {}

type ChatSubscription struct{}

func (s *ChatSubscription) C() <-chan ChatLine { return nil }
func (s *ChatSubscription) Lagged() uint64     { return 0 }
func (s *ChatSubscription) Close()             {}
