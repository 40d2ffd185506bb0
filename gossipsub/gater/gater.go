package gater

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// Gater keeps the record of addresses. One goroutine owns it.
type Gater struct {
	cfg            Config
	rng            *rand.Rand
	global, source float64   // factors of fading
	start          time.Time // of the first input

	checked, throttled float64
	tick               int64         // of the last fading of these two
	last               time.Duration // the last message turned away
	ever               bool          // there was one

	sources map[netip.Prefix]*Source
	gone    queue
}

// New checks the configuration; an error names the field.
func New(cfg Config, rng *rand.Rand) (*Gater, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	return &Gater{cfg: cfg, rng: rng, global: factor(cfg.GlobalFade), source: factor(cfg.SourceFade)}, nil
}

// clock gives now as the gater keeps it.
func (g *Gater) clock(now time.Time) (at time.Duration, tick int64) {
	if g.start.IsZero() {
		g.start = now
	}
	at = now.Sub(g.start)
	return at, int64(at / fadeEvery)
}

// fade brings the counts of all addresses up to date.
func (g *Gater) fade(tick int64) {
	if tick > g.tick {
		g.checked = fade(g.checked, g.global, tick-g.tick)
		g.throttled = fade(g.throttled, g.global, tick-g.tick)
		g.tick = tick
	}
}

// Checked counts a message that went into checking.
func (g *Gater) Checked(now time.Time) {
	_, tick := g.clock(now)
	g.fade(tick)
	g.checked++
}

// Throttled counts a message that found no room in checking.
func (g *Gater) Throttled(now time.Time) {
	at, tick := g.clock(now)
	g.fade(tick)
	g.throttled++
	g.last, g.ever = at, true
}

// On tells whether load is being shed.
func (g *Gater) On(now time.Time) bool {
	if !g.ever {
		return false
	}
	at, tick := g.clock(now)
	if at-g.last > g.cfg.Quiet {
		return false
	}
	g.fade(tick)
	return g.throttled > 0 && g.throttled >= g.cfg.Threshold*g.checked
}

// Admit tells whether messages of s may come in now; control always may.
func (g *Gater) Admit(now time.Time, s *Source) bool {
	if !g.On(now) {
		return true
	}
	_, tick := g.clock(now)
	s.fade(g, tick)
	if p := g.Goodput(s); p < 1 {
		return g.rng.Float64() < p
	}
	return true
}

// Goodput is the share of what s sent that was worth it, as of its last count.
func (g *Gater) Goodput(s *Source) float64 {
	c := &g.cfg
	junk := c.DuplicateWeight*s.duplicate + c.IgnoreWeight*s.ignored + c.RejectWeight*s.rejected
	return (1 + s.delivered) / (1 + s.delivered + junk)
}
