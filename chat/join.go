package chat

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/work"
)

// join is a Join that waits for its answer.
type join struct {
	ask    id.Ticket
	due    time.Time // answer then at the latest; zero: history is as good as it gets
	asked  bool      // peers were asked: when none is left to answer, it is over
	synced bool
	saved  bool // the list of rooms is on disk
}

// Join enters a room. It is answered when the list of rooms is on disk and the
// first history from a member is in, and what the archive adds to it, or every
// connected peer said that it is no member, or 3 s passed. Without peers it waits for one only as long as wait says.
func (h *Hall) Join(now time.Time, t id.Ticket, name string, wait time.Duration) News {
	r, err := h.enter(name)
	if err != nil {
		h.answer(t, nil, err)
		return h.take()
	}
	fresh := !r.member
	if fresh {
		r.member, r.reach = true, reach{}
		h.emit(now, "join", r, 0, nil)
		h.pub.Follow(now, r.topic)
		h.announce(now)
		h.resumeWalks(now, r)
	}
	j := join{ask: t, saved: r.listed}
	if h.remotes.Len() > 0 {
		j.asked, j.due = true, now.Add(max(joinTimeout, wait))
		for _, p := range h.remotes.Values() {
			h.askHeads(now, p, r)
			h.pull(now, p, r)
			h.tellHeads(p, r)
		}
	} else if wait > 0 {
		j.due = now.Add(wait)
	}
	if !j.due.IsZero() {
		h.wake(j.due)
	}
	if len(r.joins) >= sayingMax {
		h.answer(t, nil, ErrTooFast)
		return h.take()
	}
	r.joins = append(r.joins, j)
	if !r.listed {
		h.saveRooms(task{kind: taskRooms, room: r})
	}
	h.settle(now, r)
	return h.take()
}

// enter finds or makes the room. When there are too many, one that we left goes.
func (h *Hall) enter(name string) (*room, error) {
	if err := CheckRoom(name); err != nil {
		return nil, err
	}
	if r, ok := h.rooms.Get(keyOf(h.tag, name)); ok {
		return r, nil
	}
	if h.rooms.Len() >= roomsMax && !h.forget() {
		return nil, fmt.Errorf("%w: at most %d", ErrTooManyRooms, roomsMax)
	}
	r := newRoom(h.tag, name, h.cfg)
	h.rooms.Put(r.key, r)
	return r, nil
}

// forget gives up the history of one room we left.
func (h *Hall) forget() bool {
	for k, r := range h.rooms.All() {
		if !r.member {
			h.rooms.Delete(k)
			r.log = logState{}
			h.news.Saves = append(h.news.Saves, work.Save{File: k.logFile()}, work.Save{File: k.headsFile()})
			return true
		}
	}
	return false
}

// Leave leaves a room. Its history stays, and counts among the rooms.
func (h *Hall) Leave(now time.Time, t id.Ticket, name string) News {
	r, ok := h.rooms.Get(keyOf(h.tag, name))
	if !ok || !r.member {
		h.answer(t, nil, fmt.Errorf("%w: %.80s", ErrNoRoom, name))
		return h.take()
	}
	r.member, r.listed, r.reach = false, false, reach{}
	h.emit(now, "leave", r, 0, nil)
	h.pub.Unfollow(now, r.topic)
	h.announce(now)
	for _, p := range r.pulls.Values() {
		h.endPull(now, p, errLeft)
	}
	for _, j := range r.joins {
		h.answer(j.ask, nil, ErrNoRoom)
	}
	r.joins = nil
	r.dropWalks()
	h.saveRooms(task{kind: taskRooms, room: r, ask: t})
	return h.take()
}

// settle answers the joins that wait no more.
func (h *Hall) settle(now time.Time, r *room) {
	var rest []join
	for _, j := range r.joins {
		over := j.due.IsZero() || !now.Before(j.due) || (j.synced || j.asked && r.pulls.Len() == 0) && !r.walking()
		if over && j.saved {
			h.answer(j.ask, nil, nil)
			continue
		}
		rest = append(rest, j)
	}
	r.joins = rest
}

// synced notes that the history of a member is in.
func (h *Hall) synced(now time.Time, r *room) {
	for i := range r.joins {
		r.joins[i].synced = true
	}
	h.settle(now, r)
}

func (h *Hall) advanceJoins(now time.Time, r *room) {
	if len(r.joins) == 0 {
		return
	}
	h.settle(now, r)
	for _, j := range r.joins {
		if j.due.After(now) {
			h.wake(j.due)
		}
	}
}

// roomsSaved answers a Leave and releases the joins that waited for the disk.
func (h *Hall) roomsSaved(now time.Time, k task, err error) {
	if err != nil {
		err = fmt.Errorf("chat: save rooms: %w", err)
	}
	h.answer(k.ask, nil, err)
	k.room.listed = err == nil && k.room.member
	for i := range k.room.joins {
		if err != nil {
			h.answer(k.room.joins[i].ask, nil, err)
		}
		k.room.joins[i].saved = true
	}
	if err != nil {
		k.room.joins = nil
	}
	h.settle(now, k.room)
}

// roomsFile lists the rooms: one record [3, room, member] each.
const roomsFile = "chat/rooms"

func (h *Hall) saveRooms(t task) {
	var b []byte
	for _, r := range h.rooms.All() {
		b = appendRoom(b, r.name, r.member)
	}
	h.news.Saves = append(h.news.Saves, work.Save{Ticket: h.begin(t), File: roomsFile, Data: b})
}

func appendRoom(b []byte, name string, member bool) []byte {
	items := rlp.AppendString(rlp.AppendUint(nil, recordRoom), name)
	n := uint64(0)
	if member {
		n = 1
	}
	return appendRecord(b, rlp.AppendUint(items, n))
}

// parseRooms reads the list of rooms: names in order, and whether we are members.
func parseRooms(data []byte) (rooms ordered.Map[string, bool], good int) {
	for good < len(data) && rooms.Len() < roomsMax {
		r, kind, size, err := nextRecord(data[good:])
		if err != nil || kind != recordRoom {
			break
		}
		var name []byte
		var member uint64
		if loose(r, &name) != nil || number(r, &member) != nil || r.End() != nil || CheckRoom(string(name)) != nil {
			break
		}
		rooms.Put(string(name), member == 1)
		good += size
	}
	return rooms, good
}
