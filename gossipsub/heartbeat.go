package gossipsub

import "time"

// beating is a heartbeat under way. It is done in slices, with other inputs between
// them, because messages must not wait until a thousand peers in a hundred topics
// have been looked at. How much a slice does is counted, not timed, so that a run
// repeats.
type beating struct {
	on     bool
	topics []*topic // to be looked at, as they were when the beat began
	next   int      // the first that was not
	lazy   []*peer  // peers that get gossip at the end, in one RPC each
	parts  []part   // what they get
	sent   int      // those that got it
}

// Our choice, in peers looked at: about a tenth of a millisecond. A beat with less
// to do is done in one step.
const (
	sliceWork   = 2048
	topicWork   = 64 // a topic costs this beside its peers
	gossipWork  = 16 // a peer that gets gossip, and each entry it gets
	beatSweeps  = 16 // beats in which all backoffs are looked at
	shiftsSlice = 256
)

// heartbeat begins a beat. Counters of peers need no visit: they start anew at
// their first touch in it (gossipsub-v1.1 "Heartbeat Maintenance"; the order is that
// of its reference implementation).
func (r *Router) heartbeat(now time.Time) {
	r.beat++
	r.sweepBackoffs(now)
	r.ageUnwanted()
	r.saveReplays(now)
	r.seekDirect()
	r.settleAll()
	b := &r.beating
	b.on = true
	b.topics = append(append(b.topics[:0], r.joined.list...), r.fanouts.list...)
}

// slice goes on with the beat.
func (r *Router) slice(now time.Time) {
	b := &r.beating
	for work := sliceWork; work > 0; {
		switch {
		case b.next < len(b.topics):
			t := b.topics[b.next]
			b.next++
			work -= topicWork + t.peers.len()
			r.attend(now, t)
		case b.sent < len(b.lazy):
			p := b.lazy[b.sent]
			b.sent++
			work -= gossipWork * (1 + len(p.lazy))
			r.whisper(p)
		case !r.cache.shift(r.beat, shiftsSlice):
			return
		default:
			r.endBeat(now)
			return
		}
	}
}

// attend looks after one topic, unless we gave it up since the beat began.
func (r *Router) attend(now time.Time, t *topic) {
	switch {
	case t.own != nil:
		r.balance(now, t)
		r.gossip(now, t, &t.own.mesh)
		r.ageGroups(now, t)
	case t.fanout != nil:
		r.keepFanout(now, t)
	}
}

func (r *Router) endBeat(now time.Time) {
	r.seen.expire(now)
	if r.seen.cut > 0 {
		r.emit(now, "seencut", nil, nil, r.seen.cut, "seen cache full: replays may pass")
		r.seen.cut = 0
	}
	b := &r.beating
	r.writing = nil
	*b = beating{topics: wipe(b.topics), lazy: wipe(b.lazy), parts: wipe(b.parts)}
	if cap(b.topics) > 256 || cap(b.lazy) > 256 || cap(b.parts) > 256 {
		*b = beating{}
	}
}
