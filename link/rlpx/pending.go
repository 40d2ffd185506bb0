package rlpx

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// stage is how far an inbound socket has come. Only what costs the remote work
// counts as progress.
type stage uint8

const (
	unproven stage = iota // or refused, and about to close
	proven                // the handshake is done, Hello is not
	finished              // a link that waits for Accept
)

// pending is an inbound socket that is no link yet.
type pending struct {
	conn  net.Conn
	ip    netip.Addr
	from  netip.Prefix  // the source it counts with: see sourceOf
	out   chan struct{} // closed when it must give way
	stage stage         // under waiting.mu
}

// waiting are the pending sockets. When there are too many one gives way to the
// newest: the oldest of those that came least far.
type waiting struct {
	places chan struct{} // one taken by each goroutine that has a pending socket
	perIP  int           // of one source

	mu   sync.Mutex
	list []*pending // oldest first
}

func newWaiting(all, perIP int) *waiting {
	return &waiting{places: make(chan struct{}, all), perIP: perIP}
}

// add takes the socket in, waits for a place and tells who had to give way. It
// returns false when done is closed first.
func (w *waiting) add(p *pending, counted bool, done <-chan struct{}) (evicted []*pending, ok bool) {
	w.mu.Lock()
	if counted {
		if victim := w.last(w.perIP, func(o *pending) bool { return o.from == p.from }); victim != nil {
			evicted = append(evicted, victim)
			w.evict(victim)
		}
	}
	w.list = append(w.list, p)
	w.mu.Unlock()
	select {
	case w.places <- struct{}{}:
		return evicted, true
	default:
	}
	w.mu.Lock()
	if victim := w.last(cap(w.places), func(o *pending) bool { return o != p }); victim != nil {
		evicted = append(evicted, victim)
		w.evict(victim)
	}
	w.mu.Unlock()
	select {
	case w.places <- struct{}{}: // its goroutine ends at once, or its work does
		return evicted, true
	case <-done:
		w.remove(p)
		return evicted, false
	}
}

// last is who gives way among those of a group that has reached its limit: the
// oldest of the least stage. Under mu.
func (w *waiting) last(limit int, group func(*pending) bool) (victim *pending) {
	n := 0
	for _, o := range w.list {
		if group(o) {
			n++
			if victim == nil || o.stage < victim.stage {
				victim = o
			}
		}
	}
	if n < limit {
		return nil
	}
	return victim
}

// evict ends a pending socket. Under mu.
func (w *waiting) evict(p *pending) {
	w.forget(p)
	close(p.out)
	if p.stage < finished {
		_ = p.conn.Close()
	}
}

// forget takes p off the list. Under mu.
func (w *waiting) forget(p *pending) {
	w.list = slices.DeleteFunc(w.list, func(o *pending) bool { return o == p })
}

// reach notes how far p has come.
func (w *waiting) reach(p *pending, s stage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.stage = s
}

// remove ends the wait of p, which has no place any more.
func (w *waiting) remove(p *pending) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(p)
}

// leave gives p's place back.
func (w *waiting) leave(p *pending) {
	w.remove(p)
	<-w.places
}

// Pending is how many inbound sockets are no links yet, and the most that may be.
func (t *Transport) Pending() (now, most int) {
	t.waiting.mu.Lock()
	defer t.waiting.mu.Unlock()
	return len(t.waiting.list), cap(t.waiting.places)
}
