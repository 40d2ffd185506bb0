package store

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// share counts what each peer had written in the last hour.
type share struct {
	peers map[sharer]*sent
	rest  map[string]*sent // by network: those there was no place for
	swept int64            // slot
}

// sharer is a peer in a network.
type sharer struct {
	net string
	who id.ID
}

// sent is bytes by slots of shareSlot; the slot n stands at n modulo shareSlots.
type sent struct {
	slots [shareSlots]int64
	last  int64 // slot
}

func newShare() share {
	return share{peers: map[sharer]*sent{}, rest: map[string]*sent{}}
}

// at forgets what is more than an hour old.
func (s *sent) at(slot int64) {
	for n := max(s.last+1, slot-shareSlots+1); n <= slot; n++ {
		s.slots[n%shareSlots] = 0
	}
	s.last = max(s.last, slot)
}

func (s *sent) sum() (n int64) {
	for _, b := range s.slots {
		n += b
	}
	return n
}

// take counts bytes that a peer has written, unless it would have more than limit within
// an hour.
func (s *share) take(now time.Time, net string, who id.ID, bytes, limit int64) bool {
	slot := max(0, now.Unix()) / int64(shareSlot/time.Second)
	if slot != s.swept {
		s.sweep(slot)
	}
	mine := s.peers[sharer{net, who}]
	if mine == nil {
		if len(s.peers) < sharePeers {
			mine = &sent{last: slot}
			s.peers[sharer{net, who}] = mine
		} else if mine = s.rest[net]; mine == nil {
			mine = &sent{last: slot}
			s.rest[net] = mine
		}
	}
	mine.at(slot)
	if mine.sum()+bytes > limit {
		return false
	}
	mine.slots[mine.last%shareSlots] += bytes
	return true
}

// sweep forgets who has written nothing for an hour.
func (s *share) sweep(slot int64) {
	s.swept = slot
	for who, p := range s.peers {
		if p.at(slot); p.sum() == 0 {
			delete(s.peers, who)
		}
	}
}
