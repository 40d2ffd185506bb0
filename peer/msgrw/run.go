package msgrw

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// panicked is the error of a Run that panicked.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// start has Run called. Of the loop.
func (h handler) start(r *rw) {
	hub := h.hub
	hub.mu.Lock()
	closed := hub.closed
	if !closed {
		hub.runs[r] = struct{}{}
	}
	hub.mu.Unlock()
	if closed {
		r.in.share.Close()
		return
	}
	r.state = running
	r.peer.runs++
	key := runKey{r.peer.ID(), h.kind}
	before := hub.before[key]
	hub.before[key] = r.done
	go func() {
		err := r.run(before)
		r.cancel()
		r.in.share.Close()
		close(r.done)
		hub.cfg.Post(func(now time.Time) { hub.returned(now, r, err) })
		hub.mu.Lock()
		defer hub.mu.Unlock()
		delete(hub.runs, r)
		if len(hub.runs) == 0 && hub.idle != nil {
			close(hub.idle)
		}
	}()
}

// takeShare takes what a Run needs of the process, and for what has come early.
func (h *Hub) takeShare(r *rw) error {
	if h.cfg.Share == nil {
		return nil
	}
	share, err := h.cfg.Share(r.port.Peer().Conn(), r.kind.label)
	if err != nil {
		return err
	}
	_, cost := r.in.waiting()
	share.Add(int64(cost - r.in.freshCost))
	r.in.share = share
	return nil
}

// run calls Run, after the one before with the same peer has returned or had its
// time.
func (r *rw) run(before chan struct{}) (err error) {
	if before != nil {
		timer := time.NewTimer(stopWithin)
		defer timer.Stop()
		select {
		case <-before:
		case <-timer.C:
		case <-r.ctx.Done():
		}
	}
	if r.ctx.Err() != nil {
		return ErrShuttingDown
	}
	defer func() {
		if v := recover(); v != nil {
			err = panicked{v}
			r.kind.hub.panicked(r, v, debug.Stack())
		}
	}()
	return r.kind.Run(r.peer, r)
}

func (h *Hub) panicked(r *rw, v any, stack []byte) {
	r.kind.panics.Add(1)
	if h.log.allow(time.Now()) {
		h.cfg.Log.Error("protocol panics", "protocol", r.kind.label, "peer", r.peer.ID().Short(), "panic", fmt.Sprint(v), "stack", string(stack))
	}
}

func (h *Hub) warn(what string, r *rw) {
	if h.log.allow(time.Now()) {
		h.cfg.Log.Warn(what, "protocol", r.kind.label, "peer", r.peer.ID().Short())
	}
}

// returned: a Run has. Of the loop.
func (h *Hub) returned(now time.Time, r *rw, err error) {
	r.peer.runs--
	was := r.state
	if was == running {
		r.state = detached
	}
	if key := (runKey{r.peer.ID(), r.kind}); h.before[key] == r.done {
		delete(h.before, key)
	}
	if was == down {
		if r.deadline.IsZero() {
			r.kind.stuck-- // late
		}
		h.forget(r)
		return
	}
	why, ends := Reason(err)
	if _, ok := err.(panicked); ok {
		why, ends = link.Subprotocol, false
	}
	if !ends {
		r.kind.detaches++
		r.detach()
		ends = r.peer.runs == 0 && !h.carries(r)
	}
	if ends {
		h.leave(now, r, why)
	} else {
		r.pump(now)
	}
}

// carries tells whether the link has lanes of the node's own.
func (h *Hub) carries(r *rw) bool { return r.port.Peer().Lanes()&(1<<h.cfg.Own-1) != 0 }

// leave ends a link when what its Run wrote is written, or soon.
func (h *Hub) leave(now time.Time, r *rw, why link.Reason) {
	r.in.flush()
	r.in.close(true)
	r.out.close(ErrShuttingDown, false)
	r.free()
	r.pump(now)
	r.leaving, r.deadline = &why, now.Add(lingerWithin)
	r.port.Await()
	h.ends = append(h.ends, r)
}

// detach ends the protocol on a link that lives on.
func (r *rw) detach() {
	r.state = detached
	r.in.flush()
	msgs, _ := r.in.close(true)
	r.kind.discarded += uint64(msgs)
	r.out.close(ErrShuttingDown, false)
	r.cancel()
	r.free()
}

// hangUp makes reading and writing fail from now on: reading when discard says so or
// all is read.
func (r *rw) hangUp(discard bool) {
	r.in.close(discard)
	r.out.close(ErrShuttingDown, discard)
	r.cancel()
}

// endEnds deals with Runs that should have returned and links that should have
// written their last.
func (h *Hub) endEnds(now time.Time) {
	for i := 0; i < len(h.ends); {
		r := h.ends[i]
		if r.deadline.After(now) {
			i++
			continue
		}
		h.ends = append(h.ends[:i], h.ends[i+1:]...)
		r.deadline = time.Time{}
		if r.state != down {
			r.port.Drop(now, *r.leaving)
			continue
		}
		r.kind.stuck++
		h.warn("protocol does not return", r)
	}
}

// forget takes a conversation off what must end.
func (h *Hub) forget(r *rw) {
	for i, x := range h.ends {
		if x == r {
			h.ends = append(h.ends[:i], h.ends[i+1:]...)
			return
		}
	}
}
