package chat

import (
	"bytes"
	"time"

	"github.com/ropewalk/ropewalk/work"
)

// Load reads the list of rooms and their logs, and follows the rooms we are in.
// It comes before every other input. A damaged end is cut off by a replacing
// Save; a damaged list of rooms is kept aside under another name.
func (h *Hall) Load(now time.Time, files func(name string) ([]byte, bool)) News {
	list, _ := files(roomsFile)
	rooms, good := parseRooms(list)
	for name, member := range rooms.All() {
		r := newRoom(h.tag, name, h.cfg)
		r.member, r.listed = member, member
		h.rooms.Put(r.key, r)
		if heads, ok := files(r.key.headsFile()); ok && h.cfg.Pages != nil {
			h.loadHeads(now, r, heads)
		}
		data, _ := files(r.key.logFile())
		h.loadLog(now, r, data)
		if member {
			h.pub.Follow(now, r.topic)
			h.advanceOutbox(now, r)
		}
	}
	if good < len(list) {
		h.emit(now, "damaged", nil, len(list)-good, errRecord)
		h.news.Saves = append(h.news.Saves, work.Save{File: roomsFile + ".damaged", Data: list})
		h.saveRooms(task{kind: taskList})
	}
	return h.take()
}

func (h *Hall) loadLog(now time.Time, r *room, data []byte) {
	lines, good := parseLog(h.tag, r.name, data)
	for _, l := range lines {
		e, err := h.entryOf(now, bytes.Clone(l.raw), idOf(l.raw), l.line)
		if err != nil {
			continue
		}
		e.pos, e.received, e.peers = l.pos, int64(l.received), int(l.peers)
		e.state = received
		if h.isOurs(e) {
			e.state = max(l.state, queued)
		}
		if !r.insert(e) {
			continue
		}
		if h.isOurs(e) {
			h.toArchive(now, r, e)
		}
		if e.state == queued || e.state == sent {
			r.mine = append(r.mine, e)
		}
	}
	if n := len(r.mine) - outboxMax; n > 0 {
		r.mine = append([]*entry(nil), r.mine[n:]...)
	}
	r.log.bytes = good
	if good < len(data) {
		h.emit(now, "damaged", r, len(data)-good, errRecord)
		h.rewrite(r, task{kind: taskLog})
	}
	for _, e := range r.mine {
		if e.state == queued {
			r.reach.retry = now
			h.wake(now)
		}
	}
}
