package libp2p

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/ropewalk/ropewalk/link"
)

// tape is a stream that keeps what is written.
type tape struct {
	network.Stream
	writes [][]byte
}

func (s *tape) Write(b []byte) (int, error) {
	s.writes = append(s.writes, bytes.Clone(b))
	return len(b), nil
}

func (s *tape) SetWriteDeadline(time.Time) error { return nil }

// pieces is how many yamux frames the writes are.
func (s *tape) pieces() (n int) {
	for _, b := range s.writes {
		n += (len(b) + pieceBytes - 1) / pieceBytes
	}
	return n
}

// What is written is what appendFrame makes, in as few frames of the muxer as it fills.
func TestWriteBatch(t *testing.T) {
	huge := link.Protocol{Name: "huge", Version: 1, Length: 1 << 20, BytesMax: 4 << 20}
	data := bytes.Repeat([]byte("some text of no length"), 1<<18)
	small := make([]link.Msg, laneMsgsMax)
	for i := range small {
		small[i] = link.Msg{Code: 1 << 18, Data: data[i : i+batchBytes/laneMsgsMax]}
	}
	for _, c := range []struct {
		name   string
		batch  []link.Msg
		pieces int
	}{
		{"a lane full of small ones", small, 1},
		{"as large as a batch", []link.Msg{{Data: data[:batchBytes]}}, 1},
		{"larger than a batch", []link.Msg{{Data: data[:batchBytes+1]}}, 1},
		{"a piece less its head", []link.Msg{{Data: data[:pieceBytes-4]}}, 1},
		{"a piece", []link.Msg{{Data: data[:pieceBytes]}}, 2},
		{"64 KiB", []link.Msg{{Data: data[:64<<10]}}, 2},
		{"1 MiB", []link.Msg{{Data: data[:1<<20]}}, 17},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, ln := &tape{}, &lane{protocol: huge}
			if err := ln.writeBatch(s, make([]byte, 0, 16), c.batch); err != nil {
				t.Fatal(err)
			}
			var want []byte
			for _, m := range c.batch {
				want = appendFrame(want, huge, m)
			}
			if got := slices.Concat(s.writes...); !bytes.Equal(got, want) {
				t.Errorf("%d bytes written that are not the frames' %d", len(got), len(want))
			}
			if s.pieces() != c.pieces {
				t.Errorf("%d frames of the muxer, want %d", s.pieces(), c.pieces)
			}
		})
	}
}

// The memory of a message that the writer alone holds is used again once it is written,
// and no other.
func TestWrittenMemoryComesAgain(t *testing.T) {
	for _, own := range []bool{true, false} {
		s, tr := &tape{}, &Transport{}
		ln := newLane(&Link{t: tr, in: newInbox()}, 0, link.Protocol{Name: "some", Version: 1, Length: 1})
		ln.stream, ln.writing = s, true
		data := tr.spare.get(64 << 10)
		ln.queue, ln.msgs, ln.bytes = []link.Msg{{Data: data, Own: own}}, 1, len(data)
		ln.drain()
		if again := tr.spare.get(64 << 10); len(s.writes) == 0 || (&again[0] == &data[0]) != own {
			t.Errorf("own %v: %d writes, used again: %v", own, len(s.writes), &again[0] == &data[0])
		}
	}
}
