package chat

import "time"

// bucket is a token bucket. The zero value is full.
type bucket struct {
	spent float64 // tokens taken and not yet refilled, 0 to burst
	at    time.Time
}

// take takes one token, if there is one. rate is tokens a second.
func (b *bucket) take(now time.Time, burst, rate float64) bool {
	b.refill(now, rate)
	if b.spent+1 > burst {
		return false
	}
	b.spent++
	return true
}

// next is when there will be a token.
func (b *bucket) next(burst, rate float64) time.Time {
	missing := b.spent + 1 - burst
	if missing <= 0 {
		return b.at
	}
	return b.at.Add(time.Duration(missing/rate*float64(time.Second)) + time.Millisecond)
}

func (b *bucket) refill(now time.Time, rate float64) {
	if took := now.Sub(b.at); took > 0 {
		b.spent = max(0, b.spent-took.Seconds()*rate)
	}
	b.at = now
}
