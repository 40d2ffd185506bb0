package hosts

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Untried is how many grey hosts were never dialled.
func (b *Book) Untried() int { return b.untried }

// PickUntried draws one of them that may be dialled now, as Pick does.
func (b *Book) PickUntried(now time.Time, skip func(id.ID) bool) (Host, bool) {
	if b.untried == 0 {
		return Host{}, false
	}
	who, ok := b.lists[index(Grey)].pick(b.rng, func(who id.ID) bool {
		e, _ := b.entries.Get(who)
		return e.LastTried.IsZero() && b.ready(now, e) && (skip == nil || !skip(who))
	})
	if !ok {
		return Host{}, false
	}
	return b.Get(who)
}

// Oldest is the host of a colour that may be dialled now and was last seen longest ago,
// before the given moment.
func (b *Book) Oldest(now time.Time, c Colour, before time.Time, skip func(id.ID) bool) (Host, bool) {
	var oldest *entry
	for _, g := range b.lists[index(c)].groups.All() {
		for who, e := range g.All() {
			if e.LastSeen.Before(before) && (oldest == nil || e.LastSeen.Before(oldest.LastSeen)) && b.ready(now, e) && (skip == nil || !skip(who)) {
				oldest = e
			}
		}
	}
	if oldest == nil {
		return Host{}, false
	}
	return oldest.Host, true
}

// tried notes that a host is dialled, or is as good as dialled.
func (b *Book) tried(now time.Time, e *entry) {
	e.LastTried = now
	b.fresh(e, false)
}

// fresh keeps the count of Untried.
func (b *Book) fresh(e *entry, is bool) {
	if is != e.untried {
		e.untried = is
		if is {
			b.untried++
		} else {
			b.untried--
		}
	}
}
