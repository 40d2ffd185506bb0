package utp

import "time"

// ledbat bounds how many bytes are on their way (RFC 6817), by what the remote's clock
// says of the delay. Its measure of one way has an unknown offset, so only the
// difference to the lowest of the last minutes counts: what packets wait in queues.
type ledbat struct {
	window int // bytes
	start  int // the window up to which it doubles in each round trip
	packet int // payload of a full packet

	bases  [baseBins]uint32 // lowest delay of each bin, the current one first
	bins   int              // bins in use
	binEnd time.Duration
	recent [4]uint32 // last samples: the lowest of them is the delay
	count  uint8
	queue  time.Duration // what packets wait in queues, by the remote's clock

	// The round: packets up to the transmission end, how many they are and how many
	// of them were lost. cut is the last transmission at the time of the last cut.
	end   uint64
	size  int
	gone  int
	cut   uint64
	drops int // cuts for loss
	was   cut
}

// cut is what there was before the last cut for loss, as long as that may be taken back.
type cut struct {
	window, start int // window is 0 when it may not
	gone          int // packets that were called lost for it and have not come
	rounds        int // how many more may end
}

func newLedbat(packet int) ledbat {
	return ledbat{window: windowFirst * packet, start: windowMax, packet: packet}
}

func (l *ledbat) windowMin() int { return windowPackets * l.packet }

// sample takes what the remote's clock says of the way to it. A sample that would mean
// more than delayMax in queues is nobody's delay (U2).
func (l *ledbat) sample(now time.Duration, delay uint32) {
	if l.bins == 0 {
		l.bases[0], l.bins, l.binEnd = delay, 1, now+baseBin
		l.recent = [4]uint32{delay, delay, delay, delay}
		return
	}
	base := l.base()
	if ahead := int32(delay - base); ahead > 0 && time.Duration(ahead)*time.Microsecond > delayMax {
		return
	}
	if now >= l.binEnd {
		copy(l.bases[1:], l.bases[:])
		l.bases[0], l.bins, l.binEnd = delay, min(l.bins+1, baseBins), now+baseBin
	} else if int32(delay-l.bases[0]) < 0 {
		l.bases[0] = delay
	}
	l.recent[l.count%4] = delay
	l.count++
	lowest := l.recent[0]
	for _, d := range l.recent[1:] {
		if int32(d-lowest) < 0 {
			lowest = d
		}
	}
	l.queue = max(0, time.Duration(int32(lowest-l.base()))*time.Microsecond)
}

// base is the lowest delay of the last minutes.
func (l *ledbat) base() uint32 {
	lowest := l.bases[0]
	for _, d := range l.bases[1:l.bins] {
		if int32(d-lowest) < 0 {
			lowest = d
		}
	}
	return lowest
}

// slow tells whether the window doubles in each round trip.
func (l *ledbat) slow() bool { return l.window < l.start }

// grow takes the news that bytes have arrived, for the first time that we hear of them;
// flight was on its way before. trip is what the last round trip had above the shortest.
func (l *ledbat) grow(bytes, flight int, trip time.Duration) {
	if l.slow() {
		// The own clock speaks too, as nobody can lie about it.
		if max(l.queue, trip) <= target*9/10 {
			if 2*flight >= l.window {
				l.window = min(l.window+bytes, windowMax, l.start)
			}
			return
		}
		l.start = l.window
	}
	off := float64(target-l.queue) / float64(target)
	switch {
	case off < 0:
		// A window above the target's goes down in proportion, by at most half in a
		// round trip (draft-irtf-iccrg-ledbat-plus-plus, "Multiplicative Decrease").
		l.window += int(max(off, -0.5) * float64(bytes))
	case flight+2*l.packet >= l.window:
		l.window += int(off * gainPerTrip * float64(bytes) / float64(l.window))
	}
	l.window = min(max(l.window, l.windowMin()), windowMax)
}

// round notes that transmission order has arrived, of packets that are out; a round
// ends when one has that was sent in it.
func (l *ledbat) round(order, last uint64, out int) {
	if order > l.end {
		l.end, l.size, l.gone = last, out, 0
		if l.was.rounds--; l.was.rounds < 0 {
			l.was.window = 0
		}
	}
}

// lose takes the news that transmission order was lost; last is the last that was made.
// The window is halved, at most once in a round trip (BEP 29 "Packet loss").
//
// Not so while hardly anything waits in queues, by either clock, and one in five of a
// round or fewer are lost: a queue that drops has first been full, so this is what a
// radio does. Halving for that at 5 % means nine packets in a round trip.
func (l *ledbat) lose(order, last uint64, trip time.Duration) {
	l.gone++
	l.was.gone++
	if order <= l.cut || l.few() && l.queue < queueShort && trip < 2*queueShort {
		return
	}
	l.cut = last
	l.drops++
	l.was = cut{l.window, l.start, l.gone, forgiveRounds}
	l.window = max(l.window/2, l.windowMin())
	l.start = l.window
}

// few tells whether no more of a round were lost than a radio loses.
func (l *ledbat) few() bool { return l.gone < lossesFew || l.gone*lossesPart <= l.size }

// forgive takes the news that a packet which was called lost had only been late. When that
// is so of all that the window was cut for, or of enough of them, it is what it was (RFC
// 4015 section 3.2, "Eifel response").
func (l *ledbat) forgive() {
	l.gone = max(l.gone-1, 0)
	l.was.gone--
	if l.was.window != 0 && (l.was.gone <= 0 || l.few() && l.queue < queueShort) {
		l.window, l.start = max(l.window, l.was.window), max(l.start, l.was.start)
		l.was.window = 0
	}
}

// collapse takes the news that nothing was heard for a time-out; flight was on its way.
func (l *ledbat) collapse(flight int, last uint64) {
	l.start = max(flight/2, l.windowMin())
	l.window = l.packet
	l.cut = last
}

// rested makes a window that nobody used for long small again (RFC 5681 section 4.1).
func (l *ledbat) rested() { l.window = min(l.window, windowFirst*l.packet) }
