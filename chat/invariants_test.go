package chat

import (
	"fmt"
	"slices"
)

// checkInvariants tells whether the hall's structures agree.
func (h *Hall) checkInvariants() error {
	for _, r := range h.rooms.All() {
		if len(r.byPos) != len(r.byTime) || len(r.byPos) != len(r.index) {
			return fmt.Errorf("room %s: %d by position, %d by time, %d by ID", r.name, len(r.byPos), len(r.byTime), len(r.index))
		}
		bytes := 0
		for i, e := range r.byPos {
			bytes += len(e.raw)
			if r.index[e.id] != e || i > 0 && r.byPos[i-1].pos >= e.pos {
				return fmt.Errorf("room %s: line %d", r.name, i)
			}
		}
		if !slices.IsSortedFunc(r.byTime, compareEntries) || bytes != r.bytes {
			return fmt.Errorf("room %s: order or bytes", r.name)
		}
		if len(r.byPos) > r.linesMax || r.bytes > r.bytesMax {
			return fmt.Errorf("room %s: over its bounds", r.name)
		}
		for _, e := range r.mine {
			if !h.isOurs(e) || e.state == delivered || r.index[e.id] != e {
				return fmt.Errorf("room %s: outbox", r.name)
			}
		}
		for who, p := range r.pulls.All() {
			from, ok := h.remotes.Get(who)
			if !ok || from != p.from || p.room != r {
				return fmt.Errorf("room %s: pull of a peer that is gone", r.name)
			}
		}
		if r.turn != nil {
			if p, ok := r.pulls.Get(r.turn.from.id); !ok || p != r.turn {
				return fmt.Errorf("room %s: turn of a pull that ended", r.name)
			}
		}
		for hr, d := range r.sums {
			if d != sumHour(hr, r.byTime[r.search(hr):r.search(hr+1)]) {
				return fmt.Errorf("room %s: digest of hour %d is stale", r.name, hr)
			}
		}
	}
	return nil
}
