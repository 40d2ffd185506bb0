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
	l := &b.lists[index(Grey)]
	l.wake(now)
	e := l.pools[untried].draw(b.rng, &b.order, func(e *entry) bool { return b.ready(now, e) && (skip == nil || !skip(e.ID)) })
	if e == nil {
		return Host{}, false
	}
	return e.Host, true
}

// Oldest is the host of a colour that may be dialled now and was last seen longest ago,
// before the given moment.
func (b *Book) Oldest(now time.Time, c Colour, before time.Time, skip func(id.ID) bool) (Host, bool) {
	var oldest *entry
	for _, e := range b.lists[index(c)].all {
		if e.LastSeen.Before(before) && (oldest == nil || e.LastSeen.Before(oldest.LastSeen)) && b.ready(now, e) && (skip == nil || !skip(e.ID)) {
			oldest = e
		}
	}
	if oldest == nil {
		return Host{}, false
	}
	return oldest.Host, true
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
