package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
)

// backoff says until when a peer and we may not be grafted for a topic.
type backoff struct {
	since, until time.Time
	// theirs: they pruned us, so grafting early would cost us; ours are only
	// against them.
	theirs bool
}

// backoffs of one topic. They outlive the link and the joining of the topic.
type backoffs struct{ m ordered.Map[id.ID, backoff] }

// clampBackoff turns the seconds of a PRUNE into a duration. The comparison comes
// before the arithmetic: 2^63 seconds must not wrap around.
func clampBackoff(seconds uint64, absent time.Duration) time.Duration {
	switch {
	case seconds == 0:
		return absent
	case seconds > uint64(backoffMax/time.Second):
		return backoffMax
	}
	return max(backoffMin, time.Duration(seconds)*time.Second)
}

// add sets or extends the backoff of a peer. When most entries are held, one that
// protects us takes the place of the one that ends first, and one that only
// protects against others is not taken.
func (b *backoffs) add(now time.Time, p id.ID, d time.Duration, theirs bool, most int) {
	until := now.Add(d)
	if old, ok := b.m.Get(p); ok {
		if old.until.After(until) {
			until = old.until
		}
		b.m.Put(p, backoff{now, until, theirs || old.theirs && old.until.After(now)})
		return
	}
	if b.m.Len() >= most {
		b.sweep(now)
	}
	if b.m.Len() >= most {
		if !theirs {
			return
		}
		b.m.Delete(b.first())
	}
	b.m.Put(p, backoff{now, until, theirs})
}

// first is the entry to give up: one of ours before theirs, then the earliest end.
func (b *backoffs) first() (out id.ID) {
	var least backoff
	for i := range b.m.Len() {
		p, e := b.m.At(i)
		if i == 0 || least.theirs && !e.theirs || least.theirs == e.theirs && e.until.Before(least.until) {
			out, least = p, e
		}
	}
	return out
}

// sweep drops what ended.
func (b *backoffs) sweep(now time.Time) {
	for i := 0; i < b.m.Len(); {
		if p, e := b.m.At(i); !e.until.After(now) {
			b.m.Delete(p)
		} else {
			i++
		}
	}
}

// blocks tells whether we must not graft p: until its end and the slack that lets
// the other side's clock end it too (gossipsub-v1.1 "Prune Backoff").
func (b *backoffs) blocks(now time.Time, p id.ID, slack time.Duration) bool {
	if b.m.Len() == 0 {
		return false
	}
	e, ok := b.m.Get(p)
	return ok && now.Before(e.until.Add(slack))
}

// addBackoff enters a backoff of topic t and sees that it is swept later.
func (r *Router) addBackoff(now time.Time, t *topic, p *peer, d time.Duration, theirs bool) {
	if r.version < v11 {
		return // 1.0 knows no backoffs
	}
	// Entries are kept until the slack is over; see blocks.
	mesh := 0
	if t.own != nil {
		mesh = t.own.mesh.len()
	}
	t.back.add(now, p.id, d, theirs, backoffsAboveMesh+mesh)
	if t.back.m.Len() > 0 {
		r.backed.add(t)
	}
}

// slack is what we wait beyond the end of a backoff.
func (r *Router) slack() time.Duration { return 2 * r.p.HeartbeatInterval }

// sweepBackoffs drops backoffs whose end and slack have passed, in a share of the
// topics, so that all have their turn in beatSweeps heartbeats.
func (r *Router) sweepBackoffs(now time.Time) {
	for range (r.backed.len() + beatSweeps - 1) / beatSweeps {
		if r.sweepNext >= r.backed.len() {
			r.sweepNext = 0
		}
		t := r.backed.list[r.sweepNext]
		t.back.sweep(now.Add(-r.slack()))
		if t.back.m.Len() > 0 {
			r.sweepNext++
			continue // else another one took its place
		}
		r.backed.remove(t)
		r.tidy(t)
	}
}
