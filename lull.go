package ropewalk

import (
	"os"
	"runtime"
	"syscall"
)

// lull waits until the network was looked at. Go's scheduler does that when nothing
// else is left to do, so a goroutine that only yields goes before what came, and so
// does whatever it wakes. A byte that we send to ourselves comes with what came.
type lull struct {
	from, to *os.File // a pipe; nil where there is none
	raw      syscall.RawConn
	step     func(fd uintptr) bool // kept, so that waiting allocates nothing
	sent     bool                  // in this wait
	b        [1]byte
}

func newLull() *lull {
	l := &lull{}
	var err error
	if l.from, l.to, err = os.Pipe(); err != nil {
		return &lull{} // no file to be had: yielding is what is left
	}
	if l.raw, err = l.from.SyscallConn(); err != nil {
		l.close()
		return &lull{}
	}
	l.step = l.trip
	return l
}

// wait returns when all that could run has run once and the readers of what came by
// the network have been woken: within microseconds while a processor is free. Others'
// computing delays it as it delays the readers.
func (l *lull) wait() {
	l.sent = false
	if l.raw == nil || l.raw.Read(l.step) != nil {
		runtime.Gosched()
	}
}

// trip sends the byte when it is called first, then takes it. It must not be sent
// earlier: a wake-up from before the poller was armed is lost.
func (l *lull) trip(fd uintptr) (done bool) {
	if !l.sent {
		l.sent = true
		_, err := l.to.Write(l.b[:])
		return err != nil
	}
	for {
		if _, err := syscall.Read(int(fd), l.b[:]); err != syscall.EINTR {
			return err != syscall.EAGAIN
		}
	}
}

// close gives the files back; wait then yields.
func (l *lull) close() {
	if l.from != nil {
		_ = l.from.Close()
		_ = l.to.Close()
	}
}
