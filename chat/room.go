package chat

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
)

// phase is the state of a line.
type phase uint8

const (
	received  phase = iota // somebody else's
	queued                 // ours, handed to nobody yet
	sent                   // ours, handed to peers
	delivered              // ours, and a member said it has it
	phases
)

// State is the state of a line in words.
type State string

// The states.
const (
	Received  State = "received"
	Queued    State = "queued"
	Sent      State = "sent"
	Delivered State = "delivered"
)

func (p phase) state() State {
	return [phases]State{Received, Queued, Sent, Delivered}[p]
}

// entry is a line in a room. Its first block does not change.
type entry struct {
	id       LineID
	raw      []byte // the encoded line, kept once
	who      *author
	at       int64 // claimed time, Unix nanoseconds
	seq      uint64
	pos      uint64 // order of local receipt
	received int64  // Unix nanoseconds
	textLen  int    // bytes of the text within raw

	state      phase
	publishing bool
	peers      int     // sent: handed to so many; delivered: confirmed by so many
	acks       []id.ID // whose receipts are counted, at most acksMax
}

// compareEntries is the order of lines: claimed time, author, sequence. The ID
// settles what is left, so that all members have one order.
func compareEntries(a, b *entry) int {
	if c := cmp.Compare(a.at, b.at); c != 0 {
		return c
	}
	if c := a.who.node.Compare(b.who.node); c != 0 {
		return c
	}
	if c := cmp.Compare(a.seq, b.seq); c != 0 {
		return c
	}
	return bytes.Compare(a.id[:], b.id[:])
}

// room is one room. byPos, byTime and index hold the same entries.
type room struct {
	key         roomKey
	topic, name string
	member      bool
	listed      bool // as a member in the list on disk
	linesMax    int
	bytesMax    int

	byPos, byTime []*entry
	index         map[LineID]*entry
	bytes         int // of raw lines
	nextPos       uint64
	floor         int64                 // claimed time of the newest line dropped for room
	mine          []*entry              // own lines not yet delivered, at most outboxMax
	sums          map[uint64]hourDigest // by hour; absent when it must be made anew

	log   logState
	reach reach
	pulls ordered.Map[id.ID, *pull]
	turn  *pull // the one that transfers
	asked int   // counts resyncs, to take peers in turn
	joins []join

	self      id.ID                          // us
	heads     ordered.Map[id.Public, *known] // by the author's node, at most headsMax and our own
	headSum   *digest                        // of them; nil when it must be made anew
	headsSave time.Time                      // they are written then; zero when they need not be
	checking  int                            // heads that are being checked
	own       archive
	sealing   *pageKey // once it was needed
	restored  int      // lines that came from archives
}

func newRoom(tag networkTag, name string, cfg Config) *room {
	k := keyOf(tag, name)
	return &room{key: k, topic: k.topic(), name: name, linesMax: cfg.RoomLines, bytesMax: cfg.RoomBytes, nextPos: 1, self: cfg.Self}
}

// takes tells whether insert would keep a line of that time.
func (r *room) takes(lineID LineID, at int64) bool {
	_, have := r.index[lineID]
	return !have && at > r.floor
}

// insert puts a line in its places and gives it a position unless it has one. The
// oldest lines go when the room is full; ok is false when that is e itself.
func (r *room) insert(e *entry) (ok bool) {
	if !r.takes(e.id, e.at) {
		return false
	}
	if r.index == nil {
		r.index = make(map[LineID]*entry)
	}
	if e.pos == 0 {
		e.pos = r.nextPos
	}
	r.nextPos = e.pos + 1
	r.index[e.id] = e
	r.byPos = append(r.byPos, e)
	i, _ := slices.BinarySearchFunc(r.byTime, e, compareEntries)
	r.byTime = slices.Insert(r.byTime, i, e)
	r.bytes += len(e.raw)
	delete(r.sums, hourOf(e.at))
	for len(r.byTime) > r.linesMax || r.bytes > r.bytesMax {
		oldest := r.byTime[0]
		r.floor = oldest.at
		r.remove(oldest)
	}
	_, ok = r.index[e.id]
	return ok
}

func (r *room) remove(e *entry) {
	if i, ok := slices.BinarySearchFunc(r.byTime, e, compareEntries); ok {
		if i == 0 {
			r.byTime[0] = nil
			r.byTime = r.byTime[1:]
		} else {
			r.byTime = slices.Delete(r.byTime, i, i+1)
		}
	}
	if i, ok := slices.BinarySearchFunc(r.byPos, e.pos, comparePos); ok {
		r.byPos = slices.Delete(r.byPos, i, i+1)
	}
	delete(r.index, e.id)
	delete(r.sums, hourOf(e.at))
	r.bytes -= len(e.raw)
	r.notMine(e)
}

func comparePos(e *entry, pos uint64) int { return cmp.Compare(e.pos, pos) }

func (r *room) notMine(e *entry) {
	if i := slices.Index(r.mine, e); i >= 0 {
		r.mine = slices.Delete(r.mine, i, i+1)
	}
}

// sigItemBytes is the last item of an encoded line: a signature and its RLP head.
const sigItemBytes = 2 + 64

// text is the text of the line: the item before the signature.
func (e *entry) text() string {
	end := len(e.raw) - sigItemBytes
	return string(e.raw[end-e.textLen : end])
}

// entryOf makes an entry of a line that was decoded from raw, which is kept.
func (h *Hall) entryOf(now time.Time, raw []byte, lineID LineID, s *signed) (*entry, error) {
	who, err := h.authorOf(s.node)
	if err != nil {
		return nil, err
	}
	e := &entry{id: lineID, raw: raw, who: who, at: int64(s.at), seq: s.seq, textLen: len(s.text), received: now.UnixNano()}
	if h.isOurs(e) {
		h.lastSeq, h.lastAt = max(h.lastSeq, e.seq), max(h.lastAt, e.at)
		e.state = queued
	}
	return e, nil
}

func (h *Hall) isOurs(e *entry) bool { return e.who.node == h.cfg.Self }
