package pulse

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Disturbed: something has happened to us, a sleep or a new network, after which links
// may be dead that look alive. Every peer is asked at once. A pong that was awaited
// has its time again, because it may be waiting to be read.
func (h *Pulse) Disturbed(now time.Time) {
	for _, p := range h.peers.Keys() {
		b, _ := h.peers.Get(p)
		if b.sentAt.IsZero() {
			h.ping(now, p, b, h.urgent(b))
		} else {
			b.due = now.Add(h.urgent(b))
		}
	}
	h.rest(now)
	h.settle()
}

// Broke: a link has ended that nobody closed; at is the IP address it led to, invalid
// when that is unknown. Who else is there is asked at once, and everybody when several
// links have broken together.
func (h *Pulse) Broke(now time.Time, at netip.Addr) {
	if now.Sub(h.brokeAt) > brokeWithin {
		h.broke = 0
	}
	h.broke, h.brokeAt = min(h.broke+1, brokeMany), now
	for _, p := range h.peers.Keys() {
		if b, _ := h.peers.Get(p); h.broke >= brokeMany || at.IsValid() && b.at == at {
			h.doubt(now, p, b)
		}
	}
}

// look doubts the peers that we wrote to since the last look and did not hear, unless
// nobody was heard: then it is rather we who are cut off.
func (h *Pulse) look(now time.Time) {
	h.rest(now)
	var mute []id.ID
	heard := false
	for p, b := range h.peers.All() {
		in, out := h.send.Traffic(p)
		switch {
		case in != b.in:
			heard = true
		case out != b.out:
			mute = append(mute, p)
		}
		b.in, b.out = in, out
	}
	for _, p := range mute {
		if b, ok := h.peers.Get(p); ok && heard {
			h.doubt(now, p, b)
		}
	}
}

// rest puts the next look off.
func (h *Pulse) rest(now time.Time) { h.lookAt = now.Add(lookEvery) }

// doubt asks p at once, or gives it less time for the pong that is awaited.
func (h *Pulse) doubt(now time.Time, p id.ID, b *beat) {
	switch soon := now.Add(h.urgent(b)); {
	case !b.sentAt.IsZero() && soon.Before(b.due):
		b.due = soon
		if soon.Before(h.due) {
			h.due = soon
		}
	case b.sentAt.IsZero() && now.Sub(b.pingedAt) >= urgentGap:
		h.ping(now, p, b, h.urgent(b))
	}
}

// urgent is how long a peer in doubt has for its pong.
func (h *Pulse) urgent(b *beat) time.Duration {
	return min(b.time(h.cfg.Within), max(b.time(urgentWithin), urgentTrips*b.rtt))
}
