package portal

import (
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
	"github.com/ropewalk/ropewalk/trace"
)

// call is a request of ours that has no answer yet.
type call struct {
	to   *enr.Record
	want wire.Kind
	sent time.Time
	late *timer
	slow func(now time.Time) // see Overlay.slow; may be nil
	done func(now time.Time, body []byte, err error)
}

// call sends a request of a kind. done is called once, never before call returns: with a
// body of the kind that answers it, or an error. slow, unless it is nil, is called before
// that when the answer takes long.
func (o *Overlay) call(now time.Time, to *enr.Record, kind wire.Kind, body []byte, slow func(now time.Time), done func(now time.Time, body []byte, err error)) {
	why := error(nil)
	switch {
	case !o.running:
		why = ErrStopped
	case !o.mayAsk(now, to):
		why = ErrVersion
	case o.calls.Len() >= callsMax:
		why = ErrBusy
	}
	if why != nil {
		o.soon(func(now time.Time) { done(now, nil, why) })
		return
	}
	o.stats.Calls++
	t := o.tickets.Next()
	c := &call{to: to, want: kind + 1, sent: now, slow: slow, done: done}
	c.late = o.timers.add(now.Add(o.peer(to.ID(), to).slowAfter()), func(now time.Time) {
		c.late = o.timers.add(c.sent.Add(o.patience(to.ID())), func(now time.Time) { o.answered(now, t, nil, ErrTimeout) })
		o.slow(now, c)
	})
	o.calls.Put(t.N, c)
	o.talker.Talk(now, t, to, o.cfg.Network.Protocol, body)
}

// patience is how long a node may take to answer.
func (o *Overlay) patience(who id.ID) time.Duration {
	if p := o.known(who); p != nil {
		return min(max(callTimeout, callRTTs*p.rtt), callTimeoutMax)
	}
	return callTimeout
}

// Answered takes the answer to a Talk, or its error. The body is valid until the call
// returns.
func (o *Overlay) Answered(now time.Time, t id.Ticket, from id.ID, body []byte, err error) News {
	o.see(now)
	if c, ok := o.calls.Get(t.N); ok && t.Owner == o.tickets.Owner {
		if err == nil && from != c.to.ID() {
			err = fmt.Errorf("%w: it comes from %s", ErrAnswer, from.Short())
		}
		o.answered(now, t, body, err)
	}
	return o.take()
}

// answered ends a call. Whatever answers our question marks the node as there; an answer
// of another kind does not (origins A7).
func (o *Overlay) answered(now time.Time, t id.Ticket, body []byte, err error) {
	c, ok := o.calls.Get(t.N)
	if !ok {
		return
	}
	o.calls.Delete(t.N)
	o.timers.stop(c.late)
	who := c.to.ID()
	if err == nil {
		var kind wire.Kind
		switch kind, err = wire.KindOf(body); {
		case errors.Is(err, wire.ErrEmpty):
			err = ErrEmpty
		case err != nil || kind != c.want:
			err = fmt.Errorf("%w: %s, not %s", ErrAnswer, kind, c.want)
			o.blamePeer(now, who, blameAnswer, err.Error())
		}
	}
	switch {
	case err == nil:
		p := o.peer(who, nil)
		p.rtt, p.silent = now.Sub(c.sent), false
		first := o.table.Live() == 0
		o.table.Alive(now, who, p.rtt)
		if first && o.table.Live() > 0 { // who was alone joins at once
			o.soon(func(now time.Time) { o.lookAround(now, o.cfg.Self) })
		}
	case errors.Is(err, ErrStopped):
	case errors.Is(err, ErrEmpty) && c.want != wire.KindPong:
		o.peer(who, nil).silent = false // it is there, and does not like the question
	case !now.After(c.sent):
		o.stats.CallsFailed++ // discv5 refused it: the node was not asked
	default:
		o.stats.CallsFailed++
		o.table.Failed(now, who)
		o.emit(now, trace.Event{Kind: "unanswered", Peer: who, Ticket: t, Err: err.Error(), Fine: true})
	}
	c.done(now, body, err)
}

// misread blames a node for an answer of the right kind that cannot be read.
func (o *Overlay) misread(now time.Time, who id.ID, err error) error {
	o.blamePeer(now, who, blameAnswer, err.Error())
	return fmt.Errorf("%w: %w", ErrAnswer, err)
}
