package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
)

// theirRouter is their router on a host in memory.
type theirRouter struct {
	host   *memHost
	params pubsub.GossipSubParams
	ps     *pubsub.PubSub
	topics []*pubsub.Topic
	peers  []*memPeer
}

func newTheirRouter(set setting) (*theirRouter, error) {
	t := &theirRouter{host: newMemHost(peer.ID(peerName(1 << 30))), params: pubsub.DefaultGossipSubParams()}
	t.params.Dhi = meshRoom
	if set.history > 0 {
		t.params.HistoryLength, t.params.HistoryGossip = set.history, set.history
	}
	if set.still {
		t.params.HeartbeatInterval = time.Hour
	}
	opts := append(theirOptions(false), pubsub.WithPeerOutboundQueueSize(queueRoom), pubsub.WithGossipSubParams(t.params))
	var err error
	if t.ps, err = pubsub.NewGossipSub(context.Background(), t.host, opts...); err != nil {
		return nil, err
	}
	for _, name := range set.topics {
		topic, err := t.ps.Join(name)
		if err != nil {
			return nil, err
		}
		if _, err := topic.Subscribe(pubsub.WithBufferSize(1)); err != nil { // nobody reads: deliveries cost them nothing
			return nil, err
		}
		t.topics = append(t.topics, topic)
	}
	return t, nil
}

func (t *theirRouter) up(peers, mesh int, topics []string) error {
	for i := range peers {
		t.peers = append(t.peers, t.host.connect(peer.ID(peerName(i))))
	}
	for i, p := range t.peers {
		p.in.give(framed(hello(topics, i < mesh)))
	}
	for end := time.Now().Add(giveUp); ; time.Sleep(20 * time.Millisecond) {
		known, opened := 0, 0
		for _, topic := range t.topics {
			known += len(topic.ListPeers())
		}
		for _, p := range t.peers {
			if p.out.written.Load() > 0 {
				opened++
			}
		}
		if known == peers*len(topics) && opened == peers {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d of %d subscriptions known, %d peers greeted", known, peers*len(topics), opened)
		}
	}
	time.Sleep(300 * time.Millisecond) // the first heartbeat has been
	return nil
}

// framed puts the length before a frame.
func framed(frame []byte) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(frame))), frame...)
}

func (t *theirRouter) feed(from int, frames [][]byte, sent int) error {
	before := t.host.written.Load()
	var all bytes.Buffer
	for _, f := range frames {
		all.Write(framed(f))
	}
	t.peers[from].in.give(all.Bytes())
	for end := time.Now().Add(giveUp); t.host.written.Load()-before < int64(sent); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%d frames sent, want %d", t.host.written.Load()-before, sent)
		}
	}
	return nil
}

// beat waits for the heartbeat interval: nothing else happens in it.
func (t *theirRouter) beat() (took, step time.Duration) {
	start := processCPU()
	time.Sleep(t.params.HeartbeatInterval)
	took = processCPU() - start
	return took, took
}

func (t *theirRouter) calm() {}
