package gossipsub

import (
	"encoding/binary"
	"time"
)

// want is a message we asked for. At most one request per ID is open at a time:
// without that every IHAVE brings one more copy.
type want struct {
	k     key
	id    []byte
	topic *topic
	at    int64     // Unix nanoseconds of the last request
	due   int64     // names its live entry in the timer queue
	asked []asking  // in order
	more  []*peer   // who else advertised it, in order
	one   [1]asking // room for the usual case
}

// asking is one request for a message.
type asking struct {
	p  *peer
	at int64
	// sworn: it stands for all that was asked for at once. A peer breaks one promise
	// when this one does not come, however many do not, so that who loses a few of
	// many is rarely charged and who never delivers always is.
	sworn bool
}

// was tells whether p was asked.
func (w *want) was(p *peer) bool {
	for i := range w.asked {
		if w.asked[i].p == p {
			return true
		}
	}
	return false
}

// due is an entry of the timer queue: a request or a second wait that began at at.
// It is void when its want was fulfilled.
type due struct {
	k  key
	at int64
}

// wants is what we asked for, by key in an open-addressing table, with timers in
// order because all have one length. A flood of thousands of IDs costs it two or
// three allocations.
type wants struct {
	slots []*want // a power of two of them, at most three quarters full
	n     int
	timer queue[due]
	after time.Duration // set with the first want
}

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
	w.timer.reserve(n)
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
	if w.n--; w.n == 0 {
		*w = wants{}
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

// next is when the first request has waited long enough.
func (w *wants) next() time.Time {
	if w.timer.len() == 0 {
		return time.Time{}
	}
	return time.Unix(0, w.timer.at(0).at).Add(w.after)
}
