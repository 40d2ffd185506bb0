package portal

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// connKey names a stream that is waited for.
type connKey struct {
	by, from id.ID
	conn     uint16
}

// end is one end of a stream.
type end struct {
	h     *host
	t     id.Ticket
	other *end
	free  time.Time // when the bytes written so far have gone
}

func (h *host) Reserve(_ time.Time, t id.Ticket, who id.ID) (uint16, bool) {
	if h.full {
		return 0, false
	}
	w := h.w
	w.conns++
	e := &end{h: h, t: t}
	h.pipes[t] = e
	w.waits[connKey{h.id, who, w.conns}] = e
	return w.conns, true
}

func (h *host) Open(_ time.Time, t id.Ticket, to *enr.Record, conn uint16) {
	w := h.w
	e := &end{h: h, t: t}
	h.pipes[t] = e
	w.after(w.latency, func() {
		key := connKey{to.ID(), h.id, conn}
		p := w.waits[key]
		if p == nil || p.h.down || p.h.pipes[p.t] != p {
			return // nobody answers
		}
		delete(w.waits, key)
		if h.pipes[t] != e {
			p.tell(0, StreamEvent{Kind: StreamFailed, Err: errors.New("reset")})
			return
		}
		p.other, e.other = e, p
		p.tell(0, StreamEvent{Kind: StreamOpen})
		e.tell(w.latency, StreamEvent{Kind: StreamOpen})
	})
}

// tell has an event come up at an end, if it is still there then.
func (e *end) tell(d time.Duration, ev StreamEvent) {
	e.h.w.after(d, func() {
		if e.h.pipes[e.t] != e || e.h.down {
			return
		}
		if ev.Kind == StreamEnd || ev.Kind == StreamFailed {
			delete(e.h.pipes, e.t)
		}
		e.h.did(e.h.o.Stream(e.h.w.now, e.t, ev))
	})
}

func (h *host) Write(_ time.Time, t id.Ticket, parts ...[]byte) {
	e := h.pipes[t]
	if e == nil || e.other == nil || h.mute {
		return
	}
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	w := h.w
	if w.spoil != nil {
		all = w.spoil(h, e.other.h, all)
	}
	piece := 64 << 10
	if w.streamRate > 0 {
		piece = max(512, min(piece, w.streamRate/10))
	}
	for len(all) > 0 {
		n := min(len(all), piece)
		part := all[:n]
		all = all[n:]
		w.bytes += n
		if e.free.Before(w.now) {
			e.free = w.now
		}
		if w.streamRate > 0 {
			e.free = e.free.Add(time.Duration(n) * time.Second / time.Duration(w.streamRate))
		}
		e.other.tell(e.free.Sub(w.now)+w.latency, StreamEvent{Kind: StreamData, Data: part})
	}
}

func (h *host) Finish(_ time.Time, t id.Ticket) {
	e := h.pipes[t]
	if e == nil || e.other == nil || h.mute {
		return
	}
	w := h.w
	wait := max(0, e.free.Sub(w.now))
	e.other.tell(wait+w.latency, StreamEvent{Kind: StreamEnd})
	e.tell(wait+2*w.latency, StreamEvent{Kind: StreamDrained})
	e.tell(wait+2*w.latency, StreamEvent{Kind: StreamEnd})
}

func (h *host) Abort(_ time.Time, t id.Ticket) {
	e := h.pipes[t]
	delete(h.pipes, t)
	if e != nil && e.other != nil {
		e.other.tell(h.w.latency, StreamEvent{Kind: StreamFailed, Err: errors.New("reset")})
	}
}
