package chat

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Bounds of a page of history.
const (
	pageDefault = 100
	pageMax     = 1000
)

// Tail is the cursor that gives the newest page.
const Tail = "tail"

// Line is a line as the user sees it. Text is as the author wrote it; what shows
// it must make it harmless.
type Line struct {
	ID       LineID
	Room     string
	Author   string // ~ and the fingerprint
	AuthorID id.ID  // the author's node
	Text     string
	Seq      uint64    // of the author
	At       time.Time // as the author claims
	Received time.Time
	State    State
	Peers    int // sent: handed to so many; delivered: confirmed by so many
}

func (h *Hall) line(r *room, e *entry) Line {
	return Line{
		ID: e.id, Room: r.name, Author: AuthorName(e.who.node), AuthorID: e.who.node, Text: e.text(), Seq: e.seq,
		At: time.Unix(0, e.at).UTC(), Received: time.Unix(0, e.received).UTC(), State: e.state.state(), Peers: e.peers,
	}
}

// changed tells the user of a line that is new or in a new state.
func (h *Hall) changed(r *room, e *entry) { h.news.Lines = append(h.news.Lines, h.line(r, e)) }

func (h *Hall) answerLine(t id.Ticket, r *room, e *entry) {
	if !t.IsZero() {
		l := h.line(r, e)
		h.answer(t, &l, nil)
	}
}

// History returns the lines that were received after the cursor since, at most
// limit (0: 100; most: 1000), sorted by claimed time, author and sequence, and
// the cursor behind them. An empty since starts at the oldest line, Tail gives
// the newest limit lines. A cursor stays good for ever.
func (h *Hall) History(roomName, since string, limit int) ([]Line, string, error) {
	if err := CheckRoom(roomName); err != nil {
		return nil, "", err
	}
	r, ok := h.rooms.Get(keyOf(h.tag, roomName))
	if !ok {
		return nil, "", fmt.Errorf("%w: %s", ErrNoRoom, roomName)
	}
	if limit <= 0 {
		limit = pageDefault
	}
	limit = min(limit, pageMax)
	start, pos, err := r.seek(since, limit)
	if err != nil {
		return nil, "", err
	}
	page := slices.Clone(r.byPos[start:min(len(r.byPos), start+limit)])
	if len(page) > 0 {
		pos = page[len(page)-1].pos
	}
	slices.SortFunc(page, compareEntries)
	out := make([]Line, len(page))
	for i, e := range page {
		out[i] = h.line(r, e)
	}
	return out, strconv.FormatUint(pos, 10), nil
}

// seek finds the index in byPos where a page starts, and the position before it.
func (r *room) seek(since string, limit int) (start int, pos uint64, err error) {
	switch since {
	case "":
		return 0, 0, nil
	case Tail:
		return max(0, len(r.byPos)-limit), r.nextPos - 1, nil
	}
	pos, err = strconv.ParseUint(since, 10, 62)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %.40q", ErrCursor, since)
	}
	start, _ = slices.BinarySearchFunc(r.byPos, pos+1, comparePos)
	return start, pos, nil
}

// RoomInfo describes a room.
type RoomInfo struct {
	Name   string
	Topic  string
	Lines  int
	Bytes  int
	Queued int // own lines handed to nobody yet
	Peers  int // connected members

	Archived uint64 // own lines in the archive
	Restored int    // lines of others, and of us, that came from it in this run
}

// Rooms lists the rooms we are in, in the order of joining.
func (h *Hall) Rooms() []RoomInfo {
	var out []RoomInfo
	for _, r := range h.rooms.All() {
		if !r.member {
			continue
		}
		info := RoomInfo{Name: r.name, Topic: r.topic, Lines: len(r.byPos), Bytes: r.bytes, Restored: r.restored}
		if k, ok := h.ours(r); ok {
			info.Archived = k.head.lines
		}
		for _, e := range r.mine {
			if e.state == queued {
				info.Queued++
			}
		}
		for _, p := range h.remotes.All() {
			if p.rooms.Has(r.key) {
				info.Peers++
			}
		}
		out = append(out, info)
	}
	return out
}
