package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
)

// streamProtocol is what every stream of a host in memory speaks.
const streamProtocol protocol.ID = "/meshsub/1.2.0"

// memHost is as much of a host as their router asks for. What it does not ask for
// is nil.
type memHost struct {
	host.Host
	self    peer.ID
	bus     event.Bus
	store   peerstore.Peerstore
	written atomic.Int64 // frames, by all peers

	mu      sync.Mutex
	handler network.StreamHandler
	peers   map[peer.ID]*memPeer
}

// memPeer is a remote: the stream the router reads and the one it writes.
type memPeer struct {
	name    peer.ID
	in, out *memStream
}

func newMemHost(self peer.ID) *memHost {
	store, err := pstoremem.NewPeerstore()
	if err != nil {
		panic(err) // only for a wrong option
	}
	return &memHost{self: self, bus: eventbus.NewBus(), store: store, peers: map[peer.ID]*memPeer{}}
}

// connect adds a remote: the router opens a stream to it and serves one of it.
func (h *memHost) connect(name peer.ID) *memPeer {
	p := &memPeer{name: name, in: newMemStream(h, name), out: newMemStream(h, name)}
	h.mu.Lock()
	h.peers[name] = p
	serve := h.handler
	h.mu.Unlock()
	go serve(p.in)
	emitter, err := h.bus.Emitter(new(event.EvtPeerProtocolsUpdated))
	if err != nil {
		panic(err) // only for a wrong type
	}
	defer emitter.Close()
	_ = emitter.Emit(event.EvtPeerProtocolsUpdated{Peer: name, Added: []protocol.ID{streamProtocol}})
	return p
}

func (h *memHost) ID() peer.ID                      { return h.self }
func (h *memHost) Peerstore() peerstore.Peerstore   { return h.store }
func (h *memHost) Network() network.Network         { return memNetwork{host: h} }
func (h *memHost) ConnManager() connmgr.ConnManager { return connmgr.NullConnMgr{} }
func (h *memHost) EventBus() event.Bus              { return h.bus }

func (h *memHost) SetStreamHandler(_ protocol.ID, f network.StreamHandler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.handler = f
}

func (h *memHost) NewStream(_ context.Context, to peer.ID, _ ...protocol.ID) (network.Stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.peers[to]; p != nil {
		return p.out, nil
	}
	return nil, errors.New("nobody there")
}

// memNetwork knows who is connected.
type memNetwork struct {
	network.Network
	host *memHost
}

func (n memNetwork) Peers() (out []peer.ID) {
	n.host.mu.Lock()
	defer n.host.mu.Unlock()
	for p := range n.host.peers {
		out = append(out, p)
	}
	return out
}

func (n memNetwork) ConnsToPeer(p peer.ID) []network.Conn { return []network.Conn{memConn{remote: p}} }

func (n memNetwork) Connectedness(peer.ID) network.Connectedness { return network.Connected }

// memConn is the connection a stream belongs to.
type memConn struct {
	network.Conn
	remote peer.ID
}

func (c memConn) RemotePeer() peer.ID          { return c.remote }
func (c memConn) GetStreams() []network.Stream { return nil }

func (c memConn) Stat() (s network.ConnStats) {
	s.Direction = network.DirInbound
	return s
}

// memStream gives what it was given to read, and counts what is written.
type memStream struct {
	network.Stream
	host    *memHost
	remote  peer.ID
	written atomic.Int64

	mu   sync.Mutex
	some sync.Cond
	data []byte
}

func newMemStream(h *memHost, remote peer.ID) *memStream {
	s := &memStream{host: h, remote: remote}
	s.some.L = &s.mu
	return s
}

// give makes bytes readable. They are not copied.
func (s *memStream) give(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = append(s.data, b...)
	s.some.Signal()
}

func (s *memStream) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.data) == 0 {
		s.some.Wait()
	}
	n := copy(b, s.data)
	s.data = s.data[n:]
	return n, nil
}

func (s *memStream) Write(b []byte) (int, error) {
	s.written.Add(1)
	s.host.written.Add(1)
	return len(b), nil
}

func (s *memStream) Conn() network.Conn               { return memConn{remote: s.remote} }
func (s *memStream) Protocol() protocol.ID            { return streamProtocol }
func (s *memStream) SetWriteDeadline(time.Time) error { return nil }
func (s *memStream) Close() error                     { return nil }
func (s *memStream) Reset() error                     { return nil }
