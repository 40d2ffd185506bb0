package rlpx

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// pings bounds what a remote pings. full is when as many as at first are allowed at
// once again.
type pings struct{ full time.Time }

func (p *pings) allow(now time.Time) bool {
	if p.full.Before(now) {
		p.full = now
	}
	p.full = p.full.Add(pingsEvery)
	return p.full.Sub(now) <= pingsBurst*pingsEvery
}

// owed is what the reader wants written and, if the writer is at it, leaves to it.
type owed struct {
	pongs atomic.Int32
	ping  atomic.Bool
	rest  atomic.Bool // Link.left is not empty
}

func (o *owed) any() bool { return o.pongs.Load() > 0 || o.ping.Load() || o.rest.Load() }

// base handles a message of the base protocol.
func (l *Link) base(code uint64, payload []byte) (m link.Msg, ok bool, err error) {
	if code == codeDisconnect {
		return m, false, &link.Closed{Reason: parseReason(payload, l.snappy), Remote: true}
	}
	if err := l.checkBase(payload); err != nil {
		return m, false, err
	}
	switch code {
	case codeHello:
		return m, false, fmt.Errorf("rlpx: %w: second Hello", link.Breach)
	case codePing:
		if !l.pings.allow(time.Now()) {
			return m, false, fmt.Errorf("rlpx: %w: too many pings", link.Breach)
		}
		l.owe.pongs.Add(1)
		l.settleSoon()
		return m, false, nil
	case codePong:
		if at := l.pinged.Swap(0); at != 0 {
			return link.Msg{Op: link.Timed, Code: uint64(max(l.now()-at, 0))}, true, nil
		}
	}
	l.t.stats.ignored.Add(1)
	return m, false, nil
}

// checkBase refuses a message that is too long or not what compression makes.
func (l *Link) checkBase(payload []byte) error {
	size := len(payload)
	if l.snappy {
		n, err := inflatedLen(payload)
		if err != nil {
			return err
		}
		size = n
	}
	if size > baseBytesMax {
		return fmt.Errorf("rlpx: %w: base message of %d bytes", link.Breach, size)
	}
	if l.snappy {
		_, err := inflate(l.scraps[:size], payload)
		return err
	}
	return nil
}

// settle writes what is owed unless the writer is at it, who then does. It waits for
// the wire only a moment: two readers that waited for each other's reading would wait
// for ever. It returns false when something is left to be tried again.
func (l *Link) settle() bool {
	for l.owe.any() {
		if !l.writing.TryLock() {
			return true
		}
		done := l.trySettle()
		l.writing.Unlock()
		if !done {
			return false
		}
	}
	return true
}

// settleSoon is settle; what is left then is tried again when the reader looks at the
// time next, which is soon.
func (l *Link) settleSoon() {
	if !l.settle() {
		_ = l.conn.SetReadDeadline(time.Now().Add(owedEvery))
	}
}

// trySettle is settle under writing.
func (l *Link) trySettle() bool {
	if l.torn || l.ended.Load() {
		l.owe.pongs.Store(0)
		l.owe.ping.Store(false)
		l.owe.rest.Store(false)
		return true
	}
	b := l.dues(l.left)
	l.left = nil
	l.bound = time.Time{}
	_ = l.conn.SetWriteDeadline(time.Now().Add(pongPatience))
	if l.ended.Load() {
		_ = l.conn.SetWriteDeadline(time.Now().Add(reasonTimeout))
	}
	n, err := l.conn.Write(b)
	l.wrote(n)
	switch {
	case err == nil:
		l.owe.rest.Store(false)
		return true
	case errors.Is(err, os.ErrDeadlineExceeded):
		l.left = b[n:]
		l.owe.rest.Store(true)
		return false
	}
	l.tear()
	return true
}

// dues appends the pongs and the ping that are owed. Under writing.
func (l *Link) dues(b []byte) []byte {
	for l.owe.pongs.Load() > 0 {
		l.owe.pongs.Add(-1)
		b = l.small(b, codePong)
		l.t.stats.pongs.Add(1)
	}
	if l.owe.ping.Swap(false) {
		b = l.small(b, codePing)
		l.pinged.Store(max(l.now(), 1))
		l.t.stats.pings.Add(1)
	}
	return b
}

// small appends a message with an empty list.
func (l *Link) small(b []byte, code uint64) []byte {
	out, err := l.seal.seal(b, code, emptyList)
	if err != nil {
		return b // never: it is one byte
	}
	return out
}

var emptyList = []byte{0xc0}
