package chat

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// sealPage has the next page made and its head signed.
func (h *Hall) sealPage(now time.Time, r *room) {
	p, last := h.nextPage(r)
	if last == nil {
		h.putEnded(now, r)
		return
	}
	key, author := r.pageKey(h.tag), h.cfg.Author
	d := head{room: r.key, number: p.number, lines: p.before + uint64(len(p.lines)), seq: last.seq, at: uint64(last.at)}
	if len(p.prevs) > 0 {
		d.last = p.prevs[0]
	}
	h.news.Jobs = append(h.news.Jobs, work.Job{
		Ticket: h.begin(task{kind: taskSeal, room: r}),
		Run: func() any {
			raw, d := key.seal(p), d
			d.newest = sha256.Sum256(raw)
			author.signHead(&d)
			return &sealedPage{p, raw, knownOf(&d, d.encode())}
		},
	})
}

func (h *Hall) pageSealed(now time.Time, r *room, result any) {
	s, ok := result.(*sealedPage)
	if !ok {
		h.putFailed(now, r, ErrPage)
		return
	}
	h.cfg.Pages.Put(now, h.begin(task{kind: taskPut, room: r, sealed: s}), s.raw)
}

// pagePut takes up the head of a page that is kept now.
func (h *Hall) pagePut(now time.Time, r *room, s *sealedPage, others int, err error) {
	if err != nil {
		h.putFailed(now, r, err)
		return
	}
	a := &r.own
	old, had := h.ours(r)
	s.head.who = h.cfg.Self
	if !h.keepHead(now, r, s.head, id.ID{}) {
		a.tail = nil // another of our lives has put as much or more: go on from there
		h.putEnded(now, r)
		return
	}
	k := s.head
	k.done, k.due = k.head.mark(), time.Time{}
	a.tail, a.fails = s.page, 0
	if had && old.head.number == k.head.number {
		a.lonely = slices.DeleteFunc(a.lonely, func(p PageID) bool { return p == old.head.newest })
		a.replaced = old.head.newest
		h.saveHeads(r, h.begin(task{kind: taskHead, room: r, page: a.replaced}))
	}
	if others == 0 {
		h.noteLonely(now, r, k.head.newest)
	}
	h.emit(now, "archived", r, len(s.page.lines), nil)
	a.since = now
	if !a.full() { // else the next page is put at once
		h.pushHead(now, r, k.raw)
	}
	h.putEnded(now, r)
}

// headSaved drops the page that our head named before. Earlier a start would still look
// for it: the file of heads is what it knows.
func (h *Hall) headSaved(now time.Time, p PageID, err error) {
	if err == nil {
		h.cfg.Pages.Drop(now, p)
	}
}

func (h *Hall) putFailed(now time.Time, r *room, err error) {
	h.emit(now, "archive_failed", r, len(r.own.fresh), err)
	r.own.due = now.Add(putRetry << min(r.own.fails, putDoublings))
	r.own.fails++
	h.putEnded(now, r)
}

// putEnded goes on with what is left, here and in rooms that waited.
func (h *Hall) putEnded(now time.Time, r *room) {
	h.puts--
	r.own.busy = false
	h.planArchive(now, r)
	for _, other := range h.rooms.Values() {
		if h.flushing() && other.own.fails == 0 && len(other.own.fresh) > 0 {
			other.own.due = now
		}
		h.advanceArchive(now, other)
	}
	h.flushed(now)
}

// Flush puts what is not yet in the archive, before an end, and saves what is known of
// others'. It is answered when that is done or has failed.
func (h *Hall) Flush(now time.Time, t id.Ticket) News {
	h.flushes = append(h.flushes, t)
	for _, r := range h.rooms.Values() {
		if !r.headsSave.IsZero() {
			h.saveHeads(r, id.Ticket{})
		}
		if len(r.own.fresh) > 0 {
			r.own.due, r.own.fails = now, 0
			h.advanceArchive(now, r)
		}
	}
	h.flushed(now)
	return h.take()
}

func (h *Hall) flushing() bool { return len(h.flushes) > 0 }

// flushed answers a Flush when no room has anything to put, and the members have been told.
func (h *Hall) flushed(now time.Time) {
	if !h.flushing() {
		return
	}
	for _, r := range h.rooms.All() {
		if r.own.busy || h.cfg.Pages != nil && len(r.own.fresh) > 0 && r.own.fails == 0 {
			return
		}
		if !r.headsSave.IsZero() {
			h.saveHeads(r, id.Ticket{})
		}
	}
	if heard := h.headTold.Add(flushGrace); now.Before(heard) {
		h.wake(heard)
		return
	}
	for _, t := range h.flushes {
		h.answer(t, nil, nil)
	}
	h.flushes = nil
}
