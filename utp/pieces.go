package utp

// pieces are the bytes to send that are not all acknowledged, as they were handed in.
type pieces struct {
	list  [][]byte
	gone  uint64 // pieces that have left the front of list
	at    place  // of the next byte that was never sent
	ahead int    // bytes from at to the end
}

// place is where a byte is: the number of its piece since the start, and where in it.
type place struct {
	piece uint64
	off   int
}

func (q *pieces) add(b []byte) {
	if len(b) != 0 {
		q.list = append(q.list, b)
		q.ahead += len(b)
	}
}

// take says where the next n bytes are that were never sent, and moves past them.
func (q *pieces) take(n int) place {
	from := q.at
	q.ahead -= n
	for n > 0 {
		rest := len(q.list[q.at.piece-q.gone]) - q.at.off
		if n < rest {
			q.at.off += n
			break
		}
		n -= rest
		q.at = place{piece: q.at.piece + 1}
	}
	return from
}

// read fills dst with the bytes from a place on.
func (q *pieces) read(dst []byte, from place) {
	i := int(from.piece - q.gone)
	n := copy(dst, q.list[i][from.off:])
	for n < len(dst) {
		i++
		n += copy(dst[n:], q.list[i])
	}
}

// drop forgets the pieces before a place.
func (q *pieces) drop(to place) {
	n := int(to.piece - q.gone)
	if n <= 0 {
		return
	}
	clear(q.list[:n])
	q.list = q.list[n:]
	q.gone = to.piece
	if len(q.list) == 0 {
		q.list = nil
	}
}
