package sim

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/scenario"
	"github.com/ropewalk/ropewalk/session"
)

// arrival is how a host came up.
type arrival struct {
	began time.Duration // virtual time of its launch
	came  time.Duration // from then to its first peer
	has   bool          // it had one
	asked int           // contacts to seeds since then
}

var _ scenario.Manager = stage{}

// note keeps what an event says of how the host came up.
func (a *arrival) note(now time.Duration, kind, reason string) {
	switch kind {
	case "admitted":
		if !a.has && session.Kind(reason).IsPeer() {
			a.came, a.has = now-a.began, true
		}
	case "seed_contact":
		a.asked++
	}
}

// Slots counts what host i holds of what it could hold.
func (s stage) Slots(i int) (filled, could int) {
	h := s.w.hosts[i]
	if !h.alive {
		return 0, 0
	}
	alive := map[id.ID]bool{}
	for _, o := range s.w.hosts[:s.Nodes()] {
		if o != h && o.alive && !o.seed && !s.w.blocked(h, o) {
			alive[o.key.ID()] = true
		}
	}
	others := len(alive)
	for _, p := range h.node.Peers() {
		switch kind := session.Kind(p.Session); {
		case !alive[p.Info.ID] || !kind.IsPeer():
		case kind == session.Outbound:
			filled++
		default:
			others--
		}
	}
	return filled, min(h.fillers, others)
}

// Came is when host i had its first peer, after its last launch.
func (s stage) Came(i int) (time.Duration, bool) {
	a := s.w.hosts[i].arrival
	return a.came, s.w.hosts[i].alive && a.has
}

// Asked is how often host i has contacted a seed since.
func (s stage) Asked(i int) int { return s.w.hosts[i].arrival.asked }
