package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/work"
)

// walk follows the archive of one author from its newest page backwards, over pages that
// nobody has.
type walk struct {
	room    *room
	node    id.Public
	floor   uint64                      // of the pages before, all is done
	want    ordered.Map[uint64, PageID] // known by ID and not asked for
	flying  ordered.Map[uint64, PageID] // asked for
	missing ordered.Map[uint64, PageID] // that were not found
	misses  int                         // of this round
	seen    ordered.Set[uint64]
	pages   int
}

// retarget lets the walk that the head before had begun go on from a newer one, whose
// newest page may be the same one with more lines.
func (k *known) retarget(old *known) {
	if k.walk == nil {
		return
	}
	n := k.head.number
	k.walk.seen.Delete(n)
	k.walk.missing.Delete(n)
	k.walk.want.Put(n, k.head.newest)
	if old.head.number < n && !k.walk.seen.Has(n-1) {
		k.walk.want.Put(n-1, k.head.last)
	}
}

// advanceWalks looks at the heads of a room that are due, and begins to walk where lines
// are missing. What members can still give comes first.
func (h *Hall) advanceWalks(now time.Time, r *room) {
	if h.cfg.Pages == nil || !r.member {
		return
	}
	for _, k := range r.heads.Values() {
		switch {
		case k.due.IsZero():
		case now.Before(k.due):
			h.wake(k.due)
		case r.pulls.Len() > 0 || len(h.walks) >= walksMax:
			h.wake(now.Add(walkSettle))
		default:
			k.due = time.Time{}
			h.beginWalk(now, r, k)
		}
	}
	h.feedWalks(now)
}

func (h *Hall) beginWalk(now time.Time, r *room, k *known) {
	if k.head.mark() == k.done || !r.space(0) || r.complete(k) {
		h.walked(now, r, k)
		return
	}
	if k.walk == nil {
		k.walk = &walk{room: r, node: k.head.node, floor: k.done.number}
		k.walk.want.Put(k.head.number, k.head.newest)
	}
	k.walk.nextRound()
	if !slices.Contains(h.walks, k.walk) {
		h.walks = append(h.walks, k.walk)
	}
}

// nextRound asks again for what was not found, when all else was asked for.
func (w *walk) nextRound() {
	w.misses = 0
	if w.want.Len() == 0 {
		w.want, w.missing = w.missing, ordered.Map[uint64, PageID]{}
	}
}

// resting tells whether nothing more is asked for in this round.
func (w *walk) resting() bool {
	return w.want.Len() == 0 || w.misses >= missingMax || w.pages >= walkPagesMax
}

// resumeWalks looks at heads again whose archives were not followed when we left.
func (h *Hall) resumeWalks(now time.Time, r *room) {
	for _, k := range r.heads.All() {
		if k.done != k.head.mark() {
			k.due = now.Add(walkSettle)
			h.wake(k.due)
		}
	}
}

// dropWalks ends all walks of a room that we leave.
func (r *room) dropWalks() {
	for _, k := range r.heads.All() {
		k.walk, k.due = nil, time.Time{}
	}
}

// complete tells whether the log has all lines of an archive that were not there when it
// was last followed. An author who miscounts deceives himself.
func (r *room) complete(k *known) bool {
	have := uint64(0)
	for _, e := range r.byPos {
		if e.who.node == k.who && e.seq > k.done.seq && e.seq <= k.head.seq {
			have++
		}
	}
	return k.done.lines <= k.head.lines && have >= k.head.lines-k.done.lines
}

// space tells whether a line of so many bytes has room without another one going. Lines
// of the archive never take the place of lines that are there.
func (r *room) space(bytes int) bool {
	return len(r.byTime) < r.linesMax && r.bytes+bytes <= r.bytesMax
}

// walked notes that nothing is left to do for a head.
func (h *Hall) walked(now time.Time, r *room, k *known) {
	k.done, k.walk, k.fails = k.head.mark(), nil, 0
	r.headsSaveSoon(h, now)
	h.settle(now, r)
}

// walking tells whether lines may come from the archive soon.
func (r *room) walking() bool {
	if r.checking > 0 {
		return true
	}
	for _, k := range r.heads.All() {
		if k.fails == 0 && (!k.due.IsZero() || k.walk != nil) {
			return true
		}
	}
	return false
}

// feedWalks asks for pages: of each walk in turn, a few at a time.
func (h *Hall) feedWalks(now time.Time) {
	h.walks = slices.DeleteFunc(h.walks, func(w *walk) bool { _, ok := w.of(); return !ok })
	for i := 0; i < len(h.walks) && h.gets < getsMax; {
		w := h.walks[i]
		if w.resting() {
			i++
			continue
		}
		at, which := w.want.At(0)
		for j := 1; j < w.want.Len(); j++ {
			if num, p := w.want.At(j); num > at {
				at, which = num, p
			}
		}
		w.want.Delete(at)
		w.flying.Put(at, which)
		w.pages++
		h.gets++
		h.walks = append(append(h.walks[:i:i], h.walks[i+1:]...), w)
		h.cfg.Pages.Get(now, h.begin(task{kind: taskGet, room: w.room, walk: w, number: at, page: which}), which)
		i = 0
	}
}

// of finds the head whose archive a walk follows; none when the walk is over.
func (w *walk) of() (*known, bool) {
	k, ok := w.room.heads.Get(w.node)
	return k, ok && k.walk == w && w.room.member
}

// pageGot has a page of a walk opened and its lines checked.
func (h *Hall) pageGot(now time.Time, t task, sealed []byte, err error) {
	k, ok := t.walk.of()
	if !ok || err != nil {
		h.gets--
		if ok {
			h.pageMissing(t, k)
			h.walkOn(now, k)
		}
		h.feedWalks(now)
		return
	}
	key, topic, d := t.room.pageKey(h.tag), t.room.topic, k.head
	t.kind = taskOpen
	h.news.Jobs = append(h.news.Jobs, work.Job{
		Ticket: h.begin(t),
		Key:    pageJobKey(k.id, t.number, t.page),
		Run:    func() any { return openPage(key, topic, d, t.number, sealed) },
	})
}

// pageJobKey names what comes of a page at one place of one archive.
func pageJobKey(d headID, at uint64, p PageID) [32]byte {
	b := append([]byte("chat page\x00"), d[:]...)
	return sha256.Sum256(append(binary.BigEndian.AppendUint64(b, at), p[:]...))
}

// pageMissing notes a page that was not found. Of the newest one the head tells what
// comes before it.
func (h *Hall) pageMissing(t task, k *known) {
	w := t.walk
	if which, _ := w.flying.Get(t.number); which == t.page {
		w.flying.Delete(t.number)
	}
	if w.want.Has(t.number) {
		return // a newer one of that number
	}
	w.missing.Put(t.number, t.page)
	w.misses++
	if t.number == k.head.number && t.number > w.floor {
		w.hear(t.number-1, k.head.last)
	}
}

// hear notes the ID of a page, if it is still to be asked for.
func (w *walk) hear(n uint64, p PageID) {
	if n < w.floor || w.seen.Has(n) || w.want.Has(n) || w.flying.Has(n) || w.missing.Has(n) {
		return
	}
	if w.pages+w.want.Len() < walkPagesMax {
		w.want.Put(n, p)
	}
}

// pageOpened takes the lines of a page in and goes on to those before it.
func (h *Hall) pageOpened(now time.Time, t task, result any) {
	h.gets--
	k, ok := t.walk.of()
	o, _ := result.(openedPage)
	switch {
	case !ok:
	case o.err != nil || o.page == nil:
		h.emit(now, "page_refused", t.room, int(t.number), o.err)
		h.giveUp(now, k)
	default:
		w := t.walk
		if which, _ := w.flying.Get(t.number); which == t.page {
			w.flying.Delete(t.number)
		}
		if !w.want.Has(t.number) && !w.flying.Has(t.number) {
			w.seen.Add(t.number)
		}
		if h.restore(now, t.room, o.lines) {
			for i, prev := range o.page.prevs {
				w.hear(t.number-1-uint64(i), prev)
			}
		} else {
			w.want, w.missing = ordered.Map[uint64, PageID]{}, ordered.Map[uint64, PageID]{}
		}
		h.walkOn(now, k)
	}
	h.feedWalks(now)
}

// walkOn ends a walk that has nothing left to ask for. When pages were missing it is taken
// up again later.
func (h *Hall) walkOn(now time.Time, k *known) {
	w := k.walk
	if !w.resting() || w.flying.Len() > 0 {
		return
	}
	h.endWalk(w)
	if w.missing.Len()+w.want.Len() == 0 || w.pages >= walkPagesMax {
		h.walked(now, w.room, k)
		return
	}
	h.emit(now, "page_missing", w.room, w.missing.Len(), nil)
	k.until = now.Add(walkRetry << min(k.fails, walkDoublings))
	k.due = k.until
	k.fails++
	h.wake(k.due)
	h.settle(now, w.room)
}

// giveUp lets an author's archive be who put there what does not belong there; a newer
// head is looked at later.
func (h *Hall) giveUp(now time.Time, k *known) {
	r := k.walk.room
	h.endWalk(k.walk)
	h.walked(now, r, k)
	k.until = now.Add(barFor)
}

func (h *Hall) endWalk(w *walk) {
	h.walks = slices.DeleteFunc(h.walks, func(o *walk) bool { return o == w })
}
