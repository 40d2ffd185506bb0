package chat

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// Pages keeps pages of the archive where others find them, by their SHA-256. Each Put and
// Get is answered once by Paged with its ticket.
type Pages interface {
	// Put keeps a page here until Drop, and offers it to others.
	Put(now time.Time, t id.Ticket, page []byte)
	Get(now time.Time, t id.Ticket, page PageID)
	Drop(now time.Time, page PageID)
}

// archive is what becomes of our own lines in a room: they are put as pages, the last of
// which is put again with more lines until it is full.
type archive struct {
	fresh []*entry // in no page yet, by sequence
	bytes int      // of them
	since time.Time
	due   time.Time // when they are put; zero when there are none
	tail  *page     // our newest page; nil when it is not known
	busy  bool      // a page is made or put
	fails int

	lonely    []PageID // pages that no other node took, at most lonelyMax
	lonelyDue time.Time
	offering  bool
	replaced  PageID // the last page of ours that one with more lines took the place of
	offers    int    // that failed in a row
}

// sealedPage is a page of ours ready to be put, and the head that names it.
type sealedPage struct {
	page *page
	raw  []byte
	head *known
}

// ours is the head of our own archive of a room.
func (h *Hall) ours(r *room) (*known, bool) { return r.heads.Get(h.cfg.Author.node) }

// toArchive notes a line of ours that is to be put.
func (h *Hall) toArchive(now time.Time, r *room, e *entry) {
	if h.cfg.Pages == nil || len(r.own.fresh) >= roomLinesMax {
		return
	}
	if k, ok := h.ours(r); ok && e.seq <= k.head.seq {
		return
	}
	a := &r.own
	i, have := slices.BinarySearchFunc(a.fresh, e.seq, func(e *entry, seq uint64) int { return cmp.Compare(e.seq, seq) })
	if have {
		return
	}
	if len(a.fresh) == 0 {
		a.since = now
	}
	a.fresh = slices.Insert(a.fresh, i, e)
	a.bytes += len(e.raw)
	h.planArchive(now, r)
}

// planArchive says when the fresh lines are put: when they fill a page, or after a pause.
func (h *Hall) planArchive(now time.Time, r *room) {
	a := &r.own
	switch {
	case len(a.fresh) == 0:
		a.due = time.Time{}
		return
	case a.fails > 0 && !a.due.IsZero():
	case a.full():
		a.due = now
	default:
		a.due = now.Add(archiveAfter)
		if last := a.since.Add(archiveWithin); last.Before(a.due) {
			a.due = last
		}
	}
	h.wake(a.due)
}

func (a *archive) full() bool {
	lines, bytes := len(a.fresh), a.bytes
	if a.tail != nil {
		lines += len(a.tail.lines)
	}
	return lines >= pageLinesMax || bytes >= pageBytesMax
}

func (h *Hall) advanceArchive(now time.Time, r *room) {
	a := &r.own
	h.advanceLonely(now, r)
	switch {
	case a.due.IsZero() || a.busy:
	case now.Before(a.due):
		h.wake(a.due)
	case h.puts >= putsMax:
		h.wake(now.Add(time.Second))
	default:
		h.puts++
		a.busy, a.due = true, time.Time{}
		if k, ok := h.ours(r); ok && a.tail == nil {
			h.cfg.Pages.Get(now, h.begin(task{kind: taskTail, room: r}), k.head.newest)
			return
		}
		h.sealPage(now, r)
	}
}

// tailGot has our newest page opened, which an earlier run made.
func (h *Hall) tailGot(now time.Time, r *room, sealed []byte, err error) {
	k, ok := h.ours(r)
	if !ok {
		h.putEnded(now, r)
		return
	}
	if err != nil {
		h.tailOpened(now, r, err)
		return
	}
	key, d := r.pageKey(h.tag), k.head
	h.news.Jobs = append(h.news.Jobs, work.Job{
		Ticket: h.begin(task{kind: taskUnseal, room: r}),
		Run: func() any {
			p, err := key.open(sealed)
			if err != nil || !p.is(d) {
				return errors.Join(ErrPage, err)
			}
			return p
		},
	})
}

// tailOpened goes on from our newest page, or behind it when it is lost.
func (h *Hall) tailOpened(now time.Time, r *room, result any) {
	k, _ := h.ours(r)
	p, ok := result.(*page)
	if ok && p.is(k.head) {
		r.own.tail = p
	} else {
		err, _ := result.(error)
		h.emit(now, "page_lost", r, int(k.head.number), err)
		r.own.tail = &page{number: k.head.number, prevs: lastOf(k.head)}
	}
	h.sealPage(now, r)
}

// is tells whether p is the newest page of an archive.
func (p *page) is(d *head) bool {
	return p.room == d.room && p.node == d.node && p.number == d.number && p.before+uint64(len(p.lines)) == d.lines
}

func lastOf(d *head) []PageID {
	if d.number == 0 {
		return nil
	}
	return []PageID{d.last}
}

// nextPage is what is put next of the fresh lines: our newest page with more lines, or
// the one behind it.
func (h *Hall) nextPage(r *room) (*page, *entry) {
	a, k, had := &r.own, (*known)(nil), false
	p := &page{room: r.key, author: h.cfg.Author.pub, node: h.cfg.Author.node}
	if k, had = h.ours(r); had {
		if len(a.fresh) > 0 && len(a.tail.lines) > 0 && a.tail.fits(len(a.fresh[0].raw)) {
			p.number, p.before, p.prevs, p.lines = a.tail.number, a.tail.before, a.tail.prevs, slices.Clone(a.tail.lines)
		} else {
			p.number, p.before = k.head.number+1, k.head.lines
			p.prevs = append([]PageID{k.head.newest}, a.tail.prevs[:min(len(a.tail.prevs), prevsMax-1)]...)
		}
	}
	var last *entry
	for _, e := range a.fresh {
		if !p.fits(len(e.raw)) {
			break
		}
		p.lines, last = append(p.lines, e.raw), e
	}
	return p, last
}

// drop forgets fresh lines up to a sequence number.
func (a *archive) drop(seq uint64) {
	for len(a.fresh) > 0 && a.fresh[0].seq <= seq {
		a.bytes -= len(a.fresh[0].raw)
		a.fresh = a.fresh[1:]
	}
	if len(a.fresh) == 0 {
		a.fresh = nil
	}
}

// Paged brings the outcome of a Put or Get of Pages: the page that was got, or how many
// others are known to have the one that was put.
func (h *Hall) Paged(now time.Time, t id.Ticket, page []byte, others int, err error) News {
	k, ok := h.end(t)
	if !ok {
		return h.take()
	}
	switch k.kind {
	case taskPut:
		h.pagePut(now, k.room, k.sealed, others, err)
	case taskTail:
		h.tailGot(now, k.room, page, err)
	case taskLonely:
		h.lonelyGot(now, k, page, err)
	case taskOffer:
		h.offered(now, k.room, k.page, others)
	case taskGet:
		h.pageGot(now, k, page, err)
	}
	return h.take()
}
