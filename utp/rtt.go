package utp

import "time"

// rtt estimates the round trip and how long to wait for an answer (RFC 6298, with the
// bounds of BEP 29).
type rtt struct {
	smooth, dev time.Duration
	min, last   time.Duration // the shortest and the last round trip; 0 when unknown
	recent      [4]time.Duration
	count       uint8 // samples, modulo 256
	backoff     uint  // how often the time-out has doubled
}

// sample takes the round trip of a packet that was sent once.
func (r *rtt) sample(d time.Duration) {
	d = max(d, time.Microsecond)
	r.last = d
	r.recent[r.count%4] = d
	r.count++
	if r.smooth == 0 {
		r.smooth, r.dev, r.min = d, d/2, d
		r.recent = [4]time.Duration{d, d, d, d}
		return
	}
	r.min = min(r.min, d)
	r.dev += ((d - r.smooth).Abs() - r.dev) / 4
	r.smooth += (d - r.smooth) / 8
}

// timeout is how long to wait for an answer before everything is sent again.
func (r *rtt) timeout() time.Duration {
	d := rtoFirst
	if r.smooth != 0 {
		d = max(r.smooth+4*r.dev, rtoMin)
	}
	return min(d<<min(r.backoff, 16), rtoMax)
}

// probe is how long to wait for an answer before the last packet is sent once more; 0
// when there is no telling (RFC 8985 "TLP").
func (r *rtt) probe() time.Duration {
	if r.smooth == 0 {
		return 0
	}
	return max(2*r.smooth, r.smooth+4*r.dev) + ackWithin
}

// queue is what the last packets waited in queues, there and back: the lowest of the last
// round trips above the lowest of all, so that what one packet takes longer than another is
// no queue.
func (r *rtt) queue() time.Duration {
	return min(r.recent[0], r.recent[1], r.recent[2], r.recent[3]) - r.min
}

// steady tells whether round trips differ so little that packets come as they were sent, as
// far as we know; after the first there is no telling.
func (r *rtt) steady() bool { return r.dev < r.smooth/steadyPart }
