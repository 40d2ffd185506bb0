package peer

import (
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// Advance closes links that have taken nothing for stallAfter and passes on the
// right to write bulk. Calling it early or late is harmless.
func (t *Table) Advance(now time.Time) {
	t.passBulk(now)
	if t.bytes == 0 || t.checkAt.After(now) {
		return
	}
	next := now.Add(stallAfter)
	for i := range t.conns.Len() {
		_, p := t.conns.At(i)
		if p.closing || p.msgs == 0 {
			continue
		}
		if t.stalled(now, p) {
			t.Drop(now, p.ID(), link.Timeout)
		} else if at := p.movedAt.Add(stallAfter); at.After(now) && at.Before(next) {
			next = at
		}
	}
	t.checkAt = next
}

// Deadline is the next moment at which Advance matters; zero for none.
func (t *Table) Deadline() time.Time {
	at := t.bulkDue()
	if t.bytes > 0 && (at.IsZero() || t.checkAt.Before(at)) {
		at = t.checkAt
	}
	return at
}

// stalled tells whether the link has taken nothing for stallAfter though messages
// waited all the while. One that waits for its turn to write bulk is not stalled.
func (t *Table) stalled(now time.Time, p *Peer) bool {
	return p.msgs > 0 && !(p.waiting && p.idle) && now.Sub(p.movedAt) >= stallAfter
}
