package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/id"
)

// ourRouter is the machine with a clock of its own.
type ourRouter struct {
	r     *gossipsub.Router
	now   time.Time
	sent  int
	names []id.ID
	still bool
}

// apart is the time between two frames of a feed.
const apart = 200 * time.Microsecond

func newOurRouter(seed uint64, set setting) (*ourRouter, error) {
	key, err := id.KeyFromBytes(keyBytes(seed, 0))
	if err != nil {
		return nil, err
	}
	o := &ourRouter{still: set.still, now: time.Unix(1_700_000_000, 0)}
	cfg := gossipsub.Config{
		Self: key.ID(), PeerID: key.Public().PeerID(), Sign: gossipsub.StrictNoSign,
		Params: gossipsub.Params{Dhi: meshRoom, HistoryLength: set.history, HistoryGossip: set.history},
	}
	if o.r, err = gossipsub.New(cfg, rand.New(rand.NewPCG(seed, seed)), o); err != nil {
		return nil, err
	}
	for _, t := range set.topics {
		if err := o.r.Join(o.now, t, gossipsub.TopicConfig{}); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// Send, Cancel and Drop are the floor below: a count.
func (o *ourRouter) Send(id.ID, gossipsub.Frame) bool { o.sent++; return true }
func (o *ourRouter) Cancel(id.ID, uint64) bool        { return false }
func (o *ourRouter) Drop(id.ID, error)                {}

func (o *ourRouter) up(peers, mesh int, topics []string) error {
	for i := range peers {
		p := peerName(i)
		o.names = append(o.names, p.ID())
		o.r.Up(o.now, p.ID(), gossipsub.Remote{PeerID: p, Stream: gossipsub.Meshsub12})
		for _, t := range topics { // one by one: a frame has room for a few
			if _, err := o.r.Recv(o.now, p.ID(), hello([]string{t}, i < mesh)); err != nil {
				return err
			}
		}
	}
	for _, t := range topics {
		if n := len(o.r.Mesh(t)); n != mesh {
			return fmt.Errorf("a mesh of %d, want %d", n, mesh)
		}
	}
	return nil
}

func (o *ourRouter) feed(peer int, frames [][]byte, sent int) error {
	before := o.sent
	for i, f := range frames {
		o.now = o.now.Add(apart)
		if d := o.r.Deadline(); !o.still && !d.IsZero() && !d.After(o.now) {
			o.r.Advance(o.now)
		}
		if i == 0 || &f[0] != &frames[i-1][0] {
			f = bytes.Clone(f) // as the edge would have read it; a repeated one is not kept
		}
		if _, err := o.r.Recv(o.now, o.names[peer], f); err != nil {
			return err
		}
	}
	if got := o.sent - before; got < sent {
		return fmt.Errorf("%d frames sent, want %d", got, sent)
	}
	return nil
}

func (o *ourRouter) beat() (took, step time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := processCPU()
	end := o.now.Add(time.Second)
	for d := o.r.Deadline(); !d.IsZero() && !d.After(end); d = o.r.Deadline() {
		o.now = d
		at := threadCPU()
		o.r.Advance(o.now)
		step = max(step, threadCPU()-at)
	}
	o.now = end
	return processCPU() - start, step
}

func (o *ourRouter) calm() {
	for end := o.now.Add(20 * time.Second); o.now.Before(end); o.now = o.now.Add(100 * time.Millisecond) {
		o.r.Advance(o.now)
	}
}
