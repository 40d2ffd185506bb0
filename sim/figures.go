package sim

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// saying is a message that a node published.
type saying struct {
	topic, text string
	by          int
	at          int64
}

// Figures are what an experiment measured. A message is owed to every other node
// that subscribed its topic and ran from start to end.
type Figures struct {
	Messages  int     `json:"messages"`
	Owed      int     `json:"owed"`
	Delivered int     `json:"delivered"`
	Share     float64 `json:"share"` // delivered of owed
	// From publishing to delivery.
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
	// Copies are messages that nodes put on the wire for each delivery at any node,
	// whomever they went to; ToHostile is the part of them that went to hostile hosts.
	Copies    float64 `json:"copies"`
	ToHostile float64 `json:"to_hostile"`
	Bytes     int64   `json:"bytes"` // of gossip put on the wire by nodes
	// HonestMesh is the least number of nodes in any node's mesh at the end.
	HonestMesh int `json:"honest_mesh"`
}

// count notes what a node puts on the wire.
func (l *lab) count(e *end, m link.Msg) {
	if !l.on || e.host.node == nil || m.Op != link.Data {
		return
	}
	l.bytes += int64(len(m.Data))
	to := 0
	if e.other.host.node == nil {
		to = 1
	}
	l.copies[to] += messagesIn(m.Data)
}

// messagesIn counts the messages of an RPC: fields number 2.
func messagesIn(frame []byte) (n int) {
	for len(frame) > 0 {
		tag, k := binary.Uvarint(frame)
		size, j := binary.Uvarint(frame[max(k, 0):])
		if k <= 0 || j <= 0 || tag&7 != 2 || uint64(len(frame)-k-j) < size {
			return n
		}
		if tag>>3 == 2 {
			n++
		}
		frame = frame[k+j+int(size):]
	}
	return n
}

// figures adds up; nil when the world is no experiment.
func (w *world) figures() *Figures {
	l := &w.lab
	if !l.on || len(l.said) == 0 {
		return nil
	}
	f := &Figures{Messages: len(l.said), Bytes: l.bytes, HonestMesh: w.honestMesh()}
	var took []time.Duration
	deliveries := 0
	for _, m := range l.said {
		for _, h := range w.hosts[:len(w.hosts)-l.hostile] {
			if h.i == m.by || h.follows != m.topic {
				continue
			}
			s, ok := h.seen[place{topic: true, name: m.topic, text: m.text}]
			if ok {
				deliveries++
			}
			if !h.alive || h.lives != 1 {
				continue
			}
			f.Owed++
			if ok {
				took = append(took, time.Duration(s.at-m.at))
			}
		}
	}
	slices.Sort(took)
	f.Delivered = len(took)
	if n := len(took); n > 0 {
		f.P50, f.P99, f.Max = took[(n-1)/2], took[(n*99+99)/100-1], took[n-1]
	}
	f.Share = float64(f.Delivered) / float64(max(f.Owed, 1))
	f.Copies = float64(l.copies[0]+l.copies[1]) / float64(max(deliveries, 1))
	f.ToHostile = float64(l.copies[1]) / float64(max(deliveries, 1))
	return f
}

// honestMesh is the least number of nodes that any node has in its mesh.
func (w *world) honestMesh() int {
	honest := map[string]bool{}
	nodes := w.hosts[:len(w.hosts)-w.lab.hostile]
	for _, h := range nodes {
		key := h.key.ID()
		honest[string(key[:])] = true
	}
	least := -1
	for _, h := range nodes {
		if !h.alive || h.follows == "" {
			continue
		}
		n := 0
		for _, p := range h.node.Mesh(h.follows) {
			if honest[string(p[:])] {
				n++
			}
		}
		if least < 0 || n < least {
			least = n
		}
	}
	return max(least, 0)
}
