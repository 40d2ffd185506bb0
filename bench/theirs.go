package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

// theirs is a go-libp2p host with a go-libp2p-pubsub router.
type theirs struct {
	host   host.Host
	ps     *pubsub.PubSub
	topic  *pubsub.Topic
	tracer *countingTracer
}

// queueRoom is how long their queues are where nothing may be lost.
const queueRoom = 1 << 16

// theirHost is a host with what ours has: TCP, Noise, yamux and a secp256k1 key.
// With ed25519 the key is their default kind.
func theirHost(seed uint64, i int, byEd25519 bool) (host.Host, error) {
	key, err := crypto.UnmarshalSecp256k1PrivateKey(keyBytes(seed, i))
	if byEd25519 {
		key, err = crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(keyBytes(seed, i)))
	}
	if err != nil {
		return nil, err
	}
	return libp2p.New(
		libp2p.Identity(key), libp2p.Transport(tcp.NewTCPTransport), libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ResourceManager(&network.NullResourceManager{}), libp2p.DisableRelay(), libp2p.DisableMetrics(),
	)
}

func newTheirs(seed uint64, i int, l load) (*theirs, error) {
	h, err := theirHost(seed, i, l.ed25519)
	if err != nil {
		return nil, err
	}
	t := &theirs{host: h, tracer: &countingTracer{}}
	opts := theirOptions(l.signed)
	if l.counting {
		opts = append(opts, pubsub.WithRawTracer(t.tracer))
	}
	if !l.plain {
		opts = append(opts, pubsub.WithPeerOutboundQueueSize(queueRoom), pubsub.WithValidateQueueSize(queueRoom))
	}
	if t.ps, err = pubsub.NewGossipSub(context.Background(), h, opts...); err != nil {
		return nil, err
	}
	t.topic, err = t.ps.Join(topicName)
	return t, err
}

// theirOptions are what both of their hosts, real and in memory, are made with.
func theirOptions(signed bool) []pubsub.Option {
	opts := []pubsub.Option{pubsub.WithLogger(slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError})))}
	if !signed {
		opts = append(opts, pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(), pubsub.WithMessageIdFn(contentID))
	}
	return opts
}

// contentID is our message ID of unsigned topics.
func contentID(m *pb.Message) string {
	sum := sha256.Sum256(m.GetData())
	return string(sum[:])
}

func (t *theirs) addr() string {
	addrs, err := peer.AddrInfoToP2pAddrs(host.InfoFromHost(t.host))
	if err != nil || len(addrs) == 0 {
		return ""
	}
	return addrs[0].String()
}

func (t *theirs) dial(ctx context.Context, addr string) error {
	info, err := peer.AddrInfoFromString(addr)
	if err != nil {
		return err
	}
	return t.host.Connect(ctx, *info)
}

func (t *theirs) join(_ context.Context, got func([]byte)) error {
	sub, err := t.topic.Subscribe(pubsub.WithBufferSize(1024))
	if err != nil {
		return err
	}
	go func() {
		for {
			m, err := sub.Next(context.Background())
			if errors.Is(err, pubsub.ErrSubscriptionCancelled) {
				return
			}
			got(m.GetData())
		}
	}()
	return nil
}

func (t *theirs) publish(ctx context.Context, data []byte) error { return t.topic.Publish(ctx, data) }

func (t *theirs) topicPeers() int { return len(t.topic.ListPeers()) }

func (t *theirs) counted() counted {
	return counted{
		duplicates: float64(t.tracer.duplicates.Load()), throttled: float64(t.tracer.throttled.Load()),
		mesh: float64(t.tracer.mesh.Load()),
	}
}

// countingTracer counts two of a router's decisions.
type countingTracer struct{ duplicates, throttled, mesh atomic.Int64 }

func (c *countingTracer) DuplicateMessage(*pubsub.Message) { c.duplicates.Add(1) }

func (c *countingTracer) RejectMessage(_ *pubsub.Message, why string) {
	if why == pubsub.RejectValidationQueueFull || why == pubsub.RejectValidationThrottled {
		c.throttled.Add(1)
	}
}

func (c *countingTracer) OnNewOutboundStream(peer.ID, protocol.ID) {}
func (c *countingTracer) OnClosedOutboundStream(peer.ID)           {}
func (c *countingTracer) Join(string)                              {}
func (c *countingTracer) Leave(string)                             {}
func (c *countingTracer) Graft(peer.ID, string)                    { c.mesh.Add(1) }
func (c *countingTracer) Prune(peer.ID, string)                    { c.mesh.Add(-1) }
func (c *countingTracer) ValidateMessage(*pubsub.Message)          {}
func (c *countingTracer) DeliverMessage(*pubsub.Message)           {}
func (c *countingTracer) ThrottlePeer(peer.ID)                     {}
func (c *countingTracer) RecvRPC(*pubsub.RPC)                      {}
func (c *countingTracer) SendRPC(*pubsub.RPC, peer.ID)             {}
func (c *countingTracer) DropRPC(*pubsub.RPC, peer.ID)             {}
func (c *countingTracer) UndeliverableMessage(*pubsub.Message)     {}
