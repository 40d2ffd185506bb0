package node

import (
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/trace"
)

// Offer offers verified records to the host book, on the word of a source that is no
// peer. The book's filter, its bans and its quota of unproven hosts per source decide.
// The result is how many hosts were new to it.
func (n *Node) Offer(now time.Time, source string, records []*enr.Record) (fresh int) {
	n.begin(now)
	for _, r := range records {
		if n.book.Hear(now, source, r) == nil {
			fresh++
		}
	}
	if fresh > 0 {
		n.trace.Emit(now, trace.Event{Strand: "node", Kind: "offered", Topic: source, N: int64(fresh)})
	}
	n.settle()
	return fresh
}
