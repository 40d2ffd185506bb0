package dnslist

import "time"

// pace lets askBurst questions pass at once and askRate a second on average.
type pace struct {
	full time.Time // when the whole burst may pass again
}

const askGap = time.Second / askRate

// take tells whether a question may pass now, and counts it.
func (p *pace) take(now time.Time) bool {
	if now.Before(p.free()) {
		return false
	}
	if p.full.Before(now) {
		p.full = now
	}
	p.full = p.full.Add(askGap)
	return true
}

// free is the moment from which the next question may pass.
func (p *pace) free() time.Time {
	if p.full.IsZero() {
		return p.full
	}
	return p.full.Add(-(askBurst - 1) * askGap)
}
