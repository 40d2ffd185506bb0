package score

import "iter"

// senders keeps who sent which message, as lists of blocks in one slab. A list is
// one more than the number of its first block; zero is the empty list. A peer is
// its serial number, which is never zero.
type senders struct {
	blocks []block
	spare  uint32 // list of free blocks
	used   int
}

type block struct {
	who  [15]uint32
	next uint32
}

// join adds a peer to a list. known tells that it was there, ok that it is now.
func (s *senders) join(list *uint32, who uint32) (known, ok bool) {
	last := uint32(0)
	for at, n := *list, 0; at != 0; at = s.blocks[at-1].next {
		b := &s.blocks[at-1]
		for i, w := range b.who {
			if w == who {
				return true, true
			}
			if w == 0 {
				b.who[i] = who
				return false, true
			}
		}
		if n += len(b.who); n >= sendersMax {
			return false, false
		}
		last = at
	}
	free := s.take()
	switch {
	case free == 0:
		return false, false
	case last == 0:
		*list = free
	default:
		s.blocks[last-1].next = free
	}
	s.blocks[free-1].who[0] = who
	return false, true
}

// remove takes a peer out of a list; the others keep their order.
func (s *senders) remove(list, who uint32) bool {
	var hole *uint32
	for ; list != 0; list = s.blocks[list-1].next {
		b := &s.blocks[list-1]
		for i := range b.who {
			switch w := &b.who[i]; {
			case hole != nil:
				*hole, hole = *w, w
				*w = 0
			case *w == who:
				*w, hole = 0, w
			}
		}
	}
	return hole != nil
}

// take gives a list of one empty block, or zero when there is no room. Blocks move
// when the slab grows.
func (s *senders) take() uint32 {
	if s.used >= blocksMax {
		return 0
	}
	s.used++
	if n := s.spare; n != 0 {
		s.spare = s.blocks[n-1].next
		s.blocks[n-1] = block{}
		return n
	}
	s.blocks = append(s.blocks, block{})
	return uint32(len(s.blocks))
}

// free gives a list's blocks back.
func (s *senders) free(list uint32) {
	for list != 0 {
		b := &s.blocks[list-1]
		list, b.next, s.spare = b.next, s.spare, list
		s.used--
	}
}

// all gives the peers of a list, in the order in which they came.
func (s *senders) all(list uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for ; list != 0; list = s.blocks[list-1].next {
			for _, who := range s.blocks[list-1].who {
				if who == 0 || !yield(who) {
					return
				}
			}
		}
	}
}
