package utp

import "time"

// pacer spreads packets over the round trip, in bursts that are worth a call of their
// own to the system below.
type pacer struct {
	next time.Duration // when the line would be free, if it had the rate we pace at
}

// per is how long bytes take at twice the window in a round trip: it holds back no
// window that doubles, and breaks up what comes at once after a pause.
func per(bytes, window int, trip time.Duration) time.Duration {
	return trip * time.Duration(bytes) / time.Duration(2*window)
}

// ready tells whether a packet may go at now, and otherwise when the next burst may.
func (p *pacer) ready(now time.Duration, window, packet int, trip time.Duration) (bool, time.Duration) {
	slack := max(per(burstPackets*packet, window, trip), burstFor)
	if p.next <= now+slack {
		return true, 0
	}
	return false, p.next - slack/2
}

// took notes that bytes have gone.
func (p *pacer) took(now time.Duration, bytes, window int, trip time.Duration) {
	p.next = max(p.next, now) + per(bytes, window, trip)
}

// meter bounds the bytes per second of all streams together. It grants in bursts, one
// after another in the order of asking, so that each stream has its share.
type meter struct {
	rate int // bytes per second; 0 is no bound
	next time.Duration
}

// grant is what a meter lets a stream send from a moment on.
type grant struct {
	bytes int
	at    time.Duration
}

// ready tells whether n bytes may go at now on a grant, which is renewed when it is used
// up, and otherwise from when on.
func (m *meter) ready(now time.Duration, g *grant, n int) (bool, time.Duration) {
	if m.rate == 0 {
		return true, 0
	}
	if g.bytes < n {
		g.at = max(m.next, now)
		g.bytes = grantPackets * n
		m.next = g.at + time.Second*time.Duration(g.bytes)/time.Duration(m.rate)
	}
	return now >= g.at, g.at
}
