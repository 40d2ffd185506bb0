package msgrw

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

// narrow is a link's memory that carries no payload of 10,000 bytes or more.
type narrow struct{ back int }

func (n *narrow) Lend(size int) []byte  { return make([]byte, size) }
func (n *narrow) Reuse([]byte)          { n.back++ }
func (n *narrow) Fits(data []byte) bool { return len(data) < 10_000 }

// A payload that the link cannot carry is refused where it is written, and costs the
// conversation nothing.
func TestWriteWhatFitsNoFrame(t *testing.T) {
	q, n := newOutbox(), &narrow{}
	q.memory = n
	put := func(size int) error {
		_, err := q.put(context.Background(), Msg{Size: uint32(size), Payload: bytes.NewReader(make([]byte, size))})
		return err
	}
	if err := put(10_000); !errors.Is(err, ErrTooLarge) || n.back != 1 || q.msgs != 0 {
		t.Errorf("refused with %v, %d pieces of memory back, %d queued", err, n.back, q.msgs)
	}
	if err := put(9_999); err != nil || q.msgs != 1 {
		t.Errorf("the next one: %v, %d queued", err, q.msgs)
	}
}
