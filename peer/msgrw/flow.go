package msgrw

import (
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// verdict is what becomes of a message that came.
type verdict uint8

const (
	keep verdict = iota
	lose
	overflow
)

// halfEmpty tells whether a queue that was full may be filled again.
func (q *inbox) halfEmpty() bool {
	msgs, bytes := q.waiting()
	return msgs <= inMsgs/2 && bytes <= inBytes/2 && (msgs == 0 || !q.share.Tight())
}

// admit says what becomes of one more message of that cost, and makes the link wait
// when Run is behind. Of the loop.
func (r *rw) admit(now time.Time, cost int) verdict {
	msgs, bytes := r.in.waiting()
	tight := r.in.share.Tight()
	if msgs == 0 || msgs < inMsgs && bytes+cost <= inBytes && !tight {
		r.full = time.Time{}
		if r.slow && r.in.halfEmpty() {
			r.slow = false
		}
		return keep
	}
	if r.full.IsZero() {
		r.full = now
	}
	policy := r.kind.Limits.Overflow
	if policy == Drop {
		return lose
	}
	waits := r.held.Load()
	if !waits && (policy == Block || !r.slow) {
		waits = r.hold(now, policy)
	}
	hard := inBytesHard
	switch {
	case waits:
		hard = inBrakedHard
	case tight:
		hard = inBytesTight
	}
	switch {
	case waits && (policy == Block || r.alone): // what was under way; no more comes
		return keep
	case int(r.peer.in.Load())+cost > hard, msgs >= inMsgsHard, !waits && now.Sub(r.full) >= overflowAfter:
		return overflow
	}
	return keep
}

// hold makes the link, or the lane alone where it has flow control of its own, wait
// until the inbox is half empty.
func (r *rw) hold(now time.Time, policy Overflow) bool {
	h := r.kind.hub
	if r.gate == nil {
		return false
	}
	r.alone = r.gate.Hold(r.port.Lane())
	r.held.Store(true)
	r.kind.waits++
	// Run may have emptied the inbox before it could see that it was waited for.
	if r.in.flush(); r.in.halfEmpty() {
		r.free()
		return false
	}
	if !r.alone && policy != Block {
		r.brake = now.Add(brakeWithin)
		h.brakes = append(h.brakes, r)
	}
	return true
}

// free lets the link go on.
func (r *rw) free() {
	if r.held.CompareAndSwap(true, false) {
		r.gate.Free(r.port.Lane())
	}
}

// endBrakes lets the links go on that have waited long enough.
func (h *Hub) endBrakes(now time.Time) {
	left := h.brakes[:0]
	for _, r := range h.brakes {
		switch {
		case r.state == down || !r.held.Load():
			r.brake = time.Time{}
		case r.brake.After(now):
			left = append(left, r)
		default:
			r.brake, r.slow = time.Time{}, true
			r.free()
		}
	}
	clear(h.brakes[len(left):])
	h.brakes = left
}

// overflowed is why a link ends whose peer sent more than was read.
const overflowed = link.Subprotocol
