package chat

import (
	"errors"
	"time"
)

// Why a pull ended.
var (
	errGone     = errors.New("peer is gone")
	errLeft     = errors.New("room left")
	errStranger = errors.New("not a member")
	errTimeout  = errors.New("no answer in time")
	errQueue    = errors.New("queue full")
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
