package portal

import "time"

// allowance is a bucket of tokens: rate a second, at most burst. The zero value is full.
type allowance struct {
	left float64
	at   time.Time
}

// take uses one token, if there is one.
func (a *allowance) take(now time.Time, rate, burst float64) bool {
	if a.at.IsZero() {
		a.left = burst
	} else {
		a.left = min(burst, a.left+rate*max(0, now.Sub(a.at).Seconds()))
	}
	a.at = now
	if a.left < 1 {
		return false
	}
	a.left--
	return true
}
