package interop

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// theirs is a go-libp2p host with a go-libp2p-pubsub router.
type theirs struct {
	label  string
	host   host.Host
	ps     *pubsub.PubSub
	topic  *pubsub.Topic
	sub    *pubsub.Subscription
	tracer *tracer
	mail   *mailbox
}

// hostOptions says how a host differs from the usual one.
type hostOptions struct {
	key     crypto.PrivKey  // nil: a fresh Ed25519 key
	sign    string          // none, or strict
	idle    bool            // does not follow the topic yet
	flood   bool            // a FloodSub router
	bare    bool            // no router yet: the test calls route
	options []pubsub.Option // further ones
	params  *pubsub.GossipSubParams
}

// hostParams are their defaults with our tests' heartbeat.
func hostParams() *pubsub.GossipSubParams {
	p := pubsub.DefaultGossipSubParams()
	p.HeartbeatInterval = heartbeat
	p.HistoryLength, p.HistoryGossip = historyLength, historyGossip
	return &p
}

// gossipOnly are the parameters of a host that has no mesh: it takes part by
// IHAVE and IWANT alone.
func gossipOnly() *pubsub.GossipSubParams {
	p := hostParams()
	p.D, p.Dlo, p.Dhi, p.Dout, p.Dscore = 0, 0, 0, 0, 0
	return p
}

// startHost starts a host that follows the topic.
func startHost(t *testing.T, label, topic string, o hostOptions) *theirs {
	t.Helper()
	if o.key == nil {
		o.key = newKey(t, crypto.Ed25519)
	}
	h, err := libp2p.New(
		libp2p.Identity(o.key),
		libp2p.Transport(tcp.NewTCPTransport), libp2p.Transport(quic.NewTransport),
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"),
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.DisableRelay(), libp2p.DisableMetrics(),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	x := &theirs{label: label, host: h, tracer: newTracer(), mail: newMailbox()}
	if !o.bare {
		x.route(t, topic, o)
	}
	if !o.idle {
		x.follow(t)
	}
	return x
}

// route starts the router and joins the topic as a publisher.
func (x *theirs) route(t *testing.T, topic string, o hostOptions) {
	t.Helper()
	opts := []pubsub.Option{
		pubsub.WithRawTracer(x.tracer), pubsub.WithPeerOutboundQueueSize(1024), pubsub.WithValidateQueueSize(1024),
		pubsub.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
	}
	if o.sign == "none" {
		opts = append(opts, pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(), pubsub.WithMessageIdFn(contentID))
	}
	opts = append(opts, o.options...)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	var err error
	if o.flood {
		x.ps, err = pubsub.NewFloodSub(ctx, x.host, opts...)
	} else {
		if o.params == nil {
			o.params = hostParams()
		}
		x.ps, err = pubsub.NewGossipSub(ctx, x.host, append(opts, pubsub.WithGossipSubParams(*o.params))...)
	}
	if err != nil {
		t.Fatal(err)
	}
	if x.topic, err = x.ps.Join(topic); err != nil {
		t.Fatal(err)
	}
	x.named(t)
}

// named waits until the host tells others what its router speaks. Its identify hears of new
// protocols by an event; whoever dials before that finds a host that speaks none of ours.
func (x *theirs) named(t *testing.T) {
	t.Helper()
	h, err := libp2p.New(libp2p.NoListenAddrs, libp2p.Transport(tcp.NewTCPTransport), libp2p.DisableRelay(), libp2p.DisableMetrics())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Connect(rig.Within(t), peer.AddrInfo{ID: x.host.ID(), Addrs: x.host.Addrs()}); err != nil {
		t.Fatal(err)
	}
	rig.Until(t, x.label+" names its protocols", func() string {
		all := x.host.Mux().Protocols()
		if named, _ := h.Peerstore().SupportsProtocols(x.host.ID(), all...); len(named) < len(all) {
			return fmt.Sprintf("%d of %d are named", len(named), len(all))
		}
		return ""
	})
	h.Close()
	rig.Until(t, x.label+" is left alone again", func() string {
		if x.host.Network().Connectedness(h.ID()) == network.Connected {
			return "still connected"
		}
		return ""
	})
}

// contentID is our message ID of unsigned topics.
func contentID(m *pb.Message) string {
	sum := sha256.Sum256(m.GetData())
	return string(sum[:])
}

func newKey(t *testing.T, kind int) crypto.PrivKey {
	t.Helper()
	k, _, err := crypto.GenerateKeyPairWithReader(kind, 2048, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// follow subscribes and collects what comes until leave, or the host's end.
func (x *theirs) follow(t *testing.T) {
	t.Helper()
	sub, err := x.topic.Subscribe(pubsub.WithBufferSize(4096))
	if err != nil {
		t.Fatal(err)
	}
	x.sub = sub
	go func() {
		for {
			m, err := sub.Next(context.Background())
			if err != nil {
				return
			}
			x.mail.add(id.PeerID(m.GetFrom()), string(m.GetData()))
		}
	}()
}

func (x *theirs) leave() { x.sub.Cancel() }

func (x *theirs) name() string    { return x.label }
func (x *theirs) peer() id.PeerID { return id.PeerID(x.host.ID()) }
func (x *theirs) inbox() *mailbox { return x.mail }
func (x *theirs) topicPeers() int { return len(x.topic.ListPeers()) }
func (x *theirs) mesh() []id.ID   { return x.tracer.mesh(x.topic.String()) }

func (x *theirs) addr(transport string) string {
	for _, a := range x.host.Addrs() {
		if strings.Contains(a.String(), "/"+transport) {
			return a.String() + "/p2p/" + x.host.ID().String()
		}
	}
	return "no " + transport + " address of " + x.label
}

func (x *theirs) dial(t *testing.T, addr string) {
	t.Helper()
	info, err := peer.AddrInfoFromString(addr)
	if err == nil {
		err = x.host.Connect(rig.Within(t), *info)
	}
	if err != nil {
		t.Fatalf("%s dials %s: %v", x.label, addr, err)
	}
}

func (x *theirs) publish(t *testing.T, data string) {
	t.Helper()
	if err := x.topic.Publish(rig.Within(t), []byte(data)); err != nil {
		t.Fatalf("%s publishes: %v", x.label, err)
	}
}
