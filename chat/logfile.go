package chat

import (
	"time"

	"github.com/ropewalk/ropewalk/work"
)

// logState is what a room knows of its file.
type logState struct {
	bytes      int       // length of the file as we wrote it
	compacting uint64    // ticket number of the rewrite; 0 when none is made
	tail       []byte    // records written while a rewrite is made
	repairDue  time.Time // a write failed: rewrite then; zero when none did
}

// write appends records to the room's log. While the log is broken it is
// rewritten instead for what must last, and not at all for the rest, which the
// rewrite to come will hold.
func (h *Hall) write(r *room, t task, records []byte) {
	if !r.log.repairDue.IsZero() {
		if t.kind == taskSay {
			h.rewrite(r, t)
		}
		return
	}
	if r.log.bytes == 0 {
		records = append(appendHead(nil, h.tag, r.name), records...)
	}
	r.log.bytes += len(records)
	if r.log.compacting != 0 {
		r.log.tail = append(r.log.tail, records...)
	}
	t.room = r
	h.news.Saves = append(h.news.Saves, work.Save{Ticket: h.begin(t), File: r.key.logFile(), Data: records, Append: true})
	if r.log.compacting == 0 && r.log.bytes > (r.bytes+48*len(r.byPos))*5/4+slackBytes {
		h.compact(r)
	}
}

// rewrite replaces a room's log at once. It is for logs that are damaged; compact
// is for those that are merely long.
func (h *Hall) rewrite(r *room, t task) {
	lines := make([]logged, len(r.byPos))
	for i, e := range r.byPos {
		lines[i] = e.logged()
	}
	data := encodeLog(h.tag, r.name, lines)
	r.log = logState{bytes: len(data)}
	t.room, t.whole = r, true
	h.news.Saves = append(h.news.Saves, work.Save{Ticket: h.begin(t), File: r.key.logFile(), Data: data})
}

func (h *Hall) writeState(r *room, e *entry) {
	h.write(r, task{kind: taskLog}, appendState(nil, e.logged()))
}

// compact has the log rewritten: it is built in a job, and what is written
// meanwhile goes behind it.
func (h *Hall) compact(r *room) {
	lines := make([]logged, len(r.byPos))
	for i, e := range r.byPos {
		lines[i] = e.logged()
	}
	tag, name := h.tag, r.name
	t := h.begin(task{kind: taskCompact, room: r})
	r.log.compacting, r.log.tail = t.N, nil
	h.news.Jobs = append(h.news.Jobs, work.Job{
		Ticket: t,
		Run:    func() any { return encodeLog(tag, name, lines) },
	})
}

func (h *Hall) wasCompacted(now time.Time, r *room, ticket uint64, result any) {
	data, _ := result.([]byte)
	if r.log.compacting != ticket || data == nil {
		return
	}
	data = append(data, r.log.tail...)
	r.log.compacting, r.log.tail = 0, nil
	r.log.bytes = len(data)
	h.emit(now, "compacted", r, len(data), nil)
	h.news.Saves = append(h.news.Saves, work.Save{Ticket: h.begin(task{kind: taskLog, room: r}), File: r.key.logFile(), Data: data})
}

// logFailed notes that a write failed. Part of a record may be in the file, so it
// is rewritten as a whole.
func (h *Hall) logFailed(now time.Time, r *room, err error) {
	h.emit(now, "log_failed", r, 0, err)
	r.log.repairDue = now.Add(repairEvery)
	h.wake(r.log.repairDue)
}

func (h *Hall) advanceLog(now time.Time, r *room) {
	switch {
	case r.log.repairDue.IsZero():
	case now.Before(r.log.repairDue) || r.log.compacting != 0:
		h.wake(r.log.repairDue.Add(time.Second))
	default:
		r.log.repairDue = time.Time{}
		h.compact(r)
	}
}
