package udp

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// outgoing is what one call writes: messages, each of one datagram or of several that
// the system cuts.
type outgoing struct {
	msgs    [writeMax]unix.Mmsghdr
	names   [writeMax]unix.RawSockaddrInet6
	iovs    [writeMax]unix.Iovec
	control [writeMax][3]uint64 // as words, because headers want to be aligned
	parts   [writeMax]int       // datagrams of each message
	n       int                 // messages
}

// write writes in calls of up to writeMax datagrams.
func (m *many) write(packets []Packet) (sent int, first error) {
	var bytes uint64
	apart := 0 // so many go alone, since together they were refused
	failed := func(err error) {
		m.s.counts.writeErrors.Add(1)
		if first == nil {
			first = err
		}
	}
	for at := 0; at < len(packets); {
		m.prepare(packets[at:], apart)
		if m.out.n == 0 {
			failed(errFamily)
			at, apart = at+1, max(apart-1, 0)
			continue
		}
		if err := m.raw.Write(m.writing); err != nil {
			failed(err)
			break
		}
		m.s.counts.writeCalls.Add(1)
		done := 0
		for i := range m.writeN {
			done += m.out.parts[i]
			if m.out.parts[i] > 1 {
				m.s.counts.joinedOut.Add(uint64(m.out.parts[i]))
			}
		}
		for i := range done {
			bytes += uint64(len(packets[at+i].Data))
		}
		sent, at, apart = sent+done, at+done, max(apart-done, 0)
		switch {
		case m.writeErr == 0:
		case m.writeErr == unix.EAGAIN:
			m.s.counts.full.Add(uint64(len(packets) - at))
			if first == nil {
				first = m.writeErr
			}
			at = len(packets)
		case m.out.parts[0] > 1: // of this many together; see which of them it is
			if m.writeErr == unix.EIO { // the card cannot make checksums, udp(7)
				m.cuts.Store(false)
			}
			apart = m.out.parts[0]
		default:
			failed(m.writeErr)
			at, apart = at+1, max(apart-1, 0)
		}
	}
	clear(m.out.iovs[:min(len(packets), writeMax)])
	m.s.counts.bytesOut.Add(bytes)
	return sent, first
}

// writeCall is always true: it does not wait for room.
func (m *many) writeCall(fd uintptr) bool {
	m.writeN, m.writeErr = callAgain(unix.SYS_SENDMMSG, fd, &m.out.msgs[0], m.out.n)
	return true
}

// prepare makes messages of the first datagrams, up to one whose address the socket
// cannot write to; of none when it is the very first.
func (m *many) prepare(packets []Packet, apart int) {
	o := &m.out
	o.n = 0
	cuts := m.cuts.Load()
	packets = packets[:min(len(packets), writeMax)]
	for at := 0; at < len(packets); o.n++ {
		p := &packets[at]
		namelen, ok := m.s.nameOf(&o.names[o.n], p.Addr)
		if !ok {
			return
		}
		parts := 1
		if cuts && at >= apart {
			parts = together(packets[at:])
		}
		for i := range parts {
			data := packets[at+i].Data
			o.iovs[at+i] = unix.Iovec{}
			if len(data) > 0 {
				o.iovs[at+i].Base = &data[0]
				o.iovs[at+i].SetLen(len(data))
			}
		}
		h := &o.msgs[o.n].Hdr
		*h = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&o.names[o.n])), Namelen: namelen, Iov: &o.iovs[at]}
		h.SetIovlen(parts)
		if parts > 1 {
			o.cut(o.n, len(p.Data))
		}
		o.parts[o.n] = parts
		at += parts
	}
}

// cut has the system cut message i into datagrams of that size.
func (o *outgoing) cut(i, size int) {
	c := &o.control[i]
	h := (*unix.Cmsghdr)(unsafe.Pointer(c))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	raw := (*[len(c) * 8]byte)(unsafe.Pointer(c))
	binary.NativeEndian.PutUint16(raw[unix.CmsgLen(0):], uint16(size))
	o.msgs[i].Hdr.Control = &raw[0]
	o.msgs[i].Hdr.SetControllen(unix.CmsgSpace(2))
}

// together is how many datagrams, from the first on, go to one address and are of one
// size, where the last may be shorter.
func together(packets []Packet) int {
	to, size := packets[0].Addr, len(packets[0].Data)
	if size == 0 {
		return 1
	}
	n := 1
	for total := size; n < len(packets) && n < segmentsMax; n++ {
		l := len(packets[n].Data)
		if packets[n].Addr != to || l == 0 || l > size || total+l > joinedMax {
			break
		}
		total += l
		if l < size {
			return n + 1
		}
	}
	return n
}

// nameOf writes an address as the system reads it.
func (s *Socket) nameOf(name *unix.RawSockaddrInet6, to netip.AddrPort) (n uint32, ok bool) {
	ip := to.Addr()
	raw := (*[unix.SizeofSockaddrInet6]byte)(unsafe.Pointer(name))
	switch {
	case !ip.IsValid():
		return 0, false
	case s.v6:
		*name = unix.RawSockaddrInet6{Family: syscall.AF_INET6, Addr: ip.As16(), Scope_id: scopeOf(ip)}
		n = unix.SizeofSockaddrInet6
	default:
		if ip = ip.Unmap(); !ip.Is4() {
			return 0, false
		}
		*name = unix.RawSockaddrInet6{Family: syscall.AF_INET}
		a := ip.As4()
		copy(raw[4:8], a[:])
		n = unix.SizeofSockaddrInet4
	}
	binary.BigEndian.PutUint16(raw[2:], to.Port())
	return n, true
}

// scopeOf is the number of the interface that a link-local address is at: as Read
// names it, or by the interface's name.
func scopeOf(ip netip.Addr) uint32 {
	zone := ip.Zone()
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	return 0
}
