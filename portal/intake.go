package portal

import (
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// flow is a stream of ours, in or out.
type flow interface {
	event(now time.Time, e StreamEvent)
	// drop ends it without a word to who made it.
	drop(now time.Time)
}

// Stream takes what happened to a stream.
func (o *Overlay) Stream(now time.Time, t id.Ticket, e StreamEvent) News {
	o.see(now)
	if f, ok := o.flows.Get(t.N); ok && t.Owner == o.tickets.Owner {
		f.event(now, e)
	}
	return o.take()
}

// intake reads items from a stream. Owner: who made it, by each and end.
type intake struct {
	o     *Overlay
	t     id.Ticket
	p     *peer
	items *wire.Items
	// each is given the items in order, as they come. Their bytes count as held until
	// release.
	each func(now time.Time, value []byte)
	// end is called once: nil when all came. Nothing comes after it.
	end   func(now time.Time, err error)
	open  bool
	ended bool
	held  int // of items, as counted in p.held and sums.held
	// window is what came since the last look at the rate, late the item's limit.
	window     int
	windows    int
	slow, late *timer
}

// take starts an intake under a ticket whose stream is reserved or being opened.
func (o *Overlay) takeIn(now time.Time, t id.Ticket, p *peer, items *wire.Items, each func(time.Time, []byte), end func(time.Time, error)) *intake {
	in := &intake{o: o, t: t, p: p, items: items, each: each, end: end}
	p.receives++
	o.sums.receives++
	in.late = o.timers.add(now.Add(openWithin), func(now time.Time) {
		in.fail(now, fmt.Errorf("%w: it was not opened", ErrTransfer))
	})
	o.flows.Put(t.N, in)
	return in
}

// mayTakeIn tells whether there is room for a stream from a node. Nobody has more than is
// left for others, so a few nodes that take all they can do not keep others out.
func (o *Overlay) mayTakeIn(p *peer) bool {
	return p.receives < min(transfersPerPeer, transfersMax-o.sums.receives) &&
		p.held < min(heldPerPeer, heldBytesMax-o.sums.held)
}

func (in *intake) event(now time.Time, e StreamEvent) {
	if in.ended {
		switch {
		case e.Kind == StreamEnd, e.Kind == StreamFailed:
			in.forget()
		case e.Kind == StreamData && len(e.Data) > 0: // after all that was agreed
			in.o.blamePeer(now, in.p.id, blameLie, "more than was agreed")
			in.o.streams.Abort(now, in.t)
			in.forget()
		}
		return
	}
	switch e.Kind {
	case StreamOpen:
		in.begin(now)
	case StreamData:
		if !in.open {
			in.begin(now)
		}
		in.data(now, e.Data)
	case StreamEnd:
		in.finish(now, in.items.End())
	case StreamFailed:
		in.fail(now, fmt.Errorf("%w: %w", ErrIncomplete, orUnknown(e.Err)))
	}
}

// begin starts to watch the rate.
func (in *intake) begin(now time.Time) {
	in.open = true
	in.o.timers.stop(in.late)
	in.late = in.o.timers.add(now.Add(itemWithin), in.stalled)
	in.slow = in.o.timers.add(now.Add(slowEvery), in.look)
}

// look ends a stream that brings too little (threats, "offer then vanish"). The first
// time any byte will do: its packets may have been lost.
func (in *intake) look(now time.Time) {
	in.windows++
	if in.window == 0 || in.window < slowBytes && in.windows > 1 {
		in.stalled(now)
		return
	}
	in.window = 0
	in.slow = in.o.timers.add(now.Add(slowEvery), in.look)
}

func (in *intake) stalled(now time.Time) {
	in.o.blamePeer(now, in.p.id, blameStall, "a transfer that stalls")
	in.fail(now, fmt.Errorf("%w: too slow", ErrTransfer))
}

func (in *intake) data(now time.Time, b []byte) {
	in.window += len(b)
	err := in.items.Write(b)
	in.count()
	for !in.ended {
		value, ok := in.items.Next()
		if !ok {
			break
		}
		in.o.timers.stop(in.late)
		in.late = in.o.timers.add(now.Add(itemWithin), in.stalled)
		in.count()
		in.o.hold(in.p, len(value))
		in.each(now, value)
	}
	switch {
	case in.ended:
	case err != nil:
		in.finish(now, err)
	case in.items.Done():
		in.finish(now, nil)
	case in.p.held > heldPerPeer || in.o.sums.held > heldBytesMax:
		in.fail(now, ErrBusy)
	}
}

// count accounts for what the reader holds.
func (in *intake) count() {
	in.o.hold(in.p, in.items.Held()-in.held)
	in.held = in.items.Held()
}

// finish ends a stream that said all it has, or something wrong.
func (in *intake) finish(now time.Time, err error) {
	switch {
	case err == nil:
		for value, ok := in.items.Next(); ok; value, ok = in.items.Next() { // a raw one is whole at its end
			in.count()
			in.o.hold(in.p, len(value))
			in.each(now, value)
		}
		in.close(now, nil)
	case errors.Is(err, wire.ErrShort):
		in.o.blamePeer(now, in.p.id, blameStall, "a transfer that ends early")
		in.fail(now, fmt.Errorf("%w: %w", ErrIncomplete, err))
	default: // counts and lengths that do not hold (threats, "varint/count lies")
		in.o.blamePeer(now, in.p.id, blameLie, err.Error())
		in.fail(now, fmt.Errorf("%w: %w", ErrTransfer, err))
	}
}

// fail aborts the stream and says so.
func (in *intake) fail(now time.Time, err error) {
	if in.ended {
		return
	}
	in.o.streams.Abort(now, in.t)
	in.close(now, err)
	in.forget()
}

// close says how it went. A stream that brought all is given a while to end by itself, so
// that its sender learns that it arrived.
func (in *intake) close(now time.Time, err error) {
	in.settle()
	in.o.timers.stop(in.late)
	if err == nil {
		in.late = in.o.timers.add(now.Add(lingerFor), func(now time.Time) {
			in.o.streams.Abort(now, in.t)
			in.forget()
		})
	}
	in.end(now, err)
}

// settle gives back what it holds.
func (in *intake) settle() {
	in.ended = true
	in.o.timers.stop(in.slow)
	in.o.hold(in.p, -in.held)
	in.held = 0
	in.p.receives--
	in.o.sums.receives--
}

func (in *intake) forget() {
	in.o.timers.stop(in.late)
	in.o.flows.Delete(in.t.N)
}

func (in *intake) drop(now time.Time) {
	if !in.ended {
		in.settle()
	}
	in.o.streams.Abort(now, in.t)
	in.forget()
}

// hold counts bytes that came from a node and are here; a negative number gives them back.
func (o *Overlay) hold(p *peer, n int) {
	p.held += n
	o.sums.held += n
}

func orUnknown(err error) error {
	if err == nil {
		return errors.New("the stream broke")
	}
	return err
}
