package score

import (
	"encoding/binary"
	"time"
)

// state is how far a message is.
type state uint8

const (
	open    state = iota // no verdict, or one that says nothing of those who sent it
	valid                // later copies still count
	invalid              // later copies cost
	settled              // later copies are nothing
)

// record is what is known of one message. It has no pointers: a million of them are
// nothing to the garbage collector.
type record struct {
	key    Key
	made   time.Duration // when the first copy came
	judged time.Duration
	list   uint32 // who sent it, in the order of the copies; see senders
	state  state
	hushed bool // peers were asked not to send it
}

const (
	chunkRecords = 128
	indexParts   = 64
	partSlotsMin = 8
	numberBits   = 31 // a record's number as the index keeps it
)

// records remembers messages in the order in which they came: a queue of chunks,
// with an index in parts that grow and shrink each on its own, so that no step of
// it is long.
type records struct {
	ttl        time.Duration
	chunks     []*[chunkRecords]record
	spare      *[chunkRecords]record // the last one that was emptied
	head, tail uint64                // numbers of the oldest record and of the next one
	fresh      []uint64
	freshFrom  int    // fresh[freshFrom:] are the valid records whose copies still count
	waiting    uint64 // records before this one are judged or have waited long enough
	index      [indexParts]part
	senders    senders
}

// part is an open-addressing table of record numbers, each one more than it is.
type part struct {
	slots []uint32
	n     int
}

// at gives the record of a number between head and tail.
func (rs *records) at(n uint64) *record {
	first := rs.head / chunkRecords
	return &rs.chunks[n/chunkRecords-first][n%chunkRecords]
}

// number turns what the index keeps into a record's number.
func (rs *records) number(kept uint32) uint64 {
	const mask = 1<<numberBits - 1
	return rs.head + (uint64(kept-1)-rs.head)&mask
}

func kept(n uint64) uint32 { return uint32(n&(1<<numberBits-1)) + 1 }

// find returns the record of k, or nil.
func (rs *records) find(at time.Duration, k Key) (*record, uint64) {
	p := &rs.index[k[0]%indexParts]
	if p.n == 0 {
		return nil, 0
	}
	mask := uint32(len(p.slots) - 1)
	for i := binary.LittleEndian.Uint32(k[4:]) & mask; p.slots[i] != 0; i = (i + 1) & mask {
		n := rs.number(p.slots[i])
		if r := rs.at(n); r.key == k && at-r.made < rs.ttl {
			return r, n
		}
	}
	return nil, 0
}

// add makes a record of k, which has none. At the cap the oldest is forgotten.
func (rs *records) add(at time.Duration, k Key) *record {
	for range 2 { // twice as fast as they come, so that Advance never has much to do
		if rs.head == rs.tail || at-rs.at(rs.head).made < rs.ttl {
			break
		}
		rs.drop()
	}
	if rs.tail-rs.head >= recordsMax {
		rs.drop()
	}
	rs.settle(at, 2)
	if rs.tail%chunkRecords == 0 || len(rs.chunks) == 0 {
		if rs.spare == nil {
			rs.spare = new([chunkRecords]record)
		}
		rs.chunks, rs.spare = append(rs.chunks, rs.spare), nil
	}
	n := rs.tail
	rs.tail++
	r := rs.at(n)
	*r = record{key: k, made: at}
	p := &rs.index[k[0]%indexParts]
	if (p.n+1)*4 > len(p.slots)*3 {
		rs.resize(p, max(partSlotsMin, 2*len(p.slots)))
	}
	rs.put(p, k, kept(n))
	p.n++
	return r
}

func (rs *records) put(p *part, k Key, v uint32) {
	mask := uint32(len(p.slots) - 1)
	i := binary.LittleEndian.Uint32(k[4:]) & mask
	for p.slots[i] != 0 {
		i = (i + 1) & mask
	}
	p.slots[i] = v
}

func (rs *records) resize(p *part, size int) {
	old := p.slots
	p.slots = make([]uint32, size)
	for _, v := range old {
		if v != 0 {
			rs.put(p, rs.at(rs.number(v)).key, v)
		}
	}
}

// drop forgets the oldest record.
func (rs *records) drop() {
	n := rs.head
	r := rs.at(n)
	rs.release(r)
	rs.unindex(r.key, kept(n))
	if rs.head++; rs.head%chunkRecords == 0 {
		rs.spare, rs.chunks[0] = rs.chunks[0], nil
		rs.chunks = rs.chunks[1:]
	}
	if rs.head == rs.tail {
		*rs = records{ttl: rs.ttl} // an emptied store gives its memory back
	}
}

// unindex takes a number out of the index and closes the gap behind it.
func (rs *records) unindex(k Key, v uint32) {
	p := &rs.index[k[0]%indexParts]
	mask := uint32(len(p.slots) - 1)
	i := binary.LittleEndian.Uint32(k[4:]) & mask
	for p.slots[i] != v {
		i = (i + 1) & mask
	}
	for j := (i + 1) & mask; p.slots[j] != 0; j = (j + 1) & mask {
		home := binary.LittleEndian.Uint32(rs.at(rs.number(p.slots[j])).key[4:]) & mask
		if (j-home)&mask >= (j-i)&mask {
			p.slots[i], i = p.slots[j], j
		}
	}
	p.slots[i] = 0
	switch p.n--; {
	case p.n == 0:
		p.slots = nil
	case len(p.slots) > partSlotsMin && p.n*8 < len(p.slots):
		rs.resize(p, len(p.slots)/2)
	}
}

// release forgets who sent r.
func (rs *records) release(r *record) {
	rs.senders.free(r.list)
	r.list = 0
}

// judge notes that r, number n, is valid: its copies count for a while yet.
func (rs *records) judge(at time.Duration, r *record, n uint64) {
	r.state, r.judged = valid, at
	if rs.freshFrom > 64 && 2*rs.freshFrom > len(rs.fresh) {
		rs.fresh = rs.fresh[:copy(rs.fresh, rs.fresh[rs.freshFrom:])]
		rs.freshFrom = 0
	}
	rs.fresh = append(rs.fresh, n)
}

// settle ends what no longer counts: senders of valid messages after the window,
// and of messages that got no verdict.
func (rs *records) settle(at time.Duration, most int) {
	for ; most > 0 && rs.freshFrom < len(rs.fresh); most-- {
		if n := rs.fresh[rs.freshFrom]; n >= rs.head {
			r := rs.at(n)
			if at-r.judged <= starveWindow {
				break
			}
			rs.release(r)
			r.state = settled
		}
		if rs.freshFrom++; rs.freshFrom == len(rs.fresh) {
			rs.fresh, rs.freshFrom = rs.fresh[:0], 0
		}
	}
	for rs.waiting = max(rs.waiting, rs.head); most > 0 && rs.waiting < rs.tail; most-- {
		r := rs.at(rs.waiting)
		if at-r.made <= verdictWait {
			break
		}
		if r.state == open {
			rs.release(r)
		}
		rs.waiting++
	}
}

// expire forgets records that are due, a bounded number in one call.
func (rs *records) expire(at time.Duration) {
	rs.settle(at, recordsPerStep)
	for range recordsPerStep {
		if rs.head == rs.tail || at-rs.at(rs.head).made < rs.ttl {
			return
		}
		rs.drop()
	}
}

// due is when the oldest record goes, if there is one.
func (rs *records) due() (time.Duration, bool) {
	if rs.head == rs.tail {
		return 0, false
	}
	return rs.at(rs.head).made + rs.ttl, true
}
