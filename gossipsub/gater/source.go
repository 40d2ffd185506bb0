package gater

import (
	"net/netip"
	"time"
)

// Outcome is what became of a message.
type Outcome uint8

const (
	// Delivered messages were new and accepted.
	Delivered Outcome = iota
	// Duplicate messages were known.
	Duplicate
	// Ignored messages were dropped without blame.
	Ignored
	// Rejected messages were invalid.
	Rejected
)

// Source is the record of one address.
type Source struct {
	of    netip.Prefix // invalid: shared by nobody, gone with its connection
	links int

	delivered, duplicate, ignored, rejected float64
	tick                                    int64 // of the last fading

	until        time.Duration // kept until, while without a connection
	older, newer *Source
}

// Up counts a connection of an address and gives its record.
func (g *Gater) Up(now time.Time, ip netip.Addr) *Source {
	_, tick := g.clock(now)
	of := network(ip)
	s := g.sources[of]
	switch {
	case !of.IsValid():
		s = &Source{tick: tick}
	case s == nil:
		if g.sources == nil {
			g.sources = make(map[netip.Prefix]*Source)
		}
		s = &Source{of: of, tick: tick}
		g.sources[of] = s
	case s.links == 0:
		g.gone.take(s)
		s.tick = tick // counts stood still meanwhile
	}
	s.links++
	return s
}

// Down ends a connection; the record outlives it.
func (g *Gater) Down(now time.Time, s *Source) {
	if s.links == 0 {
		return
	}
	at, tick := g.clock(now)
	s.fade(g, tick)
	if s.links--; s.links > 0 || !s.of.IsValid() {
		return
	}
	if s.delivered+s.duplicate+s.ignored+s.rejected == 0 {
		g.forget(s)
		return
	}
	s.until = at + g.cfg.Retain
	if g.gone.push(s); g.gone.n > retainedMax {
		g.evict()
	}
}

// Count records what became of a message of s. weight is the topic's, and lets
// deliveries of one topic count for more than those of another; others ignore it.
func (g *Gater) Count(now time.Time, s *Source, o Outcome, weight float64) {
	_, tick := g.clock(now)
	s.fade(g, tick)
	switch o {
	case Delivered:
		if weight > 0 {
			s.delivered += min(weight, weightMax)
		}
	case Duplicate:
		s.duplicate++
	case Ignored:
		s.ignored++
	case Rejected:
		s.rejected++
	}
}

// Advance forgets addresses that are due, a bounded number in one call.
func (g *Gater) Advance(now time.Time) {
	at, _ := g.clock(now)
	for range expiresMax {
		if g.gone.oldest == nil || g.gone.oldest.until > at {
			return
		}
		g.evict()
	}
}

// Deadline is when Advance wants to be called; zero when nothing is due.
func (g *Gater) Deadline() time.Time {
	if g.gone.oldest == nil {
		return time.Time{}
	}
	return g.start.Add(g.gone.oldest.until)
}

func (g *Gater) evict() {
	s := g.gone.oldest
	g.gone.take(s)
	g.forget(s)
}

func (g *Gater) forget(s *Source) {
	if delete(g.sources, s.of); len(g.sources) == 0 {
		g.sources = nil // maps never shrink by themselves
	}
}

// fade brings the counts up to date.
func (s *Source) fade(g *Gater, tick int64) {
	n := tick - s.tick
	if n <= 0 || s.links == 0 {
		return
	}
	s.tick = tick
	s.delivered, s.duplicate = fade(s.delivered, g.source, n), fade(s.duplicate, g.source, n)
	s.ignored, s.rejected = fade(s.ignored, g.source, n), fade(s.rejected, g.source, n)
}

// network is what an address is counted under; invalid when it stands for no one
// host.
func network(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() || ip.IsUnspecified() || ip.IsLoopback() {
		return netip.Prefix{}
	}
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	of, _ := ip.Prefix(bits)
	return of
}

// queue is a list of sources without a connection, the oldest first.
type queue struct {
	oldest, newest *Source
	n              int
}

func (q *queue) push(s *Source) {
	s.older, s.newer = q.newest, nil
	if q.newest != nil {
		q.newest.newer = s
	} else {
		q.oldest = s
	}
	q.newest = s
	q.n++
}

func (q *queue) take(s *Source) {
	if s.older != nil {
		s.older.newer = s.newer
	} else {
		q.oldest = s.newer
	}
	if s.newer != nil {
		s.newer.older = s.older
	} else {
		q.newest = s.older
	}
	s.older, s.newer = nil, nil
	q.n--
}
