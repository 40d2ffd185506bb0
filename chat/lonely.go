package chat

import (
	"slices"
	"time"
)

// noteLonely remembers a page that no other node took.
func (h *Hall) noteLonely(now time.Time, r *room, p PageID) {
	a := &r.own
	if len(a.lonely) >= lonelyMax {
		a.lonely = a.lonely[1:]
	}
	a.lonely = append(a.lonely, p)
	if len(a.lonely) == 1 {
		a.lonelyDue = now.Add(lonelyEvery)
	}
	h.wake(a.lonelyDue)
}

// advanceLonely offers one such page again.
func (h *Hall) advanceLonely(now time.Time, r *room) {
	a := &r.own
	switch {
	case len(a.lonely) == 0 || a.offering || h.cfg.Pages == nil:
	case now.Before(a.lonelyDue):
		h.wake(a.lonelyDue)
	default:
		a.offering = true
		h.cfg.Pages.Get(now, h.begin(task{kind: taskLonely, room: r, page: a.lonely[0]}), a.lonely[0])
	}
}

// lonelyGot offers a page that was here, or gives it up.
func (h *Hall) lonelyGot(now time.Time, k task, sealed []byte, err error) {
	if err != nil {
		h.offered(now, k.room, k.page, 1)
		return
	}
	k.kind = taskOffer
	h.cfg.Pages.Put(now, h.begin(k), sealed)
}

// offered notes how many took it.
func (h *Hall) offered(now time.Time, r *room, p PageID, others int) {
	a := &r.own
	a.offering = false
	if p == a.replaced { // while it was offered
		h.cfg.Pages.Drop(now, p)
		others = 1
	}
	a.lonely = slices.DeleteFunc(a.lonely, func(l PageID) bool { return l == p })
	if others > 0 {
		a.offers = 0
		a.lonelyDue = now
	} else {
		a.lonely = append(a.lonely, p)
		a.lonelyDue = now.Add(lonelyEvery << min(a.offers, putDoublings))
		a.offers++
	}
	r.headsSaveSoon(h, now)
	h.advanceLonely(now, r)
}
