package libp2p

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/ropewalk/ropewalk/link"
)

// batches are the buffers of running writers.
var batches = sync.Pool{New: func() any { b := make([]byte, 0, pieceBytes+2*lengthVarintMax); return &b }}

// drain writes what is queued and returns when there is nothing left. One runs per
// lane, and only while there is something to write.
func (ln *lane) drain() {
	buf := batches.Get().(*[]byte)
	defer batches.Put(buf)
	for {
		s, batch := ln.take()
		if s == nil {
			return
		}
		err := ln.limit(s)
		if err == nil {
			err = ln.writeBatch(s, (*buf)[:0], batch)
		}
		if err != nil {
			_ = s.Reset() // the keeper's Read returns and tells
			ln.detach(s)
			continue
		}
		for i := range batch {
			if batch[i].Own {
				ln.l.t.spare.put(batch[i].Data)
			}
		}
		ln.sent(s, batch)
	}
}

// limit bounds the next batch on the wire by writeTimeout, and up to writeSlack more:
// a deadline costs a timer and is moved only when that much is gone.
func (ln *lane) limit(s network.Stream) error {
	now := time.Now()
	if ln.bound == s && ln.deadline.Sub(now) >= writeTimeout {
		return nil
	}
	ln.bound, ln.deadline = s, now.Add(writeTimeout+writeSlack)
	return s.SetWriteDeadline(ln.deadline)
}

// take cuts the next batch off the queue: up to batchBytes, one message at least.
// It returns no stream when there is nothing to write.
func (ln *lane) take() (network.Stream, []link.Msg) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if ln.stream == nil || len(ln.queue) == 0 {
		ln.writing = false
		return nil, nil
	}
	n, bytes := 0, 0
	for n < len(ln.queue) && (n == 0 || bytes+len(ln.queue[n].Data) <= batchBytes) {
		bytes += len(ln.queue[n].Data)
		n++
	}
	batch := ln.queue[:n:n]
	if ln.queue = ln.queue[n:]; len(ln.queue) == 0 {
		ln.queue = nil
	}
	return ln.stream, batch
}

// cancel takes the oldest queued message with a tag out.
func (ln *lane) cancel(tag uint64) bool {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	for i := range ln.queue {
		if ln.queue[i].Tag != tag {
			continue
		}
		ln.count(ln.queue[i : i+1])
		last := copy(ln.queue[i:], ln.queue[i+1:]) + i
		ln.queue[last] = link.Msg{}
		ln.queue = ln.queue[:last]
		return true
	}
	return false
}

// writeBatch puts a batch into one write. Of a message that is larger than a batch only
// the odd bytes in front are copied; the rest is whole pieces and one more write.
func (ln *lane) writeBatch(s network.Stream, buf []byte, batch []link.Msg) error {
	for _, m := range batch {
		if m.Op == link.Shut {
			if err := flush(s, buf); err != nil {
				return err
			}
			return s.CloseWrite()
		}
		if len(m.Data) <= batchBytes {
			buf = appendFrame(buf, ln.protocol, m)
			continue
		}
		odd := len(m.Data) % pieceBytes
		buf = appendHead(buf, ln.protocol, m)
		if err := flush(s, append(buf, m.Data[:odd]...)); err != nil {
			return err
		}
		if err := flush(s, m.Data[odd:]); err != nil {
			return err
		}
		buf = buf[:0]
	}
	return flush(s, buf)
}

func flush(s network.Stream, buf []byte) error {
	if len(buf) == 0 {
		return nil
	}
	_, err := s.Write(buf)
	return err
}

// sent counts a batch off, unless the stream is another by now.
func (ln *lane) sent(s network.Stream, batch []link.Msg) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if ln.stream != s {
		return // emptied meanwhile
	}
	ln.count(batch)
}

// count counts messages off and frees the lane when it is half empty. Under mu.
func (ln *lane) count(gone []link.Msg) {
	for i := range gone {
		ln.bytes -= len(gone[i].Data)
		ln.msgs--
	}
	if ln.msgs <= laneMsgsMax/2 && ln.bytes <= laneBytesMax/2 {
		ln.unbusy()
	}
}
