package udp

import (
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// many reads and writes many datagrams in a call (recvmmsg(2), sendmmsg(2)).
type many struct {
	s     *Socket
	raw   syscall.RawConn
	joins bool        // UDP_GRO is on
	cuts  atomic.Bool // UDP_SEGMENT works; turned off for good when the network card says no

	// What the calls below got, as RawConn takes a function without results. They are
	// made once, so that a call allocates nothing.
	reading, writing func(fd uintptr) bool
	readBatch        *Batch
	readN, writeN    int
	readErr          syscall.Errno
	writeErr         syscall.Errno
	out              outgoing
}

// newMany finds out what the system has; nil when it lacks the calls.
func newMany(s *Socket, raw syscall.RawConn) *many {
	m := &many{s: s, raw: raw}
	have := false
	err := raw.Control(func(fd uintptr) {
		_, r := call(unix.SYS_RECVMMSG, fd, nil, 0)
		_, w := call(unix.SYS_SENDMMSG, fd, nil, 0)
		if have = r == 0 && w == 0; !have {
			return
		}
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1) // without it, Stats.Lost stays 0
		if s.cfg.Apart {
			return
		}
		m.joins = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1) == nil
		_, err := unix.GetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT)
		m.cuts.Store(err == nil)
	})
	if err != nil || !have {
		return nil
	}
	m.reading, m.writing = m.readCall, m.writeCall
	return m
}

func (m *many) means() (joins, cuts bool) { return m.joins, m.cuts.Load() }

// call is recvmmsg or sendmmsg, which does not wait.
func call(trap, fd uintptr, msgs *unix.Mmsghdr, n int) (int, syscall.Errno) {
	r, _, errno := unix.Syscall6(trap, fd, uintptr(unsafe.Pointer(msgs)), uintptr(n), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

// callAgain is call, repeated when a signal came between.
func callAgain(trap, fd uintptr, msgs *unix.Mmsghdr, n int) (int, syscall.Errno) {
	for {
		got, errno := call(trap, fd, msgs, n)
		if errno != unix.EINTR {
			return got, errno
		}
	}
}
