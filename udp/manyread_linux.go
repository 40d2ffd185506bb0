package udp

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// controlWords hold what the system tells of a datagram: the size of those that were
// joined, and how many it has lost. As words, because headers want to be aligned.
const controlWords = 8

// slots is where the system puts datagrams of a batch.
type slots struct {
	msgs    []unix.Mmsghdr
	names   []unix.RawSockaddrInet6
	control [][controlWords]uint64
	size    int // of each slot's memory
	used    int // by the last call
}

// furnish gives a new batch its memory.
func (m *many) furnish(b *Batch) {
	n, size := readMax, m.s.cfg.Max+1 // one more shows that it was longer
	if m.joins {
		n, size = joinedSlots, joinedSlot
	}
	b.memory = make([]byte, n*size)
	b.packets = make([]Packet, 0, readMax)
	b.slots = slots{make([]unix.Mmsghdr, n), make([]unix.RawSockaddrInet6, n), make([][controlWords]uint64, n), size, n}
	iovs := make([]unix.Iovec, n)
	for i := range n {
		iovs[i].Base = &b.memory[i*size]
		iovs[i].SetLen(size)
		h := &b.slots.msgs[i].Hdr
		h.Name = (*byte)(unsafe.Pointer(&b.slots.names[i]))
		h.Iov = &iovs[i]
		h.SetIovlen(1)
		h.Control = (*byte)(unsafe.Pointer(&b.slots.control[i]))
	}
}

// ready undoes what the last call wrote into the headers.
func (s *slots) ready() {
	for i := range s.used {
		h := &s.msgs[i].Hdr
		h.Namelen = unix.SizeofSockaddrInet6
		h.SetControllen(controlWords * 8)
		h.Flags = 0
	}
	s.used = 0
}

// read waits for datagrams and takes all that are there, as far as there is room.
func (m *many) read(b *Batch) error {
	b.slots.ready()
	m.readBatch = b
	err := m.raw.Read(m.reading)
	m.readBatch = nil
	switch {
	case err != nil:
		return err
	case m.readErr != 0:
		return m.readErr
	}
	b.slots.used = m.readN
	for i := range m.readN {
		m.takeSlot(b, i)
	}
	return nil
}

// readCall is false when there is nothing to read, and RawConn waits.
func (m *many) readCall(fd uintptr) bool {
	msgs := m.readBatch.slots.msgs
	m.readN, m.readErr = callAgain(unix.SYS_RECVMMSG, fd, &msgs[0], len(msgs))
	return m.readErr != unix.EAGAIN
}

// takeSlot takes the datagrams of a slot into the batch: one, or several that were
// joined, each of the size the system names but the last.
func (m *many) takeSlot(b *Batch, i int) {
	msg := &b.slots.msgs[i]
	from, ok := addrOf(&b.slots.names[i], msg.Hdr.Namelen)
	if !ok {
		return
	}
	data := b.memory[i*b.slots.size:][:min(int(msg.Len), b.slots.size)]
	size := m.controlOf(b, i)
	if size <= 0 || size >= len(data) {
		b.add(from, data)
		return
	}
	for len(data) > 0 {
		n := min(size, len(data))
		b.add(from, data[:n:n])
		m.s.counts.joinedIn.Add(1)
		data = data[n:]
	}
}

// controlOf reads what the system tells along with a datagram, and returns the size of
// those that were joined, 0 for one alone.
func (m *many) controlOf(b *Batch, i int) (size int) {
	n := min(int(b.slots.msgs[i].Hdr.Controllen), controlWords*8)
	rest := unsafe.Slice((*byte)(unsafe.Pointer(&b.slots.control[i])), n)
	for len(rest) >= unix.SizeofCmsghdr {
		h, data, more, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			return size
		}
		switch {
		case len(data) < 4:
		case h.Level == unix.SOL_UDP && h.Type == unix.UDP_GRO:
			size = int(int32(binary.NativeEndian.Uint32(data)))
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL:
			m.s.counts.lost.Store(uint64(binary.NativeEndian.Uint32(data)))
		}
		rest = more
	}
	return size
}

// addrOf is the address that the system wrote.
func addrOf(name *unix.RawSockaddrInet6, n uint32) (netip.AddrPort, bool) {
	raw := (*[unix.SizeofSockaddrInet6]byte)(unsafe.Pointer(name))
	port := binary.BigEndian.Uint16(raw[2:])
	switch {
	case name.Family == syscall.AF_INET && n >= unix.SizeofSockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(raw[4:8])), port), true
	case name.Family == syscall.AF_INET6 && n >= unix.SizeofSockaddrInet6:
		ip := netip.AddrFrom16(name.Addr).Unmap()
		if name.Scope_id != 0 && ip.IsLinkLocalUnicast() {
			ip = ip.WithZone(strconv.Itoa(int(name.Scope_id)))
		}
		return netip.AddrPortFrom(ip, port), true
	}
	return netip.AddrPort{}, false
}
