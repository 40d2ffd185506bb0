package libp2p

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/ropewalk/ropewalk/link"
)

// inbound is the reading side of a lane: at most one stream at a time.
type inbound struct {
	turn sync.Mutex // held while one stream takes over from another
	seen bool       // there was a stream before; under turn
	cur  atomic.Pointer[reader]
}

// reader reads one inbound stream.
type reader struct {
	stream network.Stream
	dead   atomic.Bool // another stream took over, or the link ended
	done   chan struct{}
}

func (r *reader) stopped() bool { return r.dead.Load() }

// stop ends the present reader; its goroutine ends soon after.
func (in *inbound) stop(q *inbox, code network.StreamErrorCode) *reader {
	r := in.cur.Load()
	if r != nil {
		r.dead.Store(true)
		_ = r.stream.ResetWithError(code)
		q.wake()
	}
	return r
}

// serve reads a stream the remote opened for this lane until it ends. It runs in
// the goroutine libp2p made for the stream.
func (ln *lane) serve(s network.Stream) {
	l := ln.l
	if !l.streams.Allow() {
		_ = s.ResetWithError(network.StreamRateLimited)
		_ = l.Close(link.Breach)
		return
	}
	ln.want() // the remote speaks it, whatever identify said
	r := &reader{stream: s, done: make(chan struct{})}
	defer close(r.done)
	if !ln.takeOver(r) {
		_ = s.ResetWithError(l.lastWord()) // the remote may still be making its link
		return
	}
	ln.read(r)
	l.in.put(link.Msg{Lane: ln.n, Op: link.Ended}, nil)
}

// takeOver makes r the lane's reader: the former one is stopped and waited for, so
// that nothing of it comes after Began.
func (ln *lane) takeOver(r *reader) bool {
	ln.in.turn.Lock()
	defer ln.in.turn.Unlock()
	if old := ln.in.stop(ln.l.in, network.StreamSupplanted); old != nil {
		<-old.done
	}
	ln.in.cur.Store(r)
	if ln.l.ended() { // after the store: end stops whom it finds
		return false
	}
	if ln.in.seen && !ln.l.in.put(link.Msg{Lane: ln.n, Op: link.Began}, nil) {
		return false
	}
	ln.in.seen = true
	return true
}

// read delivers the stream's frames in order. A stream may have come on another
// connection of the peer: what ends that one is not said of this link.
func (ln *lane) read(r *reader) {
	f := newFrames(r.stream, ln.protocol, &ln.l.t.spare)
	for {
		code, data, err := f.next()
		why, bye := told(err)
		switch {
		case bye && r.stream.Conn() == ln.l.conn:
			_ = r.stream.Reset()
			ln.l.bye(why)
		case err == nil:
			if !ln.l.in.put(link.Msg{Lane: ln.n, Code: code, Data: data}, r.stopped) {
				_ = r.stream.Reset()
				return
			}
			continue
		case errors.Is(err, errFrame):
			_ = r.stream.ResetWithError(network.StreamProtocolViolation)
			ln.l.breach()
		case err == io.EOF:
			_ = r.stream.Close()
		default:
			_ = r.stream.Reset()
		}
		return
	}
}
