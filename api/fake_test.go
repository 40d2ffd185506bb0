package api

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// fake is a node made of plain values. Every call that would do something is
// noted in did, so that tests can tell that nothing was executed.
type fake struct {
	mu       sync.Mutex
	did      []string
	err      error // what every call returns
	healthy  bool
	sessions []ropewalk.Session
	slots    []ropewalk.Slot
	topics   []ropewalk.TopicInfo
	rooms    []ropewalk.Room
	scores   []ropewalk.PeerScore
	history  []ropewalk.ChatLine
	block    chan struct{} // when set, Connect waits for it or its context
	reach    int
	stopped  int
	registry *prometheus.Registry
	content  fakeContent

	feeds struct {
		messages []*feed[ropewalk.Message]
		events   []*feed[ropewalk.Event]
		lines    []*feed[ropewalk.ChatLine]
	}
}

// feed is a stream like the node's: bounded, dropping what finds no room.
type feed[T any] struct {
	mu     sync.Mutex
	c      chan T
	lagged uint64
	closed bool
	args   []string
}

func newFeed[T any](size int, args ...string) *feed[T] {
	return &feed[T]{c: make(chan T, size), args: args}
}

func (f *feed[T]) C() <-chan T { return f.c }
func (f *feed[T]) Lagged() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lagged
}
func (f *feed[T]) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		close(f.c)
	}
	f.closed = true
}
func (f *feed[T]) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}
func (f *feed[T]) put(v T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	select {
	case f.c <- v:
	default:
		f.lagged++
	}
}

func newFake() *fake {
	return &fake{healthy: true, registry: prometheus.NewRegistry(), reach: 3}
}

func (f *fake) note(format string, v ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, fmt.Sprintf(format, v...))
	return f.err
}

func (f *fake) deeds() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.did)
}

func nodeID(n byte) id.ID { return id.ID{n, 0xfe, 0xed, n, 31: 1} }

func (f *fake) Info() ropewalk.Info {
	f.note("info")
	return ropewalk.Info{ID: nodeID(0xa1), PeerID: "16Uiu2", Network: "testnet", Version: "0.1.0", Profile: "desktop", Uptime: 4021}
}

func (f *fake) Health() ropewalk.Health {
	return ropewalk.Health{OK: f.healthy, Checks: []ropewalk.Check{{Name: "peers", OK: f.healthy, Detail: "4 connected"}}}
}
func (f *fake) Registry() *prometheus.Registry { return f.registry }
func (f *fake) RequestStop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped++
}

func (f *fake) Sessions(context.Context) ([]ropewalk.Session, error) {
	err := f.note("sessions")
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.sessions), err
}

func (f *fake) Scopes(context.Context) ([]ropewalk.Scope, error) {
	return nil, f.note("scopes")
}

func (f *fake) Slots(context.Context) ([]ropewalk.Slot, error) {
	err := f.note("slots")
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.slots), err
}

func (f *fake) Hosts(_ context.Context, colour string, offset, limit int) (ropewalk.HostsPage, error) {
	return ropewalk.HostsPage{Total: 62, Counts: map[string]int{"grey": 41, "white": 17, "gold": 4}}, f.note("hosts %q %d %d", colour, offset, limit)
}

func (f *fake) ImportHosts(_ context.Context, text string) (ropewalk.HostsImport, error) {
	return ropewalk.HostsImport{Lines: 3, Taken: 1, Skipped: []ropewalk.HostsSkipped{{Why: "names no peer", Lines: 2}}}, f.note("import %q", text)
}

func (f *fake) Connect(ctx context.Context, addr string) (id.ID, error) {
	err := f.note("connect %s", addr)
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return id.ID{}, ctx.Err()
		}
	}
	return nodeID(9), err
}
func (f *fake) Keep(_ context.Context, addr string) (ropewalk.Kept, error) {
	return ropewalk.Kept{ID: nodeID(9), Kept: true, Why: "connection refused"}, f.note("keep %s", addr)
}
func (f *fake) Forget(_ context.Context, who id.ID) error { return f.note("forget %s", who) }
func (f *fake) Trust(_ context.Context, t string) error   { return f.note("trust %s", t) }
func (f *fake) Untrust(_ context.Context, t string) error { return f.note("untrust %s", t) }
func (f *fake) Protect(_ context.Context, t, tag string) error {
	return f.note("protect %s %s", t, tag)
}
func (f *fake) Unprotect(_ context.Context, t, tag string) error {
	return f.note("unprotect %s %s", t, tag)
}
func (f *fake) Disconnect(_ context.Context, who id.ID) error { return f.note("disconnect %s", who) }
func (f *fake) Ban(_ context.Context, t string, d time.Duration) error {
	return f.note("ban %s %s", t, d)
}
func (f *fake) Unban(_ context.Context, t string) error { return f.note("unban %s", t) }
func (f *fake) Seed(context.Context) error              { return f.note("seed") }
func (f *fake) Traffic(context.Context) (ropewalk.Traffic, error) {
	return ropewalk.Traffic{Visitors: ropewalk.Rate{Total: 9, PerMinute: 3}}, f.note("traffic")
}
func (f *fake) Bans(_ context.Context, offset, limit int) (ropewalk.BansPage, error) {
	return ropewalk.BansPage{Total: 1, Bans: []ropewalk.Ban{{Target: "192.0.2.1/32"}}}, f.note("bans %d %d", offset, limit)
}
func (f *fake) SetPlaces(_ context.Context, outbound, inbound int) (ropewalk.Places, error) {
	return ropewalk.Places{Outbound: outbound, Inbound: inbound}, f.note("places %d %d", outbound, inbound)
}

func (f *fake) Publish(_ context.Context, topic string, data []byte, least int) (ropewalk.Published, error) {
	err := f.note("publish %s %d", topic, len(data))
	if f.reach < least {
		err = fmt.Errorf("publish: %w", ropewalk.ErrTooFewPeers)
	}
	return ropewalk.Published{ID: []byte{1, 2, 3}, Peers: f.reach, Mesh: f.reach - 1, Flood: 1}, err
}

func (f *fake) Topics(context.Context) ([]ropewalk.TopicInfo, error) {
	return f.topics, f.note("topics")
}

func (f *fake) Mesh(_ context.Context, topic string) ([]id.ID, error) {
	err := f.note("mesh %s", topic)
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []id.ID
	for i, s := range f.sessions {
		if i%3 != 2 {
			out = append(out, s.ID)
		}
	}
	return out, err
}

func (f *fake) Neighbours(ctx context.Context, topic string) (ropewalk.Neighbours, error) {
	mesh, err := f.Mesh(ctx, topic)
	return ropewalk.Neighbours{Topic: topic, Mesh: mesh}, err
}

func (f *fake) GossipStats(context.Context) (ropewalk.GossipStats, error) {
	return ropewalk.GossipStats{Received: ropewalk.Volume{N: 7, Bytes: 70}}, f.note("stats")
}

func (f *fake) Scores(context.Context) ([]ropewalk.PeerScore, error) {
	return slices.Clone(f.scores), f.note("scores")
}

func (f *fake) SetDirect(_ context.Context, who id.ID, on bool) error {
	return f.note("direct %s %v", who, on)
}
func (f *fake) Direct(context.Context) ([]id.ID, error) { return nil, f.err }
func (f *fake) ChatJoin(_ context.Context, room string, wait time.Duration) error {
	return f.note("join %s %s", room, wait)
}
func (f *fake) ChatLeave(_ context.Context, room string) error { return f.note("leave %s", room) }
func (f *fake) ChatRooms(context.Context) ([]ropewalk.Room, error) {
	return f.rooms, f.note("rooms")
}
func (f *fake) ChatSay(_ context.Context, room, text string) (ropewalk.ChatLine, error) {
	return ropewalk.ChatLine{ID: "l1", Room: room, Text: text, State: "sent", Peers: f.reach, At: time.Now()}, f.note("say %s %s", room, text)
}
func (f *fake) ChatHistory(_ context.Context, room, since string, limit int) ([]ropewalk.ChatLine, string, error) {
	return f.history, "c9", f.note("history %s %q %d", room, since, limit)
}

// The node's own subscriptions are not used: the streams below are.
func (f *fake) Events(context.Context, ...string) *ropewalk.EventSubscription { return nil }
func (f *fake) Subscribe(context.Context, string) (*ropewalk.Subscription, error) {
	return nil, nil
}
func (f *fake) ChatSubscribe(context.Context, string) *ropewalk.ChatSubscription { return nil }

const feedSize = 8

func (f *fake) messages(_ context.Context, topic string) (stream[ropewalk.Message], error) {
	if err := f.note("subscribe %s", topic); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := newFeed[ropewalk.Message](feedSize, topic)
	f.feeds.messages = append(f.feeds.messages, s)
	return s, nil
}

func (f *fake) events(_ context.Context, strands []string) (stream[ropewalk.Event], error) {
	if err := f.note("events %v", strands); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := newFeed[ropewalk.Event](256, strands...)
	f.feeds.events = append(f.feeds.events, s)
	return s, nil
}

func (f *fake) lines(_ context.Context, room string) (stream[ropewalk.ChatLine], error) {
	if err := f.note("lines %s", room); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := newFeed[ropewalk.ChatLine](feedSize, room)
	f.feeds.lines = append(f.feeds.lines, s)
	return s, nil
}

func (f *fake) messageFeed(i int) *feed[ropewalk.Message] {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.feeds.messages[i]
}
