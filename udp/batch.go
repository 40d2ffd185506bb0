package udp

import (
	"net/netip"
	"sync/atomic"
)

// Batch is datagrams that were read together. They are the holder's until Release.
type Batch struct {
	socket  *Socket
	packets []Packet
	memory  []byte
	out     atomic.Bool
	slots   slots // what the system fills, where it fills many
}

// Packets are the datagrams, in the order in which they came; at least one. The holder
// may change their bytes.
func (b *Batch) Packets() []Packet { return b.packets }

// Release gives the batch back. It may be called in any goroutine, once.
func (b *Batch) Release() {
	if !b.out.Swap(false) {
		panic("udp: batch released twice")
	}
	b.socket.free <- b // has room for all batches there are
}

// take waits for a free batch, or for the end of the socket.
func (s *Socket) take() *Batch {
	select {
	case b := <-s.free:
		return b
	default:
	}
	if s.made < batchesMax {
		s.made++
		return s.newBatch()
	}
	select {
	case b := <-s.free:
		return b
	case <-s.closed:
		return nil
	}
}

func (s *Socket) newBatch() *Batch {
	b := &Batch{socket: s}
	if s.many != nil {
		s.many.furnish(b)
	} else {
		b.memory = make([]byte, s.cfg.Max+1) // one more shows that it was longer
		b.packets = make([]Packet, 0, 1)
	}
	return b
}

// add takes a datagram into the batch, if it is not too long.
func (b *Batch) add(from netip.AddrPort, data []byte) {
	c := &b.socket.counts
	if len(data) > b.socket.cfg.Max {
		c.tooLong.Add(1)
		return
	}
	b.packets = append(b.packets, Packet{from, data})
}
