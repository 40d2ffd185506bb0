package udp

import (
	"errors"
	"net"
	"net/netip"
)

// errFamily is of an IPv6 address on a socket of IPv4.
var errFamily = errors.New("udp: an IPv6 address on a socket of IPv4")

// Write sends datagrams, in their order, and does not wait for room. It returns how
// many the system took, and the first error; one that is refused does not keep the
// others. Nothing of packets is kept.
func (s *Socket) Write(packets []Packet) (sent int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.many != nil {
		sent, err = s.many.write(packets)
	} else {
		sent, err = s.writeEach(packets)
	}
	s.counts.packetsOut.Add(uint64(sent))
	return sent, err
}

// writeEach writes one datagram after another, on any system.
func (s *Socket) writeEach(packets []Packet) (sent int, first error) {
	n := 0
	for i := range packets {
		p := &packets[i]
		s.counts.writeCalls.Add(1)
		_, err := s.conn.WriteToUDPAddrPort(p.Data, s.target(p.Addr))
		if err == nil {
			sent++
			n += len(p.Data)
			continue
		}
		s.counts.writeErrors.Add(1)
		if first == nil {
			first = err
		}
		if errors.Is(err, net.ErrClosed) {
			break
		}
	}
	s.counts.bytesOut.Add(uint64(n))
	return sent, first
}

// target is the address as the system's socket takes it.
func (s *Socket) target(to netip.AddrPort) netip.AddrPort {
	if !s.v6 {
		return netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	}
	return to
}
