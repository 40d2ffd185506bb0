package chat

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// Say says a line. The answer comes when it is on disk and published, with the
// line: queued when it went to nobody yet, sent when it did.
func (h *Hall) Say(now time.Time, t id.Ticket, room, text string) News {
	r, err := h.canSay(now, room, text)
	if err != nil {
		h.answer(t, nil, err)
		return h.take()
	}
	h.lastSeq++
	h.lastAt = h.claim(now)
	s := signed{tag: h.tag, room: room, seq: h.lastSeq, at: uint64(h.lastAt), text: []byte(text)}
	h.saying++
	a := h.cfg.Author
	h.news.Jobs = append(h.news.Jobs, work.Job{
		Ticket: h.begin(task{kind: taskSign, room: r, ask: t}),
		Run:    func() any { return a.sign(s) },
	})
	return h.take()
}

func (h *Hall) canSay(now time.Time, room, text string) (*room, error) {
	if err := CheckRoom(room); err != nil {
		return nil, err
	}
	r, ok := h.rooms.Get(keyOf(h.tag, room))
	if !ok || !r.member {
		return nil, fmt.Errorf("%w: %s", ErrNoRoom, room)
	}
	if err := checkText([]byte(text)); err != nil {
		return nil, err
	}
	if len(r.mine)+h.saying >= outboxMax {
		return nil, ErrOutbox
	}
	if h.saying >= sayingMax || !h.said.take(now, sayBurst, sayRate) {
		return nil, ErrTooFast
	}
	return r, nil
}

// claim is the time a line of ours claims: now, but after our last line, unless
// the clock went back so far that others would not take it.
func (h *Hall) claim(now time.Time) int64 {
	at := now.UnixNano()
	if ahead := h.lastAt + 1 - at; ahead > 0 && ahead < int64(forwardMax/2) {
		return h.lastAt + 1
	}
	return at
}

// wasSigned keeps the line and has it saved.
func (h *Hall) wasSigned(now time.Time, k task, result any) {
	raw, ok := result.([]byte)
	if !ok || !k.room.member {
		h.saying--
		h.answer(k.ask, nil, ErrNoRoom)
		return
	}
	s, err := decodeLine(raw)
	if err != nil {
		panic("chat: our own line cannot be read: " + err.Error())
	}
	e, err := h.entryOf(now, raw, idOf(raw), s)
	if err != nil {
		panic("chat: our own key is no key: " + err.Error())
	}
	if !k.room.insert(e) {
		h.saying--
		h.answer(k.ask, nil, ErrOld)
		return
	}
	k.kind, k.entry = taskSay, e
	h.write(k.room, k, appendLine(nil, e.logged()))
}

// wasSaved publishes the line that is now safe.
func (h *Hall) wasSaved(now time.Time, k task, err error) {
	r, e := k.room, k.entry
	if err != nil {
		h.saying--
		r.remove(e)
		h.answer(k.ask, nil, fmt.Errorf("chat: save line: %w", err))
		return
	}
	if !k.whole && !r.log.repairDue.IsZero() {
		h.rewrite(r, k) // it stands behind a torn record: not safe yet
		return
	}
	h.saying--
	if e.state == queued {
		r.mine = append(r.mine, e)
	}
	h.emit(now, "said", r, len(e.raw), nil)
	h.toArchive(now, r, e)
	h.changed(r, e)
	if !r.member || !h.reachable(r) || e.state == delivered {
		h.answerLine(k.ask, r, e)
		return
	}
	h.publish(now, r, e, k.ask)
}

func (h *Hall) publish(now time.Time, r *room, e *entry, ask id.Ticket) {
	e.publishing = true
	due := now.Add(publishTimeout)
	h.wake(due)
	t := h.begin(task{kind: taskPublish, room: r, entry: e, ask: ask, due: due})
	h.pub.Publish(now, t, r.topic, e.raw)
}

// Published brings the outcome of a Publish: to how many peers the line went.
func (h *Hall) Published(now time.Time, t id.Ticket, peers int, err error) News {
	if k, ok := h.end(t); ok && k.kind == taskPublish {
		h.wasPublished(now, k, peers, err)
	}
	return h.take()
}

func (h *Hall) wasPublished(now time.Time, k task, peers int, err error) {
	r, e := k.room, k.entry
	e.publishing = false
	switch {
	case err != nil || peers <= 0:
		h.emit(now, "queued", r, 1, err)
		r.reach.retry = now.Add(retryEvery << min(r.reach.fails, retryDoublings))
		r.reach.fails++
		h.wake(r.reach.retry)
	case e.state == queued:
		e.state, e.peers, r.reach.fails = sent, peers, 0
		h.emit(now, "sent", r, peers, nil)
		h.changed(r, e)
		h.writeState(r, e)
	}
	h.answerLine(k.ask, r, e)
}

// advancePublish gives up on outcomes that did not come.
func (h *Hall) advancePublish(now time.Time) {
	for _, n := range h.open.Keys() {
		k, _ := h.open.Get(n)
		switch {
		case k.kind != taskPublish:
		case now.Before(k.due):
			h.wake(k.due)
		default:
			h.open.Delete(n)
			h.wasPublished(now, k, 0, nil)
		}
	}
}

// reach says when the outbox of a room is tried again.
type reach struct {
	retry time.Time
	fails int // in a row
}

// reachable tells whether publishing may help: whether a member is connected.
func (h *Hall) reachable(r *room) bool {
	for _, p := range h.remotes.All() {
		if p.rooms.Has(r.key) {
			return true
		}
	}
	return false
}

func (h *Hall) advanceOutbox(now time.Time, r *room) {
	switch {
	case r.reach.retry.IsZero():
	case now.Before(r.reach.retry):
		h.wake(r.reach.retry)
	default:
		r.reach.retry = time.Time{}
		h.flush(now, r)
	}
}

// flush publishes the queued lines, no faster than others take them. Lines too
// old to be taken live reach members as history.
func (h *Hall) flush(now time.Time, r *room) {
	if !r.member || !h.reachable(r) {
		return
	}
	for _, e := range append([]*entry(nil), r.mine...) {
		if e.state != queued || e.publishing || now.UnixNano()-e.at > int64(backwardMax) {
			continue
		}
		if !h.said.take(now, sayBurst, sayRate) {
			r.reach.retry = h.said.next(sayBurst, sayRate)
			h.wake(r.reach.retry)
			return
		}
		h.publish(now, r, e, id.Ticket{})
	}
}
