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
		if err := h.checkArchive(r); err != nil {
			return fmt.Errorf("room %s: %w", r.name, err)
		}
		for hr, d := range r.sums {
			if d != sumHour(hr, r.byTime[r.search(hr):r.search(hr+1)]) {
				return fmt.Errorf("room %s: digest of hour %d is stale", r.name, hr)
			}
		}
	}
	return nil
}

// checkArchive tells whether what is known of archives agrees.
func (h *Hall) checkArchive(r *room) error {
	if r.heads.Len() > headsMax+1 {
		return fmt.Errorf("%d heads", r.heads.Len())
	}
	for node, k := range r.heads.All() {
		if who, err := node.ID(); err != nil || who != k.who || k.head.node != node || headIDOf(k.raw) != k.id || k.head.room != r.key {
			return fmt.Errorf("head of %s under %s", k.who, who)
		}
		if !k.teller.IsZero() && !h.remotes.Has(k.teller) {
			return fmt.Errorf("a head of %s, who is gone", k.teller)
		}
	}
	bytes := 0
	for i, e := range r.own.fresh {
		bytes += len(e.raw)
		if !h.isOurs(e) || i > 0 && r.own.fresh[i-1].seq >= e.seq {
			return fmt.Errorf("fresh line %d", i)
		}
	}
	if bytes != r.own.bytes || len(r.own.lonely) > lonelyMax {
		return fmt.Errorf("%d bytes of fresh lines, not %d; %d lonely pages", bytes, r.own.bytes, len(r.own.lonely))
	}
	flying := 0
	for i, w := range h.walks {
		flying += w.flying.Len()
		if slices.Contains(h.walks[:i], w) || w.pages > walkPagesMax || w.misses >= missingMax+getsMax {
			return fmt.Errorf("walk %d: %d pages, %d missing", i, w.pages, w.misses)
		}
	}
	if h.gets > getsMax || h.gets < 0 || h.puts < 0 || h.puts > putsMax || flying > h.gets || len(h.walks) > walksMax {
		return fmt.Errorf("%d gets, %d flying, %d puts, %d walks", h.gets, flying, h.puts, len(h.walks))
	}
	return nil
}
