package gossipsub

import (
	"encoding/binary"
	"slices"
	"time"
)

// want is a message we asked for. At most one request per ID is open at a time:
// without that every IHAVE brings one more copy. Most are asked of one peer, once,
// together with many: what these have in common they share, so that a flood of them
// is forty bytes each.
type want struct {
	k    key
	of   *batch
	rest *others // nil while it waits for the first request only
	at   uint32  // where its ID stands in the batch's text
	n    uint16  // bytes of the ID
}

// others is what a want has that goes its own way.
type others struct {
	asked []asking // in order, that of the batch included
	more  []*peer  // who else advertised it, in order
	due   int64    // names its live entry in the timer queue
}

// asking is one request to one peer.
type asking struct {
	p  *peer
	at int64 // stamp
	// sworn stands for all that was asked for at once; nil when another request has it.
	// A peer breaks one promise when this one does not come, however many do not, so
	// that who loses a few of many is rarely charged and who never delivers always is.
	sworn *want
}

func (w *want) id() []byte { return w.of.text[w.at : w.at+uint32(w.n)] }

// asked are the requests that were made, in order.
func (w *want) asked() []asking {
	if w.rest != nil {
		return w.rest.asked
	}
	return w.of.one[:]
}

// alone lets a want go its own way.
func (w *want) alone() *others {
	if w.rest == nil {
		w.rest = &others{asked: slices.Clone(w.of.one[:]), due: w.of.due}
	}
	return w.rest
}

// due names the live entry of w in the timer queue.
func (w *want) due() int64 {
	if w.rest != nil {
		return w.rest.due
	}
	return w.of.due
}

// was tells whether p was asked.
func (w *want) was(p *peer) bool {
	for _, a := range w.asked() {
		if a.p == p {
			return true
		}
	}
	return false
}

// due is an entry of the timer queue: requests or second waits that began at at, for
// a message that goes its own way or for all of a batch that do not. It is void for
// what was fulfilled or waits anew.
type due struct {
	at int64
	k  key
	of *batch // nil: for the message k
}

// wants is what we asked for, by key in an open-addressing table, with timers in
// order because all have one length. A flood of thousands of IDs costs it one
// allocation and one timer.
type wants struct {
	slots []*want // a power of two of them, at most three quarters full
	n     int
	timer queue[due]
	after time.Duration // how long timers run
	epoch time.Time     // stamps count from here
}

// stamp is a moment as wants keep it. It follows the clock that no one can set, so that
// a jump of the other breaks no promise.
func (w *wants) stamp(now time.Time) int64 { return int64(now.Sub(w.epoch)) }

const wantSlotsMin = 8

func (w *wants) len() int { return w.n }

// slot is where k is or would be.
func (w *wants) slot(k key) int {
	mask := len(w.slots) - 1
	i := int(binary.LittleEndian.Uint64(k[:])) & mask
	for w.slots[i] != nil && w.slots[i].k != k {
		i = (i + 1) & mask
	}
	return i
}

func (w *wants) get(k key) *want {
	if w.n == 0 {
		return nil
	}
	return w.slots[w.slot(k)]
}

// reserve makes room for n more.
func (w *wants) reserve(n int) {
	size := max(wantSlotsMin, len(w.slots))
	for (w.n+n)*4 > size*3 {
		size *= 2
	}
	if size > len(w.slots) {
		old := w.slots
		w.slots = make([]*want, size)
		for _, x := range old {
			if x != nil {
				w.slots[w.slot(x.k)] = x
			}
		}
	}
}

// put enters a want unless there is one, and tells whether it did.
func (w *wants) put(x *want) bool {
	if (w.n+1)*4 > len(w.slots)*3 {
		w.reserve(1)
	}
	i := w.slot(x.k)
	if w.slots[i] != nil {
		return false
	}
	w.slots[i] = x
	w.n++
	return true
}

// remove forgets a want, if it is there.
func (w *wants) remove(k key) {
	if w.n == 0 {
		return
	}
	i := w.slot(k)
	if w.slots[i] == nil {
		return
	}
	w.slots[i].of.forget()
	if w.n--; w.n == 0 {
		*w = wants{epoch: w.epoch}
		return
	}
	// What stands behind the gap and belongs before it moves up.
	mask := len(w.slots) - 1
	for j := (i + 1) & mask; w.slots[j] != nil; j = (j + 1) & mask {
		home := int(binary.LittleEndian.Uint64(w.slots[j].k[:])) & mask
		if (j-home)&mask >= (j-i)&mask {
			w.slots[i] = w.slots[j]
			i = j
		}
	}
	w.slots[i] = nil
}

// start enters a timer; after is how long it runs.
func (w *wants) start(d due, after time.Duration) {
	w.after = after
	w.timer.push(d)
}

// next is when the first request has waited long enough.
func (w *wants) next() time.Time {
	if w.timer.len() == 0 {
		return time.Time{}
	}
	return w.epoch.Add(time.Duration(w.timer.at(0).at) + w.after)
}
