package ropewalk

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// protocolFigures reads what is counted of the user's protocols when the metrics are
// collected. Nothing is formatted or looked up for a message.
type protocolFigures struct{ n *Node }

// A protocolFigure is one figure of each protocol, or two by direction.
type protocolFigure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	in   func(s *ProtocolStats) uint64
	out  func(s *ProtocolStats) uint64 // nil when there are no directions
}

func protocolFigureOf(kind prometheus.ValueType, name, help string, of func(s *ProtocolStats) uint64) protocolFigure {
	return protocolFigure{prometheus.NewDesc("ropewalk_protocol_"+name, help, []string{"protocol"}, nil), kind, of, nil}
}

func protocolFlowOf(kind prometheus.ValueType, name, help string, in, out func(s *ProtocolStats) uint64) protocolFigure {
	return protocolFigure{prometheus.NewDesc("ropewalk_protocol_"+name, help, []string{"protocol", "direction"}, nil), kind, in, out}
}

const (
	counter = prometheus.CounterValue
	depth   = prometheus.GaugeValue
)

var protocolFigureList = []protocolFigure{
	protocolFlowOf(counter, "messages_total", "Messages of a protocol of yours: that came in, and that were queued for peers.",
		func(s *ProtocolStats) uint64 { return s.Received }, func(s *ProtocolStats) uint64 { return s.Sent }),
	protocolFlowOf(counter, "payload_bytes_total", "Payloads of these messages.",
		func(s *ProtocolStats) uint64 { return s.ReceivedBytes }, func(s *ProtocolStats) uint64 { return s.SentBytes }),
	protocolFlowOf(depth, "queue_messages", "Messages that Run has not read yet, and that it wrote and the links' queues have not taken.",
		func(s *ProtocolStats) uint64 { return uint64(s.InboxMsgs) }, func(s *ProtocolStats) uint64 { return uint64(s.OutboxMsgs) }),
	protocolFlowOf(depth, "queue_bytes", "Bytes of these messages, with 64 for each.",
		func(s *ProtocolStats) uint64 { return uint64(s.InboxBytes) }, func(s *ProtocolStats) uint64 { return uint64(s.OutboxBytes) }),
	protocolFigureOf(counter, "discarded_total", "Messages that came after Run had returned.", func(s *ProtocolStats) uint64 { return s.Discarded }),
	protocolFigureOf(counter, "unread_bytes_total", "Bytes of payloads that Run did not read.", func(s *ProtocolStats) uint64 { return s.UnreadBytes }),
	protocolFigureOf(counter, "dropped_total", "Messages lost for a full queue, by Limits.Overflow.", func(s *ProtocolStats) uint64 { return s.Dropped }),
	protocolFigureOf(counter, "overflow_total", "Links ended because Run read too slowly.", func(s *ProtocolStats) uint64 { return s.Overflows }),
	protocolFigureOf(counter, "waits_total", "Times a link, or a lane of it, was made to wait for Run.", func(s *ProtocolStats) uint64 { return s.Waits }),
	protocolFigureOf(counter, "detached_total", "Runs that returned, or panicked, and left their link to the others.", func(s *ProtocolStats) uint64 { return s.Detached }),
	protocolFigureOf(counter, "panics_total", "Runs that panicked.", func(s *ProtocolStats) uint64 { return s.Panics }),
	protocolFigureOf(depth, "links", "Links that have the protocol.", func(s *ProtocolStats) uint64 { return uint64(s.Links) }),
	protocolFigureOf(depth, "stuck_runs", "Runs that have not returned though their link ended seconds ago.", func(s *ProtocolStats) uint64 { return uint64(s.Stuck) }),
}

// Describe implements prometheus.Collector.
func (protocolFigures) Describe(c chan<- *prometheus.Desc) {
	for _, f := range protocolFigureList {
		c <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (p protocolFigures) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectWithin)
	defer cancel()
	all, err := p.n.Protocols(ctx)
	if err != nil {
		return
	}
	for i := range all {
		s := &all[i]
		for _, f := range protocolFigureList {
			if f.out == nil {
				c <- prometheus.MustNewConstMetric(f.desc, f.kind, float64(f.in(s)), s.Protocol.String())
				continue
			}
			c <- prometheus.MustNewConstMetric(f.desc, f.kind, float64(f.in(s)), s.Protocol.String(), "in")
			c <- prometheus.MustNewConstMetric(f.desc, f.kind, float64(f.out(s)), s.Protocol.String(), "out")
		}
	}
}
