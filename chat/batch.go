package chat

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/work"
)

// verified is a line of a batch that Check accepts.
type verified struct {
	raw  []byte // a copy of its own
	id   LineID
	line *signed
}

// heardLines has the lines checked.
func (h *Hall) heardLines(now time.Time, from *remote, data []byte) error {
	m, err := decodeLines(data)
	if err != nil {
		return err
	}
	if m.req == 0 {
		return h.heardNotes(now, from, m.lines)
	}
	p, ok := from.openPull(m.req, fetching)
	if !ok {
		return nil
	}
	if len(m.lines) > len(p.asked) {
		return errors.New("more lines than asked for")
	}
	p.req = 0
	if len(m.lines) == 0 {
		p.asked = nil
		h.proceed(now, p)
		return nil
	}
	p.stage, p.moved = verifying, now
	topic, lines := p.room.topic, m.lines
	h.news.Jobs = append(h.news.Jobs, work.Job{
		Ticket: h.begin(task{kind: taskVerify, pull: p}),
		Key:    batchKey(topic, lines),
		Run:    func() any { return verifyAll(topic, lines) },
	})
	return nil
}

func batchKey(topic string, lines [][]byte) (k [32]byte) {
	s := sha256.New()
	s.Write([]byte("chat batch\x00" + topic))
	for _, l := range lines {
		s.Write(l) // self-delimiting: RLP
	}
	s.Sum(k[:0])
	return k
}

// verifyAll checks a batch up to the first bad line; the result is shorter then.
func verifyAll(topic string, lines [][]byte) []verified {
	known := make(vouched)
	out := make([]verified, 0, len(lines))
	for _, l := range lines {
		raw := bytes.Clone(l)
		s, err := verify(topic, raw, known)
		if err != nil {
			return append(out, verified{})
		}
		out = append(out, verified{raw, idOf(raw), s})
	}
	return out
}

// wasVerified keeps the lines, if all are good and asked for in this order.
func (h *Hall) wasVerified(now time.Time, p *pull, result any) {
	if cur, ok := p.from.pulls.Get(p.room.key); !ok || cur != p || p.stage != verifying {
		return // the peer went meanwhile
	}
	lines, _ := result.([]verified)
	last := -1
	for _, v := range lines {
		i := slices.Index(p.asked[last+1:], v.id)
		if v.line == nil || i < 0 {
			h.emit(now, "breach", p.room, codeLines, ErrForged)
			h.endPull(now, p, ErrForged)
			h.snd.Drop(p.from.id, ErrForged)
			return
		}
		last += 1 + i
	}
	p.want = append(p.asked[last+1:], p.want...)
	p.asked = nil
	h.keep(now, p.room, h.entriesOf(now, p.room, lines))
	h.proceed(now, p)
}

// entriesOf makes entries of the lines that may enter. History may be old, but
// not from the future.
func (h *Hall) entriesOf(now time.Time, r *room, lines []verified) []*entry {
	var out []*entry
	for _, v := range lines {
		at := int64(v.line.at)
		if at-now.UnixNano() > int64(forwardMax) || !r.takes(v.id, at) {
			continue
		}
		if e, err := h.entryOf(now, v.raw, v.id, v.line); err == nil {
			out = append(out, e)
		}
	}
	return out
}
