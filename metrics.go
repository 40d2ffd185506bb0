package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are the node's figures. Counters come from the event stream, so that
// metrics, logs and dashboard cannot disagree; gauges, and what the router counts
// itself, are read when asked for. docs/metrics.md lists them all.
type metrics struct {
	registry *prometheus.Registry
	labelled prometheus.Registerer // registry, with Config.MetricLabels
	steps    *prometheus.HistogramVec
	byWhat   map[string]prometheus.Observer // loop only
	counts   *prometheus.CounterVec
	byEvent  map[[2]string]prometheus.Counter // loop only
	jobTime  *prometheus.HistogramVec
	jobWait  *prometheus.HistogramVec
	own      []prometheus.Collector

	cancelled  prometheus.Counter // messages taken out of links
	links      linkMetrics
	sessions   sessionMetrics
	heartbeats prometheus.Histogram
	beats      uint64        // begun so far. Loop only, as the two below
	beating    bool          // the last is under way
	beatTook   time.Duration // what it took so far
}

// jobBuckets reach from a signature to a check that should not take so long.
var jobBuckets = []float64{1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 1e-1, 1}

func newMetrics(n *Node) (*metrics, error) {
	m := &metrics{registry: n.cfg.Registry, byWhat: map[string]prometheus.Observer{}, byEvent: map[[2]string]prometheus.Counter{}}
	if m.registry == nil {
		m.registry = prometheus.NewRegistry()
	}
	m.labelled = prometheus.WrapRegistererWith(n.cfg.MetricLabels, m.registry)
	m.steps = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ropewalk_loop_step_seconds", Help: "Time the node's loop spends on one input. A step above a millisecond is a bug to look at.",
		Buckets: []float64{1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 1e-1},
	}, []string{"input"})
	m.counts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ropewalk_events_total", Help: "Events of the node's event stream by strand and kind.",
	}, []string{"strand", "kind"})
	m.jobWait = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ropewalk_job_wait_seconds", Help: "Time a job waits for a worker, by the strand that asked. Jobs of gossipsub are the checks of messages.",
		Buckets: jobBuckets,
	}, []string{"strand"})
	m.jobTime = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ropewalk_job_seconds", Help: "Time a worker spends on a job, by the strand that asked.",
		Buckets: jobBuckets,
	}, []string{"strand"})
	m.cancelled = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ropewalk_link_cancelled_total", Help: "Messages taken out of a link before they were written, because the peer has them.",
	})
	m.heartbeats = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: gossipName + "heartbeat_seconds", Help: "Time of the node's loop that one heartbeat takes, all its steps together.",
		Buckets: jobBuckets,
	})
	m.links, m.sessions = newLinkMetrics(), newSessionMetrics()
	for _, c := range append([]prometheus.Collector{m.heartbeats, m.cancelled, m.steps, m.counts, gauges{n}, slotFigures{n}, gossipFigures{n}, protocolFigures{n}, newStoreMetrics(n), overlayFigures{n}, m.jobTime, m.jobWait}, append(m.links.all(), m.sessions.all()...)...) {
		if err := m.labelled.Register(c); err != nil {
			m.end()
			return nil, fmt.Errorf("ropewalk: metrics: another node has this registry: %w", err)
		}
		m.own = append(m.own, c)
	}
	// Those of the process are the same for whoever has registered them.
	for _, c := range []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := m.registry.Register(c); err != nil && !errors.As(err, new(prometheus.AlreadyRegisteredError)) {
			return nil, fmt.Errorf("ropewalk: metrics: %w", err)
		}
	}
	return m, nil
}

// end gives a registry of the user's back.
func (m *metrics) end() {
	for _, c := range m.own {
		m.labelled.Unregister(c)
	}
}

func (m *metrics) step(what string, took time.Duration) {
	o, ok := m.byWhat[what]
	if !ok {
		o = m.steps.WithLabelValues(what)
		m.byWhat[what] = o
	}
	o.Observe(took.Seconds())
}

// beat notes a step of the loop that may have been one of a heartbeat: how many have
// begun, and whether the last goes on.
func (m *metrics) beat(begun uint64, on bool, took time.Duration) {
	if begun == m.beats && !m.beating {
		return
	}
	m.beats, m.beating = begun, on
	m.beatTook += took
	if !on {
		m.heartbeats.Observe(m.beatTook.Seconds())
		m.beatTook = 0
	}
}

// job notes what a job cost. Unlike the others it is called by the workers.
func (m *metrics) job(strand string, waited, took time.Duration) {
	m.jobWait.WithLabelValues(strand).Observe(waited.Seconds())
	m.jobTime.WithLabelValues(strand).Observe(took.Seconds())
}

func (m *metrics) event(strand, kind string) {
	key := [2]string{strand, kind}
	c, ok := m.byEvent[key]
	if !ok {
		c = m.counts.WithLabelValues(strand, kind)
		m.byEvent[key] = c
	}
	c.Inc()
}

// gauges reads the machine when the metrics are collected.
type gauges struct{ n *Node }

var (
	descSessions = prometheus.NewDesc("ropewalk_sessions", "Connected peers by kind of session.", []string{"session", "direction"}, nil)
	descHosts    = prometheus.NewDesc("ropewalk_hosts", "Hosts in the book by colour.", []string{"colour"}, nil)
	descInbox    = prometheus.NewDesc("ropewalk_loop_inbox", "Inputs that wait for the loop.", nil, nil)
	descQueues   = prometheus.NewDesc("ropewalk_peer_queue_bytes", "Bytes that wait to be written, to all peers together.", nil, nil)
	descScopes   = prometheus.NewDesc("ropewalk_scope_used", "What is held, by scope and resource; peers have no series of their own.", []string{"scope", "name", "resource"}, nil)
	descRefused  = prometheus.NewDesc("ropewalk_scope_refused_total", "What was refused because the scope's limit is reached.", []string{"scope", "name"}, nil)
	descJobs     = prometheus.NewDesc("ropewalk_jobs_waiting", "Jobs that wait for a worker.", nil, nil)
)

// Describe implements prometheus.Collector.
func (gauges) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descSessions, descHosts, descInbox, descQueues, descJobs, descScopes, descRefused} {
		c <- d
	}
}

// collectWithin bounds how long a scrape waits for the loop.
const collectWithin = 2 * time.Second

// Collect implements prometheus.Collector.
func (g gauges) Collect(c chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	gauge(descInbox, g.n.turn.Load().inbox.len())
	gauge(descJobs, g.n.pool.waiting())
	ctx, cancel := context.WithTimeout(context.Background(), collectWithin)
	defer cancel()
	sessions, err := g.n.sessions(ctx)
	if err != nil {
		return
	}
	kinds := map[[2]string]int{}
	for _, s := range sessions {
		kinds[[2]string{s.Session, s.Direction}]++
	}
	for k, v := range kinds {
		gauge(descSessions, v, k[0], k[1])
	}
	if waiting, err := ask(ctx, g.n, func(_ time.Time, reply func(int, error)) { reply(g.n.machine.Waiting(), nil) }); err == nil {
		gauge(descQueues, waiting)
	}
	if rows, err := g.n.Scopes(ctx); err == nil {
		scopeFigures(c, rows)
	}
	if page, err := g.n.Hosts(ctx, "", 0, 0); err == nil {
		for colour, v := range page.Counts {
			gauge(descHosts, v, colour)
		}
	}
}
