package api

import (
	"context"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// Node is what the API asks of a node. *ropewalk.Node has it.
type Node interface {
	Info() ropewalk.Info
	Health() ropewalk.Health
	Registry() *prometheus.Registry
	RequestStop()
	Events(ctx context.Context, strands ...string) *ropewalk.EventSubscription

	Sessions(ctx context.Context) ([]ropewalk.Session, error)
	ImportHosts(ctx context.Context, text string) (ropewalk.HostsImport, error)
	Slots(ctx context.Context) ([]ropewalk.Slot, error)
	Scopes(ctx context.Context) ([]ropewalk.Scope, error)
	Hosts(ctx context.Context, colour string, offset, limit int) (ropewalk.HostsPage, error)
	Connect(ctx context.Context, addr string) (id.ID, error)
	Keep(ctx context.Context, addr string) (ropewalk.Kept, error)
	Disconnect(ctx context.Context, peer id.ID) error
	Forget(ctx context.Context, peer id.ID) error
	Trust(ctx context.Context, target string) error
	Untrust(ctx context.Context, target string) error
	Protect(ctx context.Context, target, tag string) error
	Unprotect(ctx context.Context, target, tag string) error
	Ban(ctx context.Context, target string, d time.Duration) error
	Unban(ctx context.Context, target string) error
	Seed(ctx context.Context) error
	Traffic(ctx context.Context) (ropewalk.Traffic, error)
	Bans(ctx context.Context, offset, limit int) (ropewalk.BansPage, error)
	SetPlaces(ctx context.Context, outbound, inbound int) (ropewalk.Places, error)

	Publish(ctx context.Context, topic string, data []byte, minPeers int) (ropewalk.Published, error)
	Subscribe(ctx context.Context, topic string) (*ropewalk.Subscription, error)
	Topics(ctx context.Context) ([]ropewalk.TopicInfo, error)
	Mesh(ctx context.Context, topic string) ([]id.ID, error)
	Neighbours(ctx context.Context, topic string) (ropewalk.Neighbours, error)
	GossipStats(ctx context.Context) (ropewalk.GossipStats, error)
	Scores(ctx context.Context) ([]ropewalk.PeerScore, error)
	SetDirect(ctx context.Context, peer id.ID, on bool) error
	Direct(ctx context.Context) ([]id.ID, error)

	ChatJoin(ctx context.Context, room string, wait time.Duration) error
	ChatLeave(ctx context.Context, room string) error
	ChatRooms(ctx context.Context) ([]ropewalk.Room, error)
	ChatSay(ctx context.Context, room, text string) (ropewalk.ChatLine, error)
	ChatHistory(ctx context.Context, room, since string, limit int) ([]ropewalk.ChatLine, string, error)
	ChatSubscribe(ctx context.Context, room string) *ropewalk.ChatSubscription

	PutReader(ctx context.Context, r io.Reader, o ropewalk.PutOptions) (ropewalk.PutResult, error)
	Fetch(ctx context.Context, which ropewalk.ContentID, o ropewalk.GetOptions) (*ropewalk.Fetch, error)
	GetChunk(ctx context.Context, which ropewalk.ContentID, o ropewalk.GetOptions) ([]byte, error)
	ContentList(ctx context.Context, network string, after ropewalk.ContentID, limit int) (ropewalk.ContentPage, error)
	ContentStat(ctx context.Context) ([]ropewalk.ContentNetwork, error)
	ContentDrop(ctx context.Context, which ropewalk.ContentID, network string) error
	Network(name string) (*ropewalk.Overlay, error)
	Discovery() *ropewalk.Discovery
}

var _ Node = (*ropewalk.Node)(nil)

// stream is a subscription's reading end: bounded by its maker, which drops and
// counts when the reader is slow. The channel closes when the node does.
type stream[T any] interface {
	C() <-chan T
	Lagged() uint64
	Close()
}

// streams are a node's subscriptions behind interfaces, so that tests can feed
// them: the ones of package ropewalk can be made by a node only.
type streams interface {
	messages(ctx context.Context, topic string) (stream[ropewalk.Message], error)
	events(ctx context.Context, strands []string) (stream[ropewalk.Event], error)
	lines(ctx context.Context, room string) (stream[ropewalk.ChatLine], error)
}

// nodeStreams are the streams of a real node.
type nodeStreams struct{ n Node }

func (s nodeStreams) messages(ctx context.Context, topic string) (stream[ropewalk.Message], error) {
	sub, err := s.n.Subscribe(ctx, topic)
	if err != nil {
		return nil, err
	}
	return messageStream{sub}, nil
}

// A nil subscription means that the node has all the listeners it takes.
func (s nodeStreams) events(ctx context.Context, strands []string) (stream[ropewalk.Event], error) {
	if sub := s.n.Events(ctx, strands...); sub != nil {
		return sub, nil
	}
	return nil, ropewalk.ErrBusy
}

func (s nodeStreams) lines(ctx context.Context, room string) (stream[ropewalk.ChatLine], error) {
	if sub := s.n.ChatSubscribe(ctx, room); sub != nil {
		return sub, nil
	}
	return nil, ropewalk.ErrBusy
}

// messageStream gives a topic's subscription the name the others have.
type messageStream struct{ *ropewalk.Subscription }

func (s messageStream) C() <-chan ropewalk.Message { return s.Messages() }
