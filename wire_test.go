package ropewalk

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/peer"
)

// waiting is a link in which one message waits.
type waiting struct {
	lane link.Lane
	tag  uint64
}

func (w *waiting) Cancel(lane link.Lane, tag uint64) bool {
	if *w != (waiting{lane, tag}) {
		return false
	}
	*w = waiting{}
	return true
}

// What the machine cancels after it gave it out is looked for in its link.
func TestCancelsReachLinks(t *testing.T) {
	l, count, registry := &waiting{3, 7}, prometheus.NewCounter(prometheus.CounterOpts{Name: "n"}), prometheus.NewRegistry()
	registry.MustRegister(count)
	n := &Node{
		links:   map[link.Conn]*wire{1: {canceller: l}, 2: {}}, // a kind that has nothing wait is passed over
		metrics: &metrics{cancelled: count},
	}
	n.carry(node.Out{Cancels: []peer.Cancelled{{Conn: 1, Lane: 3, Tag: 8}, {Conn: 2, Lane: 3, Tag: 7}, {Conn: 9, Lane: 3, Tag: 7}}})
	if l.tag == 0 {
		t.Error("another message was cancelled")
	}
	n.carry(node.Out{Cancels: []peer.Cancelled{{Conn: 1, Lane: 3, Tag: 7}, {Conn: 1, Lane: 3, Tag: 7}}})
	families, err := registry.Gather()
	if err != nil || l.tag != 0 || families[0].GetMetric()[0].GetCounter().GetValue() != 1 {
		t.Errorf("left %v, counted %v, %v", *l, families, err)
	}
}
