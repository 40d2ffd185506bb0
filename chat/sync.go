package chat

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/work"
)

// Why a pull ended.
var (
	errGone     = errors.New("peer is gone")
	errLeft     = errors.New("room left")
	errStranger = errors.New("not a member")
	errTimeout  = errors.New("no answer in time")
	errQueue    = errors.New("queue full")
	errUseless  = errors.New("empty answer")
	// ErrForged is why a peer is dropped that hands over lines nobody signed, or
	// that were not asked for.
	ErrForged = errors.New("chat: forged history")
)

// pull fetches from one member what we miss of one room. One request is out at a
// time:
//
//	comparing ─→ listing ─→ fetching ⇄ verifying ─→ (next page of) listing ─→ end
//	    └→ waiting, while another pull of the room transfers, → comparing
type pull struct {
	from  *remote
	room  *room
	stage stage
	req   uint64          // of the open request
	moved time.Time       // last progress
	held  func(time.Time) // the request that waits for a token; nil when none does

	hours []hour // that differ
	skip  int    // IDs listed so far
	pages int
	more  bool
	want  []LineID // known to be missing, not yet asked for; at most idsMax
	asked []LineID // at most wantMax
}

type stage uint8

const (
	comparing stage = iota
	waiting
	listing
	fetching
	verifying
)

// pull starts to fetch, unless that is under way.
func (h *Hall) pull(now time.Time, from *remote, r *room) {
	if from.pulls.Has(r.key) || !r.member {
		return
	}
	p := &pull{from: from, room: r}
	from.pulls.Put(r.key, p)
	r.pulls.Put(from.id, p)
	h.compare(now, p)
}

func (h *Hall) compare(now time.Time, p *pull) {
	p.stage, p.hours, p.skip, p.pages = comparing, nil, 0, 0
	h.ask(now, p, codeCompare, func(req uint64) []byte {
		from := p.room.firstHour(now)
		count, sum := sumHours(p.room.hours(from))
		return compare{req, p.room.key, from, count, sum}.encode()
	})
}

func (h *Hall) list(now time.Time, p *pull) {
	p.stage = listing
	p.pages++
	h.ask(now, p, codeGetIDs, func(req uint64) []byte {
		return getIDs{req, p.room.key, p.hours, uint64(p.skip)}.encode()
	})
}

func (h *Hall) fetch(now time.Time, p *pull) {
	p.stage = fetching
	n := min(len(p.want), wantMax)
	p.asked, p.want = p.want[:n:n], p.want[n:]
	h.ask(now, p, codeGetLines, func(req uint64) []byte {
		return getLines{req, p.room.key, p.asked}.encode()
	})
}

// ask sends a request, later if we have asked this peer much of late.
func (h *Hall) ask(now time.Time, p *pull, code uint64, encode func(req uint64) []byte) {
	p.moved = now
	if !p.from.asks.take(now, askBurst, askRate) {
		p.req = 0
		p.held = func(now time.Time) { h.ask(now, p, code, encode) }
		h.wake(p.from.asks.next(askBurst, askRate))
		return
	}
	p.held = nil
	p.from.lastReq++
	p.req = p.from.lastReq
	if err := h.snd.Send(p.from.id, code, encode(p.req)); err != nil {
		h.endPull(now, p, errQueue)
		return
	}
	h.wake(now.Add(staleAfter))
}

// openPull finds the pull whose open request an answer answers.
func (p *remote) openPull(req uint64, s stage) (*pull, bool) {
	for _, pl := range p.pulls.All() {
		if pl.req == req && pl.stage == s && req != 0 {
			return pl, true
		}
	}
	return nil, false
}

// heardSummary finds the hours in which the member may have lines we miss.
func (h *Hall) heardSummary(now time.Time, from *remote, data []byte) error {
	m, err := decodeSummary(data)
	if err != nil {
		return err
	}
	p, ok := from.openPull(m.req, comparing)
	if !ok {
		return nil // too late: we gave up
	}
	p.req = 0
	switch m.verdict {
	case verdictStranger:
		from.rooms.Delete(p.room.key)
		h.endPull(now, p, errStranger)
		return nil
	case verdictSame:
		h.hasAll(now, from, p.room, p.room.firstHour(now))
		h.endPull(now, p, nil)
		return nil
	}
	ours := p.room.hours(p.room.firstHour(now))
	for _, d := range m.hours {
		if d.hour >= p.room.firstHour(now) && !slices.Contains(ours, d) {
			p.hours = append(p.hours, d.hour)
		}
	}
	switch {
	case len(p.hours) == 0:
		h.endPull(now, p, nil)
	case p.room.turn == nil || p.room.turn == p || p.room.turn.stale(now):
		p.room.turn = p
		h.list(now, p)
	default:
		p.stage, p.moved = waiting, now
	}
	return nil
}

// heardIDs finds the lines we miss.
func (h *Hall) heardIDs(now time.Time, from *remote, data []byte) error {
	m, err := decodeIDs(data)
	if err != nil {
		return err
	}
	p, ok := from.openPull(m.req, listing)
	if !ok {
		return nil
	}
	p.req = 0
	p.skip += len(m.ids)
	p.more = m.more == 1 && len(m.ids) > 0
	p.want = nil
	for _, l := range m.ids {
		if _, have := p.room.index[l]; !have {
			p.want = append(p.want, l)
		}
	}
	h.proceed(now, p)
	return nil
}

// proceed asks for the next lines, or the next page, or is done.
func (h *Hall) proceed(now time.Time, p *pull) {
	switch {
	case len(p.want) > 0:
		h.fetch(now, p)
	case p.more && p.pages < pagesMax:
		h.list(now, p)
	default:
		h.endPull(now, p, nil)
	}
}

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
		Peer:   from.id,
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

// stale tells whether another pull may transfer as well.
func (p *pull) stale(now time.Time) bool { return now.Sub(p.moved) >= staleAfter }

func (h *Hall) advancePull(now time.Time, p *pull) {
	switch {
	case p.held != nil:
		p.held(now)
	case p.stage == verifying || p.stage == waiting:
	case now.Sub(p.moved) >= pullTimeout:
		h.endPull(now, p, errTimeout)
	default:
		h.wake(p.moved.Add(pullTimeout))
	}
}

// advanceTurn lets another pull transfer when the one whose turn it is stands
// still.
func (h *Hall) advanceTurn(now time.Time, r *room) {
	if r.turn == nil {
		return
	}
	if !r.turn.stale(now) {
		h.wake(r.turn.moved.Add(staleAfter))
		return
	}
	h.nextTurn(now, r)
}

// nextTurn lets the first pull that waits compare again, since the room has
// changed, and transfer.
func (h *Hall) nextTurn(now time.Time, r *room) {
	for _, p := range r.pulls.All() {
		if p.stage == waiting {
			r.turn = p
			h.compare(now, p)
			return
		}
	}
}

// endPull ends a pull; why is nil when all was fetched.
func (h *Hall) endPull(now time.Time, p *pull, why error) {
	r := p.room
	p.from.pulls.Delete(r.key)
	r.pulls.Delete(p.from.id)
	p.stage, p.req, p.held = waiting, 0, nil
	h.emitPull(now, p, why)
	if r.turn == p {
		r.turn = nil
		if r.member {
			h.nextTurn(now, r)
		}
	}
	if why == nil {
		h.synced(now, r)
		return
	}
	h.settle(now, r)
}

func (h *Hall) emitPull(now time.Time, p *pull, why error) {
	kind := "synced"
	if why != nil {
		kind = "not synced"
	}
	h.emit(now, kind, p.room, p.skip, why)
}
