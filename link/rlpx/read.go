package rlpx

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// errSilent is a link on which too little came for too long.
var errSilent = errors.New("rlpx: silent")

// Read waits for the next message or round trip. What the remote wrote before it
// closed is read first.
func (l *Link) Read() (link.Msg, error) {
	for {
		m, ok, err := l.step()
		if err != nil || ok {
			return m, err
		}
	}
}

// Feed takes the place of Read.
func (l *Link) Feed(put func(link.Msg) bool) error {
	for {
		m, ok, err := l.step()
		switch {
		case err != nil:
			return err
		case ok && !put(m):
			return ErrClosed
		}
	}
}

// Lend returns memory for a payload.
func (l *Link) Lend(n int) []byte { return getBuffer(n) }

// Reuse decodes a later message into data.
func (l *Link) Reuse(data []byte) { putBuffer(data) }

// step reads one frame. ok tells that it is something for who reads.
func (l *Link) step() (m link.Msg, ok bool, err error) {
	if l.ended.Load() {
		return m, false, l.why()
	}
	code, payload, err := l.in.next()
	if err == nil {
		if code < baseProtocolLength {
			m, ok, err = l.base(code, payload)
		} else {
			m, ok, err = l.message(code, payload)
		}
		l.in.release()
	}
	if err != nil {
		l.fail(err)
		return link.Msg{}, false, l.why()
	}
	return m, ok, nil
}

// why waits for the reason of the end, which is known or about to be.
func (l *Link) why() error {
	<-l.over
	l.addUp()
	return l.err
}

// message makes a lane's message of a frame.
func (l *Link) message(code uint64, payload []byte) (m link.Msg, ok bool, err error) {
	owner, rel := l.windows.lane(code)
	switch owner {
	case nobody:
		return m, false, fmt.Errorf("rlpx: %w: message code %d", link.Breach, code)
	case foreign:
		l.t.stats.ignored.Add(1)
		return m, false, nil
	}
	size := len(payload)
	if l.snappy {
		if size, err = inflatedLen(payload); err != nil {
			return m, false, err
		}
	}
	if size > l.bytes[owner] {
		return m, false, fmt.Errorf("rlpx: %w: message of %d bytes, at most %d", link.Breach, size, l.bytes[owner])
	}
	data := l.slab.payload(size)
	if l.snappy {
		if _, err := inflate(data, payload); err != nil {
			return m, false, err
		}
	} else {
		copy(data, payload)
	}
	c := &l.count[owner]
	c.msgs++
	c.bytes += uint64(size)
	l.dirty = l.dirty.With(link.Lane(owner))
	return link.Msg{Lane: link.Lane(owner), Code: rel, Data: data}, true, nil
}

// fail ends the link after an error of the reader.
func (l *Link) fail(err error) {
	var told *link.Closed
	switch {
	case errors.As(err, &told):
		l.lose(told)
	case l.in.lost == nil:
		l.breach(err)
	case errors.Is(err, errSilent):
		_ = l.Close(link.Timeout)
	default:
		l.lose(fmt.Errorf("%w: %w", ErrLost, plainly(err)))
	}
}

// readSocket reads the socket once. While it waits it keeps the link's time.
func (l *Link) readSocket(b []byte) (int, error) {
	l.addUp()
	l.reading.Lock()
	defer l.reading.Unlock()
	l.clock.wait(time.Now(), l.in)
	for {
		if l.ended.Load() {
			return 0, net.ErrClosed
		}
		n, err := l.conn.Read(b)
		if n > 0 {
			l.clock.got += n
			return n, nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || l.ended.Load() {
			return 0, err
		}
		next, err := l.tick(time.Now())
		if err != nil {
			return 0, err
		}
		_ = l.conn.SetReadDeadline(next)
	}
}

// addUp adds what was counted since to the transport's counters.
func (l *Link) addUp() {
	for n := link.Lane(0); l.dirty != 0; n++ {
		if l.dirty.Has(n) {
			c := &l.count[n]
			l.t.stats.lanes[n].in.add(c.msgs, c.bytes)
			c.msgs, c.bytes = 0, 0
			l.dirty &^= 1 << n
		}
	}
}
