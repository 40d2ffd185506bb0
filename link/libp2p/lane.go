package libp2p

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	msmux "github.com/multiformats/go-multistream"

	"github.com/ropewalk/ropewalk/link"
)

// lane is one protocol on one link: the stream we write on with its queue, and the
// stream we read from (serve.go).
type lane struct {
	l        *Link
	n        link.Lane
	protocol link.Protocol
	freed    atomic.Bool // a Freed event waits in the inbox
	in       inbound

	mu      sync.Mutex
	room    sync.Cond
	stream  network.Stream // nil while it is not open
	queue   []link.Msg
	bytes   int  // of the queue and of the batch on the wire
	msgs    int  // likewise
	busy    bool // from full until half empty
	writing bool // a writer runs
	keeping bool // a keeper runs
	shut    bool // we shut it for good
	tries   int
	since   time.Time // of the first of tries

	// Of the running writer.
	bound    network.Stream // the stream that deadline is set on
	deadline time.Time
}

func newLane(l *Link, n link.Lane, p link.Protocol) *lane {
	ln := &lane{l: l, n: n, protocol: p}
	ln.room.L = &ln.mu
	return ln
}

// open opens a stream and negotiates one of the IDs, most preferred first.
func (ln *lane) open(ctx context.Context, ids []string) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, ln.l.t.cfg.setupMax())
	defer cancel()
	if ln.l.t.cfg.Limited {
		ctx = network.WithAllowLimitedConn(ctx, "link")
	}
	s, err := ln.l.conn.NewStream(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	selected, err := msmux.SelectOneOf(protocolIDs(ids), s)
	if err == nil {
		err = s.SetProtocol(selected)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = s.ResetWithError(network.StreamProtocolNegotiationFailed)
		return nil, err
	}
	return s, nil
}

// attach makes s the stream we write on.
func (ln *lane) attach(s network.Stream) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	ln.stream = s
}

// detach forgets a dead stream and what was queued for it.
func (ln *lane) detach(s network.Stream) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if ln.stream != s {
		return
	}
	ln.stream = nil
	ln.empty()
}

// empty drops the queue and lets waiting writers go. Under mu.
func (ln *lane) empty() {
	ln.queue = nil
	ln.bytes, ln.msgs = 0, 0
	ln.unbusy()
	ln.room.Broadcast()
}

// unbusy ends the busy state with a Freed event. Under mu.
func (ln *lane) unbusy() {
	if !ln.busy {
		return
	}
	ln.busy = false
	ln.l.busy.And(^uint64(1 << ln.n))
	ln.room.Broadcast()
	if ln.freed.CompareAndSwap(false, true) {
		ln.l.in.force(link.Msg{Lane: ln.n, Op: link.Freed})
	}
}

// end resets the lane's streams and wakes everybody for the end of the link.
func (ln *lane) end(code network.StreamErrorCode) {
	ln.mu.Lock()
	s := ln.stream
	ln.empty()
	ln.mu.Unlock()
	if s != nil {
		_ = s.ResetWithError(code)
	}
	ln.in.stop(ln.l.in, code)
}

// keep watches the lane's stream and opens another when it dies, until that no
// longer works or the link ends. One keeper per lane.
func (ln *lane) keep() {
	for {
		ln.mu.Lock()
		s := ln.stream
		ln.mu.Unlock()
		if s != nil {
			// The remote never writes here: whatever Read returns, it is dead.
			var b [1]byte
			_, err := s.Read(b[:])
			_ = s.Reset()
			if why, ok := told(err); ok {
				ln.l.bye(why)
			} else if ln.l.conn.IsClosed() {
				ln.l.end(whyClosed(ln.l.conn), false)
			}
			ln.detach(s)
			if ln.l.ended() || ln.isShut() {
				break
			}
			ln.l.in.put(link.Msg{Lane: ln.n, Op: link.Shut}, nil)
		}
		if s = ln.reopen(); s == nil {
			break
		}
		ln.l.in.put(link.Msg{Lane: ln.n, Op: link.Opened, Stream: string(s.Protocol())}, nil)
	}
	ln.mu.Lock()
	ln.keeping = false
	ln.mu.Unlock()
}

func (ln *lane) isShut() bool {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	return ln.shut
}

// reopen opens a stream again, after a pause that grows with the tries. It returns
// nil when there were too many or the link is over.
func (ln *lane) reopen() network.Stream {
	for {
		pause, ok := ln.pause()
		if !ok || !ln.sleep(pause) {
			return nil
		}
		ids := ln.l.t.remoteSpeaks(ln.l.conn.RemotePeer(), nil)[ln.n]
		if len(ids) == 0 {
			ids = ln.protocol.StreamIDs()
		}
		s, err := ln.open(context.Background(), ids)
		if err == nil {
			ln.attach(s)
			return s
		}
		if ln.l.conn.IsClosed() {
			ln.l.end(whyClosed(ln.l.conn), false)
		}
	}
}

// pause counts a try and says how long to wait before it.
func (ln *lane) pause() (time.Duration, bool) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if now := time.Now(); now.Sub(ln.since) > reopenForget {
		ln.tries, ln.since = 0, now
	}
	ln.tries++
	switch {
	case ln.tries > reopenAttempts || ln.shut:
		return 0, false
	case ln.tries == 1:
		return 0, true
	}
	return min(reopenFirst<<(ln.tries-2), reopenMax) + rand.N(reopenFirst), true
}

// sleep waits unless the link ends first.
func (ln *lane) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return !ln.l.ended()
	case <-ln.l.done:
		return false
	}
}

// want opens the lane, unless it is open, being opened or shut for good.
func (ln *lane) want() {
	ln.mu.Lock()
	if ln.stream != nil || ln.keeping || ln.shut || ln.l.ended() {
		ln.mu.Unlock()
		return
	}
	ln.keeping = true
	ln.mu.Unlock()
	if !ln.l.t.run(ln.keep) {
		ln.mu.Lock()
		ln.keeping = false
		ln.mu.Unlock()
	}
}

// write queues a message, waiting while the lane is busy, and sees to it that a
// writer runs.
func (ln *lane) write(m link.Msg) error {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if m.Op == link.Shut && !ln.shut {
		ln.shut = true
	} else if ln.shut {
		if m.Op == link.Shut {
			return nil
		}
		return fmt.Errorf("%w: %s", ErrShut, ln.protocol.Name)
	}
	for ln.busy && m.Op == link.Data && ln.stream != nil && !ln.l.ended() {
		ln.room.Wait()
	}
	switch {
	case ln.l.ended():
		return ln.l.err
	case ln.stream == nil:
		return nil
	}
	if !ln.writing {
		if !ln.l.t.run(ln.drain) {
			return ErrClosed
		}
		ln.writing = true
	}
	ln.queue = append(ln.queue, m)
	ln.msgs++
	ln.bytes += len(m.Data)
	if ln.msgs >= laneMsgsMax || ln.bytes >= laneBytesMax {
		ln.busy = true
		ln.l.busy.Or(1 << ln.n)
	}
	return nil
}
