package ropewalk

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/id"
)

// storeMetrics reads what the store has when it is asked. How long asks take is told with
// the jobs, as those of the strand "store".
type storeMetrics struct {
	n                                       *Node
	bytes, items, capacity, radius, evicted *prometheus.Desc
	takes, quarantined, slowest             *prometheus.Desc
}

func newStoreMetrics(n *Node) *storeMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("ropewalk_store_"+name, help, labels, nil)
	}
	return &storeMetrics{
		n:           n,
		bytes:       desc("bytes", "Bytes of content that are stored: cache (what others sent), or durable (what the user put).", "overlay", "class"),
		items:       desc("items", "Items of content that are stored.", "overlay", "class"),
		capacity:    desc("capacity_bytes", "Room for what others send.", "overlay"),
		radius:      desc("radius", "Which part of the ring lies within the store's radius, 0 to 1.", "overlay"),
		evicted:     desc("evicted_total", "Items that went because others are nearer.", "overlay"),
		takes:       desc("takes", "1 while the store takes what it has room for, 0 while the disk is full or broken."),
		quarantined: desc("quarantined_total", "Times that the cache could not be read, and was begun anew."),
		slowest:     desc("sync_slowest_seconds", "The longest that a sync to disk has taken."),
	}
}

func (m *storeMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.bytes, m.items, m.capacity, m.radius, m.evicted, m.takes, m.quarantined, m.slowest} {
		to <- d
	}
}

func (m *storeMetrics) Collect(to chan<- prometheus.Metric) {
	if m.n.store == nil {
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s := m.n.store.Stats()
	for _, x := range s.Networks {
		gauge(m.bytes, float64(x.Bytes), x.Name, "cache")
		gauge(m.bytes, float64(x.DurableBytes), x.Name, "durable")
		gauge(m.items, float64(x.Items), x.Name, "cache")
		gauge(m.items, float64(x.DurableItems), x.Name, "durable")
		gauge(m.capacity, float64(x.Capacity), x.Name)
		gauge(m.radius, ringShare(id.ID(x.Radius)), x.Name)
		to <- prometheus.MustNewConstMetric(m.evicted, prometheus.CounterValue, float64(x.Evicted), x.Name)
	}
	takes := 1.0
	if s.State != nil {
		takes = 0
	}
	gauge(m.takes, takes)
	gauge(m.slowest, s.SyncSlow.Seconds())
	to <- prometheus.MustNewConstMetric(m.quarantined, prometheus.CounterValue, float64(s.Quarantined))
}
