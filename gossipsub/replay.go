package gossipsub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/ropewalk/ropewalk/work"
)

// Our choice.
const (
	// replayWindow is how far behind an author's newest number a message may come,
	// in numbers. Messages overtake each other on their way through a mesh, so that a
	// highest number alone would drop good ones.
	replayWindow     = 1024
	replayAuthorsMax = 8192 // remembered; who was heard longest ago gives way
	// replaySaveEvery is how much a crash may forget. A stop forgets nothing.
	replaySaveEvery = 10 * time.Second
	replayFile      = "replay"
)

// window is which of an author's last numbers came: a bitmap in which the number n
// has the place n modulo its size (as RFC 6479 does against replays).
type window struct {
	top  uint64
	bits [replayWindow / 64]uint64
}

// has tells whether n came before, or is so old that nobody knows.
func (w *window) has(n uint64) bool {
	switch {
	case n > w.top:
		return false
	case w.top-n >= replayWindow:
		return true
	}
	return w.bits[n/64%uint64(len(w.bits))]&(1<<(n%64)) != 0
}

// add notes n, which is not below the window.
func (w *window) add(n uint64) {
	if n > w.top {
		if n-w.top >= replayWindow {
			w.bits = [len(w.bits)]uint64{}
		} else {
			for i := w.top + 1; i < n; i++ {
				w.bits[i/64%uint64(len(w.bits))] &^= 1 << (i % 64)
			}
		}
		w.top = n
	}
	w.bits[n/64%uint64(len(w.bits))] |= 1 << (n % 64)
}

// scribe is an author whose numbers are remembered, in a ring ordered by when he
// was last heard.
type scribe struct {
	name         string // peer ID
	window       window
	older, newer *scribe
}

// replays remembers the sequence numbers of authors, longer than the seen cache
// remembers messages and over restarts, so that an old message cannot be brought
// again.
type replays struct {
	byName map[string]*scribe
	ring   scribe // its newer is the oldest, its older the newest
	dirty  bool
	saved  time.Time
}

func (rs *replays) has(from, seqno []byte) bool {
	s := rs.byName[string(from)]
	return s != nil && s.window.has(binary.BigEndian.Uint64(seqno))
}

// add notes a message that was accepted.
func (rs *replays) add(from, seqno []byte) {
	s := rs.byName[string(from)]
	if s == nil {
		if len(rs.byName) >= replayAuthorsMax {
			old := rs.ring.newer
			old.unlink()
			delete(rs.byName, old.name)
		}
		s = &scribe{name: string(from)}
		rs.enter(s)
	} else {
		s.unlink()
		rs.link(s)
	}
	s.window.add(binary.BigEndian.Uint64(seqno))
	rs.dirty = true
}

func (rs *replays) enter(s *scribe) {
	if rs.byName == nil {
		rs.byName = make(map[string]*scribe)
		rs.ring.newer, rs.ring.older = &rs.ring, &rs.ring
	}
	rs.byName[s.name] = s
	rs.link(s)
}

// link makes s the newest.
func (rs *replays) link(s *scribe) {
	s.older, s.newer = rs.ring.older, &rs.ring
	s.older.newer, rs.ring.older = s, s
}

func (s *scribe) unlink() { s.older.newer, s.newer.older = s.newer, s.older }

// replayed tells whether a signed message of a topic that minds repeats one that
// was accepted before.
func (r *Router) replayed(o *rules, from, seqno, signature []byte) bool {
	return o.replay && signature != nil && r.replays.has(from, seqno)
}

// saveReplays has what is new written, now and then.
func (r *Router) saveReplays(now time.Time) {
	if r.replays.dirty && now.Sub(r.replays.saved) >= replaySaveEvery {
		r.replays.saved = now
		r.news.Saves = append(r.news.Saves, r.Saves()...)
	}
}

// Saves is what must be on disk before the router is given up.
func (r *Router) Saves() []work.Save {
	if !r.replays.dirty {
		return nil
	}
	r.replays.dirty = false
	return []work.Save{{File: replayFile, Data: r.replays.encode()}}
}

// Load takes what Saves had written in an earlier run. It comes before every other
// input. A damaged file is an error and changes nothing.
func (r *Router) Load(files func(name string) ([]byte, bool)) error {
	data, ok := files(replayFile)
	if !ok {
		return nil
	}
	return r.replays.decode(data)
}

// The file: a line that names it, then from the longest not heard author on the
// length of the peer ID, the peer ID, the top and the bitmap; at the end a CRC-32C
// of all before. Numbers are big-endian.
const replayHead = "ropewalk replay 1\n"

var errReplayFile = errors.New("gossipsub: damaged replay file")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const replayRecord = 8 + replayWindow/8

func (rs *replays) encode() []byte {
	out := make([]byte, 0, len(replayHead)+len(rs.byName)*(64+replayRecord)+4)
	out = append(out, replayHead...)
	for s := rs.ring.newer; s != nil && s != &rs.ring; s = s.newer {
		out = append(append(out, byte(len(s.name))), s.name...)
		out = binary.BigEndian.AppendUint64(out, s.window.top)
		for _, word := range s.window.bits {
			out = binary.BigEndian.AppendUint64(out, word)
		}
	}
	return sealed(out)
}

func sealed(body []byte) []byte {
	return binary.BigEndian.AppendUint32(body, crc32.Checksum(body, castagnoli))
}

func (rs *replays) decode(data []byte) error {
	n := len(data) - 4
	if n < len(replayHead) || string(data[:len(replayHead)]) != replayHead ||
		binary.BigEndian.Uint32(data[n:]) != crc32.Checksum(data[:n], castagnoli) {
		return errReplayFile
	}
	var out replays
	for b := data[len(replayHead):n]; len(b) > 0; {
		size := 1 + int(b[0])
		if len(b) < size+replayRecord || !validAuthor(b[1:size]) || out.byName[string(b[1:size])] != nil {
			return fmt.Errorf("%w: an entry is cut short, doubled or names nobody", errReplayFile)
		}
		if len(out.byName) >= replayAuthorsMax {
			return fmt.Errorf("%w: more than %d authors", errReplayFile, replayAuthorsMax)
		}
		s := &scribe{name: string(b[1:size])}
		s.window.top = binary.BigEndian.Uint64(b[size:])
		for i := range s.window.bits {
			s.window.bits[i] = binary.BigEndian.Uint64(b[size+8+8*i:])
		}
		out.enter(s)
		b = b[size+replayRecord:]
	}
	rs.byName, rs.ring = out.byName, out.ring
	if out.byName != nil { // the ends of the ring point at where it was
		rs.ring.newer.older, rs.ring.older.newer = &rs.ring, &rs.ring
	}
	return nil
}
