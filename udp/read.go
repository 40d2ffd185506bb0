package udp

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// Read waits for datagrams. One goroutine reads. The error is net.ErrClosed, when the
// socket was closed; any other error of the system is counted and passed over.
func (s *Socket) Read() (*Batch, error) {
	b := s.take()
	if b == nil {
		return nil, net.ErrClosed
	}
	for {
		b.packets = b.packets[:0]
		var err error
		if s.many != nil {
			err = s.many.read(b)
		} else {
			err = s.readOne(b)
		}
		s.counts.readCalls.Add(1)
		switch {
		case err == nil:
			s.errors = 0
		case errors.Is(err, net.ErrClosed):
			s.free <- b
			return nil, net.ErrClosed
		default:
			s.pause()
		}
		if len(b.packets) > 0 {
			s.count(b)
			b.out.Store(true)
			return b, nil
		}
	}
}

// readOne reads one datagram, on any system.
func (s *Socket) readOne(b *Batch) error {
	n, from, err := s.conn.ReadFromUDPAddrPort(b.memory)
	if err != nil && !(n > 0 && tooLong(err)) {
		return err
	}
	b.add(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), b.memory[:n])
	return nil
}

// count notes what is handed out.
func (s *Socket) count(b *Batch) {
	n := 0
	for i := range b.packets {
		n += len(b.packets[i].Data)
	}
	s.counts.packetsIn.Add(uint64(len(b.packets)))
	s.counts.bytesIn.Add(uint64(n))
}

// pause waits after an error of reading, if it is not the first in a row: what the
// system says of one datagram is over with the next call.
func (s *Socket) pause() {
	s.counts.readErrors.Add(1)
	s.errors++
	d := pauseOf(s.errors)
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.closed:
	}
}

// pauseOf is the pause after so many errors in a row: none for the first 16, as many
// datagrams can be refused at once, then twice as long each time.
func pauseOf(errors int) time.Duration {
	const free = 16
	if errors <= free {
		return 0
	}
	return min(pauseMin<<min(errors-free-1, 20), pauseMax)
}
