package rlpx

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/link"
)

var (
	descMade    = prometheus.NewDesc("ropewalk_rlpx_links_total", "RLPx connections by direction and how the making of a link ended.", []string{"direction", "result"}, nil)
	descEnded   = prometheus.NewDesc("ropewalk_rlpx_disconnects_total", "RLPx links that ended, by reason and whose it was: ours, the remote's, nobody's.", []string{"reason", "side"}, nil)
	descPings   = prometheus.NewDesc("ropewalk_rlpx_pings_total", "Pings sent and pings answered on RLPx links.", []string{"direction"}, nil)
	descIgnored = prometheus.NewDesc("ropewalk_rlpx_ignored_total", "Messages on RLPx links that mean nothing here: reserved codes, other networks' protocols, pongs nobody asked for.", nil, nil)
	descAccept  = prometheus.NewDesc("ropewalk_rlpx_accept_errors_total", "Failed accepts of RLPx listeners.", nil, nil)
	descMsgs    = prometheus.NewDesc("ropewalk_rlpx_messages_total", "Messages on RLPx links by protocol and direction.", []string{"protocol", "version", "direction"}, nil)
	descBytes   = prometheus.NewDesc("ropewalk_rlpx_payload_bytes_total", "Bytes of messages on RLPx links, decompressed, by protocol and direction.", []string{"protocol", "version", "direction"}, nil)
)

// Describe implements prometheus.Collector.
func (s *stats) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descMade, descEnded, descPings, descIgnored, descAccept, descMsgs, descBytes} {
		c <- d
	}
	for _, h := range s.seconds {
		h.Describe(c)
	}
}

// Collect implements prometheus.Collector.
func (s *stats) Collect(c chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	for side, dir := range []link.Direction{link.In, link.Out} {
		for r := range causes {
			if n := s.made[side][r].Load(); n > 0 || r == madeOK {
				counter(descMade, n, string(dir), causeNames[r])
			}
		}
	}
	for r := range s.closed {
		if n := s.closed[r].Load(); n > 0 {
			counter(descEnded, n, link.Reason(r).String(), "ours")
		}
		if n := s.told[r].Load(); n > 0 {
			counter(descEnded, n, link.Reason(r).String(), "remote")
		}
	}
	counter(descEnded, s.lost.Load(), "", "nobody")
	counter(descPings, s.pings.Load(), string(link.Out))
	counter(descPings, s.pongs.Load(), string(link.In))
	counter(descIgnored, s.ignored.Load())
	counter(descAccept, s.acceptErrors.Load())
	for i := range s.lanes {
		l := &s.lanes[i]
		counter(descMsgs, l.in.msgs.Load(), l.name, l.version, string(link.In))
		counter(descMsgs, l.out.msgs.Load(), l.name, l.version, string(link.Out))
		counter(descBytes, l.in.bytes.Load(), l.name, l.version, string(link.In))
		counter(descBytes, l.out.bytes.Load(), l.name, l.version, string(link.Out))
	}
	for _, h := range s.seconds {
		h.Collect(c)
	}
}
