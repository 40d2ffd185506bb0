package utp

import "time"

// sent is a packet that is not acknowledged, or not in order.
type sent struct {
	at    time.Duration // when it was last sent
	order uint64        // the how-manieth transmission of the stream that was
	from  place         // its payload
	size  uint16        // of the payload
	tries uint8
	fin   bool
	acked bool // selectively
	lost  bool // to be sent again
}

// flight is the packets that are on their way, in a ring by sequence number. Memory
// is freed with the acknowledgement, however long the stream.
type flight struct {
	ring  []sent // its length is a power of two
	base  uint16 // the lowest sequence number that is not acknowledged
	next  uint16 // the next that was never used
	bytes int    // of packets neither acknowledged nor lost
	out   int    // packets neither acknowledged nor lost
	holes int    // packets acknowledged selectively
	lost  int    // packets lost and not sent again
	low   uint16 // no packet before it is lost
}

// start sets the first sequence number.
func (f *flight) start(seq uint16) { f.base, f.next, f.low = seq, seq, seq }

// len is how many sequence numbers are between base and next.
func (f *flight) len() int { return int(f.next - f.base) }

func (f *flight) at(seq uint16) *sent { return &f.ring[int(seq)&(len(f.ring)-1)] }

// push takes the next sequence number for s.
func (f *flight) push(s sent) uint16 {
	if f.len() == len(f.ring) {
		f.grow()
	}
	seq := f.next
	f.next++
	*f.at(seq) = s
	f.bytes += int(s.size)
	f.out++
	return seq
}

func (f *flight) grow() {
	old := *f
	f.ring = make([]sent, max(flightFirst, 2*len(old.ring)))
	for seq := old.base; seq != old.next; seq++ {
		*f.at(seq) = *old.at(seq)
	}
}

// arrived notes that seq has come, and tells whether that is new.
func (f *flight) arrived(seq uint16) bool {
	p := f.at(seq)
	if p.acked {
		return false
	}
	if p.lost {
		p.lost = false
		f.lost--
	} else {
		f.bytes -= int(p.size)
		f.out--
	}
	p.acked = true
	f.holes++
	return true
}

// takeBack notes that seq, which a selective acknowledgement named, is missing all the same:
// the remote has all before it, and does not acknowledge it. shisui reads the bits of a byte
// in reverse, and names others than it has (RFC 2018 section 8: what is acknowledged
// selectively is kept until it is acknowledged in order).
func (f *flight) takeBack(seq uint16) {
	p := f.at(seq)
	p.acked, p.lost = false, true
	f.holes--
	f.lost++
	if before(seq, f.low) {
		f.low = seq
	}
}

// pop forgets base, which has arrived.
func (f *flight) pop() {
	f.holes--
	f.base++
	if before(f.low, f.base) {
		f.low = f.base
	}
}

// lose marks seq as lost.
func (f *flight) lose(seq uint16) {
	p := f.at(seq)
	p.lost = true
	f.lost++
	f.bytes -= int(p.size)
	f.out--
	if before(seq, f.low) {
		f.low = seq
	}
}

// firstLost is the lowest sequence number that is lost; there must be one.
func (f *flight) firstLost() uint16 {
	for !f.at(f.low).lost {
		f.low++
	}
	return f.low
}

// again notes that seq, which was lost, is on its way again.
func (f *flight) again(seq uint16) *sent {
	p := f.at(seq)
	p.lost = false
	f.lost--
	f.bytes += int(p.size)
	f.out++
	return p
}
