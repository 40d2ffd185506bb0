package gossipsub

import (
	"encoding/binary"
	"time"
)

// SeenStrategy says from when the time counts for which a message is remembered.
type SeenStrategy uint8

const (
	// FirstSeen: from the first copy. What circulates longer is new again.
	FirstSeen SeenStrategy = iota
	// LastSeen: from the last copy. What circulates stays known for as long as it
	// does, at the cost of at most nine entries for each message that does.
	LastSeen
)

// Pages of the seen cache, our choice: eight are opened within one TTL, and a full one
// holds 98,304 keys in 2 MiB, so that growing it never takes a millisecond.
const (
	seenPagesPerTTL  = 8
	seenPageSlotsMin = 8
	seenPageSlotsMax = 1 << 17
)

// seen remembers keys for at least ttl, at most ttl and an eighth, unless memory
// runs out first. Keys stand in pages by time; forgetting is dropping a page.
type seen struct {
	ttl      time.Duration
	bytesMax int
	pages    []*seenPage // oldest first; the last one is open
	bytes    int
	cut      int // pages dropped before their time
}

// seenPage is an open-addressing table of keys.
type seenPage struct {
	slots        []key
	n            int
	opened, last time.Time // when the first and the last key came
}

func (s *seen) has(now time.Time, k key) bool {
	for i := len(s.pages) - 1; i >= 0; i-- {
		p := s.pages[i]
		if now.Sub(p.last) >= s.ttl {
			return false // and all before it are older
		}
		if p.has(k) {
			return true
		}
	}
	return false
}

// add remembers k. The caller has looked that it is not there.
func (s *seen) add(now time.Time, k key) {
	s.expire(now)
	p := s.open(now)
	if (p.n+1)*4 > len(p.slots)*3 {
		s.bytes += len(p.slots) * len(k)
		p.grow()
	}
	p.put(k)
	p.last = now
	for s.bytes > s.bytesMax && len(s.pages) > 1 {
		s.cut++
		s.drop()
	}
}

// again remembers k for a whole ttl from now on. It is entered in the open page
// unless it stands there, so that a message costs one entry for each page's time.
func (s *seen) again(now time.Time, k key) {
	if n := len(s.pages); n > 0 && now.Sub(s.pages[n-1].opened) < s.ttl/seenPagesPerTTL && s.pages[n-1].has(k) {
		s.pages[n-1].last = now
		return
	}
	s.add(now, k)
}

// open returns the page to write to, a new one when the last is old or full.
func (s *seen) open(now time.Time) *seenPage {
	if n := len(s.pages); n > 0 {
		p := s.pages[n-1]
		full := p.n+1 > s.pageMax()*3/4
		if !full && now.Sub(p.opened) < s.ttl/seenPagesPerTTL {
			return p
		}
	}
	p := &seenPage{slots: make([]key, seenPageSlotsMin), opened: now, last: now}
	s.bytes += len(p.slots) * len(key{})
	s.pages = append(s.pages, p)
	return p
}

// pageMax keeps pages small enough that dropping one frees a small share.
func (s *seen) pageMax() int {
	slots := seenPageSlotsMax
	for slots > seenPageSlotsMin && slots*len(key{})*seenPagesPerTTL > s.bytesMax {
		slots /= 2
	}
	return slots
}

// expire drops the pages whose last key is ttl old.
func (s *seen) expire(now time.Time) {
	for len(s.pages) > 0 && now.Sub(s.pages[0].last) >= s.ttl {
		s.drop()
	}
}

func (s *seen) drop() {
	s.bytes -= len(s.pages[0].slots) * len(key{})
	n := copy(s.pages, s.pages[1:])
	s.pages[n] = nil
	s.pages = s.pages[:n]
}

func (p *seenPage) slot(k key) int {
	mask := uint64(len(p.slots) - 1)
	i := binary.LittleEndian.Uint64(k[:]) & mask
	for p.slots[i] != k && p.slots[i] != (key{}) {
		i = (i + 1) & mask
	}
	return int(i)
}

func (p *seenPage) has(k key) bool { return p.slots[p.slot(k)] == k }

func (p *seenPage) put(k key) {
	p.slots[p.slot(k)] = k
	p.n++
}

func (p *seenPage) grow() {
	old := p.slots
	p.slots = make([]key, 2*len(old))
	for _, k := range old {
		if k != (key{}) {
			p.slots[p.slot(k)] = k
		}
	}
}
