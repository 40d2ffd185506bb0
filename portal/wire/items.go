package wire

import (
	"fmt"
)

// Items reads what a stream carries, as it comes in. Memory grows with what has come,
// not with what a length claims.
type Items struct {
	want    int // items still to come
	itemMax int
	left    int // bytes that the stream may still carry
	raw     bool
	head    length
	inItem  bool
	due     int // bytes of the current item still to come
	item    []byte
	done    [][]byte
	held    int
	err     error
}

// growBytes is the step in which room for an item grows. Our choice: a peer that claims
// much and sends little costs little.
const growBytes = 64 << 10

// NewItems reads a number of items, each with its length before it (offers, and what is
// found in version 1 and later, which is one item). An item has at most itemMax bytes,
// all of them, lengths included, streamMax.
func NewItems(n, itemMax, streamMax int) *Items {
	return &Items{want: n, itemMax: itemMax, left: streamMax}
}

// NewRaw reads one item that ends where the stream ends (what is found in version 0).
func NewRaw(itemMax int) *Items {
	return &Items{want: 1, itemMax: itemMax, left: itemMax, raw: true}
}

// Write takes the stream's next bytes; they are copied. After an error nothing more is
// taken, and what Next has still to give is good.
func (r *Items) Write(b []byte) error {
	if r.err == nil {
		r.err = r.write(b)
	}
	return r.err
}

func (r *Items) write(b []byte) error {
	if len(b) > r.left {
		return fmt.Errorf("%w: the stream", ErrTooLarge)
	}
	if r.raw {
		r.take(b)
		return nil
	}
	for len(b) > 0 {
		if r.want == 0 {
			return fmt.Errorf("%w: %d bytes after the last item", ErrMalformed, len(b))
		}
		if !r.inItem {
			last, err := r.head.add(b[0])
			if err != nil {
				return err
			}
			b = b[1:]
			r.left--
			if last {
				if err := r.begin(); err != nil {
					return err
				}
			}
			continue
		}
		n := min(r.due, len(b))
		r.take(b[:n])
		b = b[n:]
		if r.due -= n; r.due == 0 {
			r.finish()
		}
	}
	return nil
}

// begin starts the item whose length has come. What lies behind it in the same chunk still
// counts as left.
func (r *Items) begin() error {
	switch {
	case r.head.v > uint64(r.itemMax):
		return fmt.Errorf("%w: an item of %d bytes, at most %d", ErrTooLarge, r.head.v, r.itemMax)
	case r.head.v > uint64(r.left):
		return fmt.Errorf("%w: an item of %d bytes, %d left to the stream", ErrTooLarge, r.head.v, r.left)
	}
	r.due, r.inItem, r.head = int(r.head.v), true, length{}
	if r.due == 0 {
		r.finish()
	}
	return nil
}

// take adds bytes to the current item.
func (r *Items) take(b []byte) {
	if free := cap(r.item) - len(r.item); free < len(b) {
		grown := make([]byte, len(r.item), r.room(len(b)))
		copy(grown, r.item)
		r.item = grown
	}
	r.item = append(r.item, b...)
	r.held += len(b)
	r.left -= len(b)
}

// room is the capacity for the current item when n more bytes come: twice as much, in
// steps, and not more than the item has.
func (r *Items) room(n int) int {
	most := r.itemMax
	if !r.raw {
		most = len(r.item) + r.due
	}
	return min(max(2*(len(r.item)+n), growBytes), most)
}

// finish puts the current item among those that are whole.
func (r *Items) finish() {
	r.done = append(r.done, r.item)
	r.item, r.inItem = nil, false
	r.want--
}

// Next gives the next whole item, which is the caller's. An item of no bytes means that
// the sender no longer has it.
func (r *Items) Next() (item []byte, ok bool) {
	if len(r.done) == 0 {
		return nil, false
	}
	item, r.done = r.done[0], r.done[1:]
	r.held -= len(item)
	return item, true
}

// Done tells whether every item has come. A stream needs no end then.
func (r *Items) Done() bool { return r.err == nil && r.want == 0 }

// Held is how many bytes are kept here: items not yet given and the current one.
func (r *Items) Held() int { return r.held }

// End says that the stream has ended: ErrShort when items are missing.
func (r *Items) End() error {
	switch {
	case r.err != nil:
		return r.err
	case r.raw && r.want == 1:
		r.finish()
	case r.want > 0:
		r.err = fmt.Errorf("%w: %d items missing", ErrShort, r.want)
	}
	return r.err
}
