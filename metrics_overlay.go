package ropewalk

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/udp"
	"github.com/ropewalk/ropewalk/utp"
)

// overlayFigures reads discv5, streams, the networks of content and the socket when the
// metrics are collected; of a node without a socket there is nothing.
type overlayFigures struct{ n *Node }

// A reading is one number of a part's statistics.
type reading[S any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*S) float64
}

type number interface{ ~int | ~uint64 }

// countOf and nowOf are figures that only grow, and that are as of now.
func countOf[S any, N number](name, help string, of func(*S) N, labels ...string) reading[S] {
	return figureOf(name, help, prometheus.CounterValue, of, labels)
}

func nowOf[S any, N number](name, help string, of func(*S) N, labels ...string) reading[S] {
	return figureOf(name, help, prometheus.GaugeValue, of, labels)
}

func figureOf[S any, N number](name, help string, kind prometheus.ValueType, of func(*S) N, labels []string) reading[S] {
	return reading[S]{prometheus.NewDesc("ropewalk_"+name, help, labels, nil), kind, func(s *S) float64 { return float64(of(s)) }}
}

var udpFigures = []reading[udp.Stats]{
	countOf("udp_received_total", "Datagrams that the socket gave.", func(s *udp.Stats) uint64 { return s.PacketsIn }),
	countOf("udp_sent_total", "Datagrams that the socket took.", func(s *udp.Stats) uint64 { return s.PacketsOut }),
	countOf("udp_lost_total", "Datagrams that the system dropped because nobody read in time, where it tells.", func(s *udp.Stats) uint64 { return s.Lost }),
	countOf("udp_full_total", "Datagrams that found no room in the socket.", func(s *udp.Stats) uint64 { return s.Full }),
	countOf("udp_write_errors_total", "Writes that the system refused.", func(s *udp.Stats) uint64 { return s.WriteErrors }),
}

var discv5Figures = []reading[discv5.Stats]{
	nowOf("discv5_nodes", "Nodes in the table of discv5.", func(s *discv5.Stats) int { return s.Nodes }),
	nowOf("discv5_live", "Nodes in the table that have answered.", func(s *discv5.Stats) int { return s.Live }),
	nowOf("discv5_sessions", "Sessions that are kept.", func(s *discv5.Stats) int { return s.Sessions }),
	nowOf("discv5_calls", "Requests of ours that wait for an answer.", func(s *discv5.Stats) int { return s.Calls }),
	countOf("discv5_dropped_total", "Packets that were passed over.", func(s *discv5.Stats) uint64 { return s.Dropped }),
	countOf("discv5_handshakes_total", "Sessions that came up.", func(s *discv5.Stats) uint64 { return s.Handshakes }),
	countOf("discv5_challenges_total", "WHOAREYOU packets that we sent.", func(s *discv5.Stats) uint64 { return s.Challenges }),
	countOf("discv5_timeouts_total", "Requests of ours without an answer.", func(s *discv5.Stats) uint64 { return s.Timeouts }),
	countOf("discv5_lookups_total", "Searches for nodes that ended.", func(s *discv5.Stats) uint64 { return s.Lookups }),
	countOf("discv5_records_rejected_total", "Records in answers that were not used.", func(s *discv5.Stats) uint64 { return s.Rejected }),
	countOf("discv5_talk_refused_total", "TALK requests beyond their quota.", func(s *discv5.Stats) uint64 { return s.Refused }),
}

var utpFigures = []reading[utp.Stats]{
	nowOf("utp_inbound", "Streams that others open, those waited for included.", func(s *utp.Stats) int { return s.Inbound }),
	nowOf("utp_outbound", "Streams that we opened.", func(s *utp.Stats) int { return s.Outbound }),
	nowOf("utp_held_bytes", "Bytes that came out of order and wait.", func(s *utp.Stats) int { return s.Held }),
	countOf("utp_received_bytes_total", "Bytes that came on streams.", func(s *utp.Stats) uint64 { return s.BytesIn }),
	countOf("utp_sent_bytes_total", "Bytes sent on streams, each counted once.", func(s *utp.Stats) uint64 { return s.BytesOut }),
	countOf("utp_resent_total", "Packets sent again.", func(s *utp.Stats) uint64 { return s.Resent }),
	countOf("utp_timeouts_total", "Times that nothing was acknowledged in time.", func(s *utp.Stats) uint64 { return s.Timeouts }),
	countOf("utp_malformed_total", "Packets that cannot be read.", func(s *utp.Stats) uint64 { return s.Malformed }),
	countOf("utp_ended_total", "Streams that ended in good order.", func(s *utp.Stats) uint64 { return s.Ended }),
	countOf("utp_failed_total", "Streams that failed.", func(s *utp.Stats) uint64 { return s.Failed }),
}

var portalFigures = []reading[portal.Stats]{
	nowOf("content_nodes", "Nodes in the network's table.", func(s *portal.Stats) int { return s.Nodes }, "overlay"),
	nowOf("content_live", "Nodes in the network's table that have answered.", func(s *portal.Stats) int { return s.Live }, "overlay"),
	nowOf("content_cache_bytes", "Values kept in memory.", func(s *portal.Stats) int { return s.CacheBytes }, "overlay"),
	nowOf("content_banned", "Nodes that we have nothing to do with for a while.", func(s *portal.Stats) int { return s.Banned }, "overlay"),
	countOf("content_requests_bad_total", "Requests that were answered with nothing.", func(s *portal.Stats) uint64 { return s.Bad }, "overlay"),
	countOf("content_calls_total", "Requests of ours.", func(s *portal.Stats) uint64 { return s.Calls }, "overlay"),
	countOf("content_calls_failed_total", "Requests of ours that failed.", func(s *portal.Stats) uint64 { return s.CallsFailed }, "overlay"),
	countOf("content_accepted_total", "Items that came unasked and were stored.", func(s *portal.Stats) uint64 { return s.Accepted }, "overlay"),
	countOf("content_invalid_total", "Values that are not what their key promises.", func(s *portal.Stats) uint64 { return s.Invalid }, "overlay"),
	countOf("content_undecided_total", "Values that could not be judged.", func(s *portal.Stats) uint64 { return s.Undecided }, "overlay"),
	countOf("content_lookups_total", "Searches for content in the network.", func(s *portal.Stats) uint64 { return s.Lookups }, "overlay"),
	countOf("content_found_total", "Searches that found it in the network.", func(s *portal.Stats) uint64 { return s.Found }, "overlay"),
	countOf("content_offered_total", "Keys offered to nodes.", func(s *portal.Stats) uint64 { return s.Offered }, "overlay"),
	countOf("content_sent_total", "Transfers of ours that ended well.", func(s *portal.Stats) uint64 { return s.Sent }, "overlay"),
	countOf("content_sends_failed_total", "Transfers of ours that failed.", func(s *portal.Stats) uint64 { return s.SendsFailed }, "overlay"),
	countOf("content_served_total", "Streams of content that others asked for.", func(s *portal.Stats) uint64 { return s.Served }, "overlay"),
}

// Describe implements prometheus.Collector.
func (overlayFigures) Describe(c chan<- *prometheus.Desc) {
	describe(c, udpFigures)
	describe(c, discv5Figures)
	describe(c, utpFigures)
	describe(c, portalFigures)
}

func describe[S any](c chan<- *prometheus.Desc, all []reading[S]) {
	for _, f := range all {
		c <- f.desc
	}
}

func emitAll[S any](c chan<- prometheus.Metric, all []reading[S], s *S, labels ...string) {
	for _, f := range all {
		c <- prometheus.MustNewConstMetric(f.desc, f.kind, f.of(s), labels...)
	}
}

// Collect implements prometheus.Collector.
func (f overlayFigures) Collect(c chan<- prometheus.Metric) {
	d := f.n.datagrams.Load()
	if d == nil {
		return
	}
	socket := d.socket.Stats()
	emitAll(c, udpFigures, &socket)
	ctx, cancel := context.WithTimeout(context.Background(), collectWithin)
	defer cancel()
	s, err := ask(ctx, f.n, func(_ time.Time, reply func(node.OverlayStats, error)) { reply(f.n.machine.OverlayStats(), nil) })
	if err != nil {
		return
	}
	emitAll(c, discv5Figures, &s.Discovery)
	emitAll(c, utpFigures, &s.Streams)
	for i := range s.Networks {
		emitAll(c, portalFigures, &s.Networks[i].Stats, s.Networks[i].Name)
	}
}
