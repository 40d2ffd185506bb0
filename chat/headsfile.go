package chat

import (
	"errors"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/work"
)

// What is known of archives is in a file of each room, made anew when it changes: records
//
//	known   [4, head, number, lines, sequence]   the last three say how far it was followed
//	lonely  [5, IDs]                             pages of ours that no other node took
//
// It is a cache: what is lost of it members tell again.
const (
	recordKnown  = 4
	recordLonely = 5
)

// headsSaveSoon has the file written in a while.
func (r *room) headsSaveSoon(h *Hall, now time.Time) {
	if r.headsSave.IsZero() {
		r.headsSave = now.Add(headsSaveAfter)
	}
	h.wake(r.headsSave)
}

func (h *Hall) advanceHeads(now time.Time, r *room) {
	switch {
	case r.headsSave.IsZero():
	case now.Before(r.headsSave):
		h.wake(r.headsSave)
	default:
		h.saveHeads(r, id.Ticket{})
	}
}

// saveHeads writes the file; who has the ticket hears of it.
func (h *Hall) saveHeads(r *room, t id.Ticket) {
	r.headsSave = time.Time{}
	var b []byte
	for _, k := range r.heads.All() {
		items := rlp.AppendBytes(rlp.AppendUint(nil, recordKnown), k.raw)
		items = rlp.AppendUint(rlp.AppendUint(items, k.done.number), k.done.lines)
		b = appendRecord(b, rlp.AppendUint(items, k.done.seq))
	}
	if len(r.own.lonely) > 0 {
		ids := make([]LineID, 0, len(r.own.lonely))
		for _, p := range r.own.lonely {
			ids = append(ids, LineID(p))
		}
		b = appendRecord(b, append(rlp.AppendUint(nil, recordLonely), idsItem(ids)...))
	}
	h.news.Saves = append(h.news.Saves, work.Save{Ticket: t, File: r.key.headsFile(), Data: b})
}

// loadHeads reads the file, up to the first record that is damaged.
func (h *Hall) loadHeads(now time.Time, r *room, data []byte) {
	for len(data) > 0 {
		n, kind, size, err := nextRecord(data)
		if err == nil {
			switch kind {
			case recordKnown:
				err = h.loadKnown(now, r, n)
			case recordLonely:
				err = r.loadLonely(now, n)
			default:
				err = errRecord
			}
		}
		if err != nil {
			h.emit(now, "damaged", r, len(data), err)
			return
		}
		data = data[size:]
	}
}

func (h *Hall) loadKnown(now time.Time, r *room, n *rlp.Reader) error {
	var raw []byte
	var done mark
	if err := errors.Join(loose(n, &raw), number(n, &done.number), number(n, &done.lines), number(n, &done.seq), n.End()); err != nil {
		return err
	}
	d, err := decodeHead(raw)
	if err != nil {
		return err
	}
	a, err := h.authorOf(d.node)
	if err != nil || d.room != r.key || r.heads.Len() > headsMax {
		return errors.Join(errRecord, err)
	}
	k := knownOf(d, slices.Clone(raw))
	k.who, k.done = a.node, done
	if k.who == h.cfg.Self {
		h.lastSeq = max(h.lastSeq, d.seq)
	}
	if done != d.mark() {
		k.due = now.Add(walkRetry)
		h.wake(k.due)
	}
	r.heads.Put(d.node, k)
	return nil
}

func (r *room) loadLonely(now time.Time, n *rlp.Reader) error {
	ids, err := readIDs(n, lonelyMax)
	if err != nil {
		return err
	}
	for _, l := range ids {
		r.own.lonely = append(r.own.lonely, PageID(l))
	}
	r.own.lonelyDue = now.Add(lonelyEvery)
	return n.End()
}
