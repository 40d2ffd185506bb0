package chat

import (
	"bytes"
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Why a line that passed Check is not kept.
var (
	errWindow = errors.New("claimed time out of window")
	errFlood  = errors.New("author says too much")
)

// Delivered brings a line from gossip. Check must have accepted it for the topic.
// from is who handed it over; zero for ourselves.
func (h *Hall) Delivered(now time.Time, topic string, data []byte, from id.ID) News {
	k, ok := parseTopic(topic)
	if !ok {
		return h.take()
	}
	r, ok := h.rooms.Get(k)
	if !ok || !r.member || len(data) > lineBytesMax {
		return h.take()
	}
	lineID := idOf(data)
	if _, have := r.index[lineID]; have {
		return h.take()
	}
	s, err := decodeLine(data)
	if err == nil && keyOf(s.tag, s.room) != r.key {
		err = ErrForeign
	}
	if err == nil {
		err = h.live(now, r, s)
	}
	if err != nil {
		h.emit(now, "dropped", r, 1, err)
		return h.take()
	}
	e, err := h.entryOf(now, bytes.Clone(data), lineID, s)
	if err != nil {
		h.emit(now, "dropped", r, 1, err)
		return h.take()
	}
	h.keep(now, r, []*entry{e})
	return h.take()
}

// live tells whether a line may enter now: its claimed time and its author's pace.
func (h *Hall) live(now time.Time, r *room, s *signed) error {
	age := now.UnixNano() - int64(s.at)
	if age > int64(backwardMax) || age < -int64(forwardMax) {
		return errWindow
	}
	a, err := h.authorOf(s.node)
	if err != nil {
		return err
	}
	if a.node == h.cfg.Self {
		return nil
	}
	flood, fast := a.heard(now)
	if flood {
		return errFlood
	}
	if fast {
		h.emit(now, "fast", r, a.n, nil)
	}
	return nil
}

// keep puts lines of others into the room, tells of them, writes them to the log
// without waiting, and notes receipts for authors we are connected with.
func (h *Hall) keep(now time.Time, r *room, es []*entry) {
	var records []byte
	kept := 0
	for _, e := range es {
		if e.state != received { // ours, come back from others: they have it
			e.state, e.peers = delivered, 1
		}
		if !r.insert(e) {
			continue
		}
		kept++
		records = appendLine(records, e.logged())
		h.changed(r, e)
		h.confirm(now, r, e)
		if h.isOurs(e) {
			h.toArchive(now, r, e)
		}
	}
	if kept > 0 {
		h.emit(now, "kept", r, kept, nil)
		h.write(r, task{kind: taskLog}, records)
	}
}
