package sim

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/scenario"
)

// stage shows a world to a play.
type stage struct{ w *world }

var (
	_ scenario.Stage  = stage{}
	_ scenario.Stayer = stage{}
)

func (s stage) Nodes() int       { return len(s.w.hosts) - s.w.lab.hostile }
func (s stage) Alive(i int) bool { return s.w.hosts[i].alive }
func (s stage) Seed(i int) bool  { return s.w.hosts[i].seed }
func (s stage) Err() error       { return s.w.err }

// Stayed tells whether host i has run since its first launch.
func (s stage) Stayed(i int) bool { return s.w.hosts[i].alive && s.w.hosts[i].lives == 1 }

func (s stage) Launch(_ time.Time, i int)  { s.w.hosts[i].launch() }
func (s stage) Restart(_ time.Time, i int) { s.w.hosts[i].launch() }

// Kill ends a node whose host book was written lately, as worlds with disks do.
func (s stage) Kill(_ time.Time, i int) {
	if h := s.w.hosts[i]; h.alive {
		h.node.SaveHosts()
		h.flush()
		h.kill()
	}
}

func (s stage) Peers(i int) int {
	if h := s.w.hosts[i]; h.alive {
		return h.node.PeerCount()
	}
	return 0
}

func (s stage) Reachable(i int) int {
	h := s.w.hosts[i]
	others := 0
	for _, o := range s.w.hosts[:s.Nodes()] {
		if o != h && o.alive && !s.w.blocked(h, o) && (!o.seed || len(s.w.hosts) == 2) {
			others++
		}
	}
	return min(others, h.fillers)
}

func (s stage) JoinRoom(now time.Time, i int, room string) {
	s.act(i, func(h *host) { h.node.Join(now, id.Ticket{}, room, 0) })
}

func (s stage) SayLine(now time.Time, i int, room, text string) {
	s.act(i, func(h *host) { h.node.Say(now, h.tickets.Next(), room, text) })
}

func (s stage) Subscribe(now time.Time, i int, topic string) {
	s.act(i, func(h *host) {
		if err := h.node.Follow(now, topic); err != nil {
			s.w.err = err
		}
		h.follows = topic
	})
}

func (s stage) Publish(now time.Time, i int, topic, text string) {
	s.PublishSized(now, i, topic, text, len(text))
}

// act lets a user do something at a running node.
func (s stage) act(i int, f func(*host)) {
	if h := s.w.hosts[i]; h.alive {
		f(h)
		h.flush()
	}
}

func (s stage) Count(i int, room, text string) int {
	return s.w.hosts[i].saw(place{name: room, text: text}).count
}

func (s stage) Arrival(i int, room, text string) (time.Time, bool) {
	return s.w.hosts[i].sawAt(place{name: room, text: text})
}

func (s stage) Received(i int, topic, text string) int {
	return s.w.hosts[i].saw(place{true, topic, text}).count
}

func (s stage) ReceivedAt(i int, topic, text string) (time.Time, bool) {
	return s.w.hosts[i].sawAt(place{true, topic, text})
}

func (h *host) saw(p place) sighting {
	if s, ok := h.seen[p]; ok {
		return *s
	}
	return sighting{}
}

func (h *host) sawAt(p place) (time.Time, bool) {
	s := h.saw(p)
	return epoch.Add(time.Duration(s.at)), s.count > 0
}

func (s stage) Partition(_ time.Time, a, b []int) {
	cut := [2][]bool{make([]bool, len(s.w.hosts)), make([]bool, len(s.w.hosts))}
	for side, members := range [2][]int{a, b} {
		for _, i := range members {
			cut[side][i] = true
		}
	}
	s.w.cuts = append(s.w.cuts, cut)
}

func (s stage) Heal(time.Time) { s.w.heal() }

func (s stage) Weather(_ time.Time, latency, jitter time.Duration, loss float64) {
	if latency >= 0 {
		s.w.sky.latency = latency
	}
	if jitter >= 0 {
		s.w.sky.jitter = jitter
	}
	if loss >= 0 {
		s.w.sky.loss = loss
	}
}
