package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// viewer is one connection of the socket: a reader, a task for each request it reads,
// and a watcher once it has subscribed.
type viewer struct {
	d       *dnet
	conn    net.Conn
	ctx     context.Context
	flight  chan struct{}            // one per request being answered
	toggled chan struct{}            // dnet.switch was used
	watches bool                     // the reader's
	told    atomic.Pointer[snapshot] // of the last p2p.get_info
	wg      sync.WaitGroup
	mu      sync.Mutex // one line at a time
}

var errLongLine = errors.New("api: line too long")

// read answers line after line until the connection ends.
func (v *viewer) read() {
	in := bufio.NewReaderSize(v.conn, dnetSmallLine)
	for {
		line, large, err := v.line(in)
		good := len(line) == 0 || v.request(line, large)
		if large {
			<-v.d.large
		}
		if err != nil || !good {
			return
		}
	}
}

// line reads one line. A large one takes a place that the caller gives back, so that a
// few of them at once is all that viewers can make us hold, and has a deadline. The
// line is good until the next.
func (v *viewer) line(in *bufio.Reader) (line []byte, large bool, err error) {
	line, err = in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, false, err
	}
	select {
	case v.d.large <- struct{}{}:
	case <-v.ctx.Done():
		return nil, false, io.EOF
	}
	v.conn.SetReadDeadline(time.Now().Add(readWithin))
	defer v.conn.SetReadDeadline(time.Time{})
	all := slices.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = in.ReadSlice('\n')
		if all = append(all, line...); len(all) > dnetLineMax {
			return nil, true, errLongLine
		}
	}
	return all, true, err
}

// dnetRequest is a line of a viewer.
type dnetRequest struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// request sees to one line; false ends the connection. Every request is answered in
// its own task, so answers may come in another order; a large one is answered before
// the next line is read.
func (v *viewer) request(raw []byte, large bool) bool {
	if firstByte(raw) == 0 {
		return true
	}
	var r dnetRequest
	if firstByte(raw) != '{' || checkText(raw) != nil || json.Unmarshal(raw, &r) != nil || len(r.ID) > requestIDMax {
		return false
	}
	if r.ID == nil {
		r.ID = nullID
	}
	if r.Method == "dnet.subscribe_events" {
		return v.subscribe() // the answers are the events
	}
	if large {
		return v.answer(r)
	}
	select {
	case v.flight <- struct{}{}:
	case <-v.ctx.Done():
		return false
	}
	v.wg.Go(func() {
		defer func() { <-v.flight }()
		if !v.answer(r) {
			v.conn.Close() // ends the reader too
		}
	})
	return true
}

// dnetAnswer is the viewers' form of an answer.
type dnetAnswer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

func (v *viewer) answer(r dnetRequest) bool {
	ctx, stop := context.WithTimeout(v.ctx, callWithin)
	defer stop()
	result, err := v.call(ctx, r.Method, r.Params)
	a := dnetAnswer{Version: "2.0", ID: r.ID, Result: result}
	if err != nil {
		a.Result, a.Error = nil, toError(err)
	}
	return v.send(a)
}

func (v *viewer) send(what any) bool {
	body, err := json.Marshal(what)
	if err != nil {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.conn.SetWriteDeadline(time.Now().Add(readWithin))
	_, err = v.conn.Write(append(body, '\n'))
	return err == nil
}

// subscribe begins to watch, once; false when the node cannot be watched.
func (v *viewer) subscribe() bool {
	if v.watches {
		return true
	}
	w, err := v.watch()
	if err != nil {
		return false
	}
	v.watches = true
	v.wg.Go(func() {
		defer v.conn.Close()
		w.run()
	})
	return true
}
