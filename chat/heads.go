package chat

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
)

// known is the newest head of one author that we know in a room.
type known struct {
	head   *head
	raw    []byte
	id     headID
	who    id.ID // the author's node
	teller id.ID // the peer that told us of this author; zero when it is gone
	done   mark
	walk   *walk     // of what is not done; nil when there is none
	due    time.Time // when it is looked at; zero when nothing is to do
	fails  int
	until  time.Time // not looked at before, because of what was found
}

// mark is how far an author's archive was followed: what is up to there is in the log, or
// was found not to belong there.
type mark struct{ number, lines, seq uint64 }

func (d *head) mark() mark { return mark{d.number, d.lines, d.seq} }

func knownOf(d *head, raw []byte) *known { return &known{head: d, raw: raw, id: headIDOf(raw)} }

// headDigest tells sets of heads apart.
func (r *room) headDigest() digest {
	if r.headSum != nil {
		return *r.headSum
	}
	ids := make([]headID, 0, r.heads.Len())
	for _, k := range r.heads.All() {
		ids = append(ids, k.id)
	}
	slices.SortFunc(ids, func(a, b headID) int { return bytes.Compare(a[:], b[:]) })
	s := sha256.New()
	for _, i := range ids {
		s.Write(i[:])
	}
	r.headSum = new(digest)
	s.Sum(r.headSum[:0])
	return *r.headSum
}

// keepHead takes a head whose signatures are good and whose author's node is known, if it
// is the newest of that author.
func (h *Hall) keepHead(now time.Time, r *room, k *known, teller id.ID) bool {
	k.teller = teller
	old, have := r.heads.Get(k.head.node)
	switch {
	case have && !k.head.newer(old.head):
		return false
	case have:
		k.teller, k.done, k.walk, k.fails, k.until = old.teller, old.done, old.walk, old.fails, old.until
		k.retarget(old)
	case r.heads.Len() >= headsMax && k.who != h.cfg.Self && !r.evictHead(teller):
		return false
	}
	r.heads.Put(k.head.node, k)
	r.headSum = nil
	r.headsSaveSoon(h, now)
	if k.who == h.cfg.Self {
		h.lastSeq = max(h.lastSeq, k.head.seq)
		r.own.tail = nil
		r.own.drop(k.head.seq)
	}
	if k.due = now.Add(walkSettle); k.due.Before(k.until) {
		k.due = k.until
	}
	h.wake(k.due)
	return true
}

// evictHead makes room for a head that teller brings, at the cost of the peer that
// brought most, so that nobody fills the table alone. Authors of whom the log has a line
// stay before others.
func (r *room) evictHead(teller id.ID) bool {
	var shares ordered.Map[id.ID, int]
	for _, k := range r.heads.All() {
		n, _ := shares.Get(k.teller)
		shares.Put(k.teller, n+1)
	}
	most, n := id.ID{}, 0
	for t, s := range shares.All() {
		if s > n {
			most, n = t, s
		}
	}
	if own, _ := shares.Get(teller); most == teller || n <= own+1 {
		return false
	}
	var heard ordered.Set[id.ID]
	for _, e := range r.byPos {
		heard.Add(e.who.node)
	}
	var gone id.Public
	found := false
	for node, k := range r.heads.All() {
		if k.teller != most || k.who == r.self {
			continue
		}
		if !found {
			gone, found = node, true
		}
		if !heard.Has(k.who) {
			gone = node
			break
		}
	}
	return found && r.heads.Delete(gone)
}

// forgetTeller lets go of who told us of heads, when it is gone.
func (h *Hall) forgetTeller(p id.ID) {
	for _, r := range h.rooms.All() {
		for _, k := range r.heads.All() {
			if k.teller == p {
				k.teller = id.ID{}
			}
		}
	}
}
