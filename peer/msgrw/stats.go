package msgrw

import (
	"sync"
	"sync/atomic"
	"time"
)

// tally counts messages and their payloads.
type tally struct{ msgs, bytes uint64 }

// counters are what is counted of one protocol. All but the atomic ones are the
// loop's.
type counters struct {
	sent, got tally
	discarded uint64 // messages that came for nobody
	dropped   uint64 // messages lost for a full queue, by policy
	overflows uint64 // links ended for a full queue
	waits     uint64 // times a link was made to wait
	detaches  uint64
	live      int // conversations
	stuck     int // Runs that should have returned

	unread atomic.Uint64 // bytes of payloads that nobody read
	panics atomic.Uint64
}

// Stats is what was counted of one protocol since the node began, and what it holds.
type Stats struct {
	Protocol                Cap
	Sent, SentBytes         uint64 // messages queued for peers, and their payloads
	Received, ReceivedBytes uint64
	Discarded               uint64 // messages that came after Run had returned
	UnreadBytes             uint64 // of payloads that Run did not read
	Dropped                 uint64 // messages lost for a full queue, by Limits.Overflow
	Overflows               uint64 // links ended for a full queue
	Waits                   uint64 // times a link was made to wait for a Run
	Detached, Panics        uint64
	Links                   int // with the protocol
	Stuck                   int // Runs that should have returned
	InboxMsgs, InboxBytes   int
	OutboxMsgs, OutboxBytes int
}

// Stats tells of every protocol. Of the loop.
func (h *Hub) Stats() []Stats {
	out := make([]Stats, len(h.kinds))
	at := map[*kind]int{}
	for i, k := range h.kinds {
		at[k] = i
		out[i] = Stats{
			Protocol: k.Cap(),
			Sent:     k.sent.msgs, SentBytes: k.sent.bytes, Received: k.got.msgs, ReceivedBytes: k.got.bytes,
			Discarded: k.discarded, UnreadBytes: k.unread.Load(), Dropped: k.dropped, Overflows: k.overflows, Waits: k.waits,
			Detached: k.detaches, Panics: k.panics.Load(), Links: k.live, Stuck: k.stuck,
		}
	}
	for _, p := range h.peers {
		for _, r := range p.rws {
			s := &out[at[r.kind]]
			msgs, bytes := r.in.waiting()
			s.InboxMsgs += msgs
			s.InboxBytes += bytes
			msgs, bytes = r.out.left()
			s.OutboxMsgs += msgs
			s.OutboxBytes += bytes
		}
	}
	return out
}

// limiter keeps what strangers can cause from filling the log.
type limiter struct {
	mu   sync.Mutex
	free float64
	at   time.Time
}

// A log line for each logEvery, and logBurst at once.
const (
	logEvery = time.Second
	logBurst = 10
)

func (l *limiter) allow(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at.IsZero() {
		l.free = logBurst
	} else {
		l.free = min(logBurst, l.free+float64(now.Sub(l.at))/float64(logEvery))
	}
	l.at = now
	if l.free < 1 {
		return false
	}
	l.free--
	return true
}
