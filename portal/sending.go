package portal

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// sending writes items into a stream. Owner: who made it, by end.
type sending struct {
	o     *Overlay
	t     id.Ticket
	p     *peer
	parts [][]byte // nil once they are written
	bytes int
	end   func(now time.Time, err error) // called once; nil: all has arrived
	late  *timer
}

// mayServe tells whether there is room for a stream to a node.
func (o *Overlay) mayServe(p *peer) bool {
	return p.serves < transfersPerPeer && o.sums.serves < transfersMax && o.sums.sent < sentBytesMax
}

// send starts a stream that is reserved or being opened under a ticket. Values go by
// reference, each behind its length, or bare in version 0's answers to FindContent.
func (o *Overlay) send(now time.Time, t id.Ticket, p *peer, values [][]byte, bare bool, end func(time.Time, error)) *sending {
	s := &sending{o: o, t: t, p: p, end: end}
	for _, v := range values {
		if !bare {
			s.parts = append(s.parts, wire.AppendLength(nil, len(v)))
		}
		s.parts = append(s.parts, v)
		s.bytes += len(v)
	}
	p.serves++
	o.sums.serves++
	o.sums.sent += s.bytes
	s.late = o.timers.add(now.Add(openWithin), func(now time.Time) {
		s.fail(now, fmt.Errorf("%w: it was not opened", ErrTransfer))
	})
	o.flows.Put(t.N, s)
	return s
}

func (s *sending) event(now time.Time, e StreamEvent) {
	switch e.Kind {
	case StreamOpen:
		s.write(now)
	case StreamDrained, StreamEnd:
		if s.parts == nil {
			s.close(now, nil)
		}
	case StreamFailed:
		s.close(now, fmt.Errorf("%w: %w", ErrTransfer, orUnknown(e.Err)))
	}
}

// write hands everything over at once; the stream has its own window.
func (s *sending) write(now time.Time) {
	if s.parts == nil {
		return
	}
	s.o.timers.stop(s.late)
	limit := sendWithin + time.Duration(s.bytes/sendRate)*time.Second
	s.late = s.o.timers.add(now.Add(limit), func(now time.Time) {
		s.fail(now, fmt.Errorf("%w: too slow", ErrTransfer))
	})
	s.o.streams.Write(now, s.t, s.parts...)
	s.o.streams.Finish(now, s.t)
	s.parts = nil
}

func (s *sending) fail(now time.Time, err error) {
	s.o.streams.Abort(now, s.t)
	s.close(now, err)
}

func (s *sending) close(now time.Time, err error) {
	s.settle()
	s.end(now, err)
}

func (s *sending) settle() {
	s.o.timers.stop(s.late)
	s.o.flows.Delete(s.t.N)
	s.p.serves--
	s.o.sums.serves--
	s.o.sums.sent -= s.bytes
}

func (s *sending) drop(now time.Time) {
	s.o.streams.Abort(now, s.t)
	s.settle()
}
