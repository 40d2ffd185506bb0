package ropewalk

import (
	"sync"
	"sync/atomic"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer/msgrw"
)

// gate stops what reads a link, or one lane of it where lanes have flow control of
// their own, while a protocol of the user is behind.
type gate struct {
	lanes bool        // each lane can wait by itself
	shut  atomic.Bool // held is not empty

	mu    sync.Mutex
	moved sync.Cond
	held  link.LaneSet
	gone  bool
}

func (g *gate) init(lanes bool) {
	g.lanes = lanes
	g.moved.L = &g.mu
}

// pass waits while the message must not be handed in.
func (g *gate) pass(m link.Msg) {
	if !g.shut.Load() || g.lanes && m.Op != link.Data {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.gone && g.held != 0 && (!g.lanes || g.held.Has(m.Lane)) {
		g.moved.Wait()
	}
}

// Hold implements msgrw.Gate.
func (g *gate) Hold(ln link.Lane) (alone bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = g.held.With(ln)
	g.shut.Store(true)
	return g.lanes
}

// Free implements msgrw.Gate.
func (g *gate) Free(ln link.Lane) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held &^= 1 << ln
	g.shut.Store(g.held != 0)
	g.moved.Broadcast()
}

// end lets everything pass from now on.
func (g *gate) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone = true
	g.moved.Broadcast()
}

// gateOf is the gate of a link that is up.
func (n *Node) gateOf(c link.Conn) msgrw.Gate {
	if w, ok := n.links[c]; ok {
		return &w.gate
	}
	return nil
}

// openGates lets readers end whose links outlive the loop.
func (n *Node) openGates() {
	for _, w := range n.links {
		w.gate.end()
	}
}
