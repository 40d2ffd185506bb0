package ropewalk

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/trace"
)

// sessionMetrics count what the session manager and the host book did. They come from
// their events; all labels are words of the program.
type sessionMetrics struct {
	dials    *prometheus.CounterVec
	refine   *prometheus.CounterVec
	links    *prometheus.CounterVec
	evicted  prometheus.Counter
	seeds    *prometheus.CounterVec
	rounds   prometheus.Counter
	moves    *prometheus.CounterVec
	contests *prometheus.CounterVec
}

func newSessionMetrics() sessionMetrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ropewalk_" + name, Help: help}, labels)
	}
	one := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "ropewalk_" + name, Help: help})
	}
	return sessionMetrics{
		dials:    vec("session_dial_total", "Dials of slots and of users that are over, by session: connected, failed, or slow, when a slot would not wait.", "session", "result"),
		refine:   vec("refine_total", "Probes that are over: ok, or failed.", "result"),
		links:    vec("session_link_total", "Links that were judged, by session: admitted, or refused.", "session", "result"),
		evicted:  one("inbound_evicted_total", "Inbound links given up for a newcomer."),
		seeds:    vec("seed_total", "Seeds dialled (contact), and those that answered (answer).", "what"),
		rounds:   one("find_total", "Rounds of asking connected peers for hosts."),
		moves:    vec("hosts_moved_total", "Hosts that changed their colour; none is not in the book.", "from", "to"),
		contests: vec("hosts_contest_total", "Newcomers that want the place of a proven host: opened; and how it ended: stays (it answered a probe), replaced, dropped.", "result"),
	}
}

func (m sessionMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.dials, m.refine, m.links, m.evicted, m.seeds, m.rounds, m.moves, m.contests}
}

// dialResults are the kinds of event that end a dial.
var dialResults = map[string]string{
	"slot_connected": "connected", "slot_failed": "failed", "slot_handed_over": "slow",
	"direct_connected": "connected", "direct_failed": "failed",
}

// event counts what an event says.
func (m sessionMetrics) event(e trace.Event) {
	switch e.Strand {
	case "session":
		if result, ok := dialResults[e.Kind]; ok {
			m.dials.WithLabelValues(e.Topic, result).Inc()
			return
		}
		switch e.Kind {
		case "refine_ok", "refine_failed":
			m.refine.WithLabelValues(strings.TrimPrefix(e.Kind, "refine_")).Inc()
		case "admitted", "refused":
			m.links.WithLabelValues(cmp.Or(e.Topic, "none"), e.Kind).Inc()
		case "inbound_evicted":
			m.evicted.Inc()
		case "seed_contact":
			m.seeds.WithLabelValues("contact").Inc()
		case "seed_answered":
			m.seeds.WithLabelValues("answer").Inc()
		case "find":
			m.rounds.Inc()
		}
	case "hosts":
		switch e.Kind {
		case "host_moved":
			if from, to, ok := strings.Cut(e.Topic, "→"); ok {
				m.moves.WithLabelValues(from, to).Inc()
			}
		case "contest":
			m.contests.WithLabelValues(e.Topic).Inc()
		}
	}
}

// slotFigures reads slots and bans when the metrics are collected.
type slotFigures struct{ n *Node }

var (
	descSlots  = prometheus.NewDesc("ropewalk_slots", "Slots of the session manager by role, use and state.", []string{"role", "use", "state"}, nil)
	descBans   = prometheus.NewDesc("ropewalk_bans", "Bans in force, of keys and of networks.", nil, nil)
	descPlaces = prometheus.NewDesc("ropewalk_places", "Outbound slots, and the cap on inbound links.", []string{"direction"}, nil)
)

// Describe implements prometheus.Collector.
func (slotFigures) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descSlots, descBans, descPlaces} {
		c <- d
	}
}

// Collect implements prometheus.Collector.
func (f slotFigures) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectWithin)
	defer cancel()
	type figures struct {
		slots   map[[3]string]int
		bans    int
		out, in int
	}
	all, err := ask(ctx, f.n, func(now time.Time, reply func(figures, error)) {
		x := figures{slots: map[[3]string]int{}, bans: f.n.machine.HostCounts().Bans}
		for _, s := range f.n.machine.Slots() {
			x.slots[[3]string{string(s.Role), s.Use, s.State}]++
		}
		x.out, x.in = f.n.machine.SetPlaces(now, -1, -1)
		reply(x, nil)
	})
	if err != nil {
		return
	}
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	for k, v := range all.slots {
		gauge(descSlots, v, k[0], k[1], k[2])
	}
	gauge(descBans, all.bans)
	gauge(descPlaces, all.out, "out")
	gauge(descPlaces, all.in, "in")
}
