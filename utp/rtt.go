package utp

import "time"

// rtt estimates the round trip and how long to wait for an answer (RFC 6298, with the
// bounds of BEP 29).
type rtt struct {
	smooth, dev time.Duration
	min, last   time.Duration // the shortest and the last round trip; 0 when unknown
	backoff     uint          // how often the time-out has doubled
}

// sample takes the round trip of a packet that was sent once.
func (r *rtt) sample(d time.Duration) {
	d = max(d, time.Microsecond)
	r.last = d
	if r.smooth == 0 {
		r.smooth, r.dev, r.min = d, d/2, d
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
