package rlpx

import (
	"fmt"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// batches are the buffers of running writers.
var batches = sync.Pool{New: func() any { b := make([]byte, 0, batchBytes+frameOverhead); return &b }}

// Write writes one message; see WriteAll.
func (l *Link) Write(m link.Msg) error {
	one := [1]link.Msg{m}
	return l.WriteAll(one[:])
}

// WriteAll writes messages in order, batchBytes at a time, and waits while the remote
// does not read, at most writeTimeout for each stallBytes. The error of a message that
// is not written because it is wrong wraps ErrNoLane, ErrCode or ErrTooLarge, and the
// link lives on. After any other it should be closed with link.NetworkError.
func (l *Link) WriteAll(all []link.Msg) error {
	l.writing.Lock()
	err := l.writeAll(all)
	l.writing.Unlock()
	l.settleSoon() // what the reader wanted meanwhile
	return err
}

func (l *Link) writeAll(all []link.Msg) error {
	buf := batches.Get().(*[]byte)
	defer batches.Put(buf)
	for len(all) > 0 {
		n, err := l.writeBatch((*buf)[:0], all)
		if err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// writeBatch writes the first messages of all and tells how many.
func (l *Link) writeBatch(buf []byte, all []link.Msg) (n int, err error) {
	if l.ended.Load() || l.torn {
		return 0, l.writeError()
	}
	b := append(buf, l.left...)
	l.left = nil
	l.owe.rest.Store(false)
	b = l.dues(b)
	var refused error
	for n < len(all) {
		m := &all[n]
		code, err := l.check(m)
		if err != nil {
			refused = err
			break
		}
		if size := frameBytesOf(len(m.Data)) + frameOverhead; len(b)+size > cap(buf) {
			if len(b) > 0 {
				break
			}
			large := getBuffer(size)
			defer putBuffer(large)
			b = large[:0]
		}
		if b, refused = l.seal.seal(b, code, m.Data); refused != nil {
			break
		}
		l.t.stats.lanes[m.Lane].out.add(1, uint64(len(m.Data)))
		if m.Own { // its bytes are in b
			putBuffer(m.Data)
			m.Data = nil
		}
		n++
	}
	if err := l.flush(b); err != nil {
		return n, err
	}
	return n, refused
}

// check refuses a message that breaks the description of its protocol.
func (l *Link) check(m *link.Msg) (code uint64, err error) {
	if int(m.Lane) >= len(l.bytes) || l.bytes[m.Lane] == 0 || m.Op != link.Data {
		return 0, fmt.Errorf("%w: lane %d op %s", ErrNoLane, m.Lane, m.Op)
	}
	p := &l.t.cfg.Protocols[m.Lane]
	if len(m.Data) > l.bytes[m.Lane] {
		return 0, fmt.Errorf("%w: %s: %d bytes, at most %d", ErrTooLarge, p.Name, len(m.Data), l.bytes[m.Lane])
	}
	rel := m.Code
	if p.Bare {
		rel = 0
	}
	code, ok := l.windows.code(m.Lane, rel)
	if !ok {
		return 0, fmt.Errorf("%w: %s: code %d of %d", ErrCode, p.Name, m.Code, p.Length)
	}
	return code, nil
}

// flush writes b, all of it or the link is torn. Under writing.
func (l *Link) flush(b []byte) error {
	for len(b) > 0 {
		l.limit()
		n, err := l.conn.Write(b[:min(len(b), stallBytes)])
		l.wrote(n)
		if err != nil {
			l.tear()
			return l.writeErrorOf(err)
		}
		b = b[n:]
	}
	return nil
}

// limit bounds the next write by writeTimeout at least.
func (l *Link) limit() {
	now := time.Now()
	if l.bound.Sub(now) >= writeTimeout {
		return
	}
	l.bound = now.Add(writeTimeout + writeSlack)
	_ = l.conn.SetWriteDeadline(l.bound)
	if l.ended.Load() { // farewell's own deadline may just have been moved
		_ = l.conn.SetWriteDeadline(now.Add(reasonTimeout))
	}
}

// wrote notes that something went out.
func (l *Link) wrote(n int) {
	if n > 0 {
		l.wroteAt.Store(l.now())
	}
}

// tear notes that the wire failed, perhaps within a frame. The reader has a little
// time to find out why.
func (l *Link) tear() {
	l.torn = true
	if l.ended.Load() {
		return
	}
	l.broken.Store(true)
	_ = l.conn.SetReadDeadline(time.Now().Add(tornTimeout))
}

// writeErrorOf is what a failed write returns.
func (l *Link) writeErrorOf(err error) error {
	if l.ended.Load() {
		return l.writeError()
	}
	return fmt.Errorf("%w: %w", ErrLost, plainly(err))
}

func (l *Link) writeError() error {
	if l.ended.Load() {
		<-l.over
		return l.err
	}
	return ErrLost
}
