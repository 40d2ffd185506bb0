package ropewalk

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/scope"
)

// wire is a link with its goroutines: one that reads, and, where Write may block,
// one that writes. Its fields belong to the loop, but for out, on which the writer
// receives.
type wire struct {
	conn    link.Conn
	link    link.Link
	busier  link.Busier // the link, when the loop may write to it; else nil
	closing bool
	since   time.Time
	gate    gate
	in      atomic.Uint64 // bytes of payload read; the reader adds
	sent    uint64        // and of those given to be written
	hold    *scope.Link   // what it costs
	lanes   link.LaneSet  // open ones, as they count

	canceller link.Canceller // the link, when it has messages wait; else nil

	// Of the writer.
	out   chan []link.Msg // room for one batch: the writer has it or is idle
	batch []link.Msg      // reused: the writer is done with it when idle
	idle  bool
}

// A batch ends at this many messages or bytes.
const (
	batchMsgs  = 64
	batchBytes = 64 << 10
)

// accept takes in the links of one transport.
func (n *Node) accept(t Transport) error {
	for {
		l, err := t.Accept()
		if err != nil {
			if n.ctx().Err() != nil {
				return nil
			}
			return err
		}
		if !n.post(input{fn: func(now time.Time) { n.linkUp(now, l) }}) {
			return l.Close(link.Quitting)
		}
	}
}

// dial makes one link for the machine.
func (n *Node) dial(d node.Dial) {
	ctx, cancel := context.WithTimeout(n.ctx(), n.dialWithin(d.To))
	n.dials[d.Ticket] = cancel
	n.run("dial", func() error {
		l, err := n.dialNow(ctx, d.Ticket, d.To)
		n.metrics.links.dialled(err)
		if err != nil {
			n.post(input{fn: func(now time.Time) {
				n.dialEnded(d.Ticket)
				n.noteDial(now, d.To, err)
				n.machine.DialFailed(now, d.Ticket, err)
			}})
		} else if !n.post(input{fn: func(now time.Time) {
			n.dialEnded(d.Ticket)
			n.noteDial(now, d.To, nil)
			n.linkUp(now, l)
		}}) {
			l.Close(link.Quitting)
		}
		return nil
	})
}

var errNoTransport = errors.New("no link of this kind is configured")

// dialEnded forgets a dial, or ends it.
func (n *Node) dialEnded(t id.Ticket) {
	if cancel, ok := n.dials[t]; ok {
		cancel()
		delete(n.dials, t)
	}
}

func (n *Node) dialNow(ctx context.Context, t id.Ticket, to link.Addr) (link.Link, error) {
	for _, tr := range n.transportList() {
		if tr.Kind() == to.Kind() {
			return tr.Dial(ctx, t, to)
		}
	}
	return nil, errNoTransport
}

// linkUp numbers a finished link and starts its goroutines.
func (n *Node) linkUp(now time.Time, l link.Link) {
	n.lastConn++
	w := &wire{conn: n.lastConn, link: l, since: now}
	n.metrics.links.up(l.Info().Dir)
	_, lanes := l.(link.Busier)
	w.gate.init(lanes)
	w.canceller, _ = l.(link.Canceller)
	if !n.takeLink(now, w) {
		return
	}
	n.links[w.conn] = w
	n.run("read", func() error { n.read(w); return nil })
	if b, ok := l.(link.Busier); ok {
		w.busier = b
	} else {
		w.out, w.idle = make(chan []link.Msg, 1), true
		n.run("write", func() error { n.write(w); return nil })
	}
	n.machine.LinkUp(now, w.conn, l.Info())
	n.placeLink(w)
}

// read hands what comes on the link to the loop until it ends. A full inbox stops
// it here.
func (n *Node) read(w *wire) {
	reuser, _ := w.link.(link.Reuser)
	err := feed(w.link, func(m link.Msg) bool {
		w.gate.pass(m)
		w.in.Add(uint64(len(m.Data)))
		return n.post(input{conn: w.conn, msg: m, reuser: reuser})
	})
	w.gate.end()
	w.link.Close(link.NetworkError)
	n.post(input{fn: func(now time.Time) { n.linkDown(now, w.conn, err) }})
}

// memoryOf is the memory of a link; nil when it lends none.
func (n *Node) memoryOf(c link.Conn) link.Lender {
	if w, ok := n.links[c]; ok {
		lender, _ := w.link.(link.Lender)
		return lender
	}
	return nil
}

// errPut is the end of a feed whose taker is gone.
var errPut = errors.New("the node ended")

// feed calls put with what comes on a link until the link or put ends it. Links that
// can spare a goroutine call it themselves.
func feed(l link.Link, put func(link.Msg) bool) error {
	if f, ok := l.(link.Feeder); ok {
		return f.Feed(put)
	}
	for {
		m, err := l.Read()
		if err != nil {
			return err
		}
		if !put(m) {
			return errPut
		}
	}
}

// write writes batches until the loop closes the channel. A failed write closes
// the link, which the reader reports.
func (n *Node) write(w *wire) {
	for {
		var batch []link.Msg
		var open bool
		select {
		case batch, open = <-w.out:
		case <-n.turn.Load().gone:
		}
		if !open {
			return
		}
		if err := writeAll(w.link, batch); err != nil {
			w.gate.end() // the reader is to see the end
			// One that has ended already, for a reason, is not ended for another.
			if closed := (*link.Closed)(nil); !errors.As(err, &closed) {
				w.link.Close(link.NetworkError)
			}
		}
		n.post(input{conn: w.conn, wrote: true})
	}
}

// writeAll writes a batch, at once where the link can.
func writeAll(l link.Link, batch []link.Msg) error {
	if b, ok := l.(link.Batcher); ok {
		return b.WriteAll(batch)
	}
	for _, m := range batch {
		if err := l.Write(m); err != nil {
			return err
		}
	}
	return nil
}

// pull gives a link the next messages, as far as it takes them.
func (n *Node) pull(w *wire) {
	switch {
	case w.closing:
	case w.busier != nil:
		n.pour(w)
	case w.idle:
		n.batch(w)
	}
}

// pour writes to a link that does not block while its lanes are not busy.
func (n *Node) pour(w *wire) {
	now := time.Now()
	for {
		m, ok := n.machine.Next(now, w.conn, w.busier.Busy())
		if !ok {
			n.machine.Written(now, w.conn)
			return
		}
		w.sent += uint64(len(m.Data))
		n.passed(now, w.conn, "send", m)
		if err := w.link.Write(m); err != nil {
			n.closeLink(w, link.NetworkError)
			return
		}
	}
}

// batch gives an idle writer what to write.
func (n *Node) batch(w *wire) {
	w.batch = w.batch[:0]
	now := time.Now()
	for size := 0; len(w.batch) < batchMsgs && size < batchBytes; {
		m, ok := n.machine.Next(now, w.conn, 0)
		if !ok {
			break
		}
		w.batch = append(w.batch, m)
		size += len(m.Data)
		w.sent += uint64(len(m.Data))
		n.passed(now, w.conn, "send", m)
	}
	if len(w.batch) > 0 {
		w.idle = false
		w.out <- w.batch
	} else {
		n.machine.Written(now, w.conn)
	}
}

func (n *Node) linkDown(now time.Time, c link.Conn, err error) {
	w, ok := n.links[c]
	if !ok {
		return
	}
	delete(n.links, c)
	w.hold.Close()
	n.metrics.links.down(w.link.Info().Dir, now.Sub(w.since), err)
	if w.out != nil {
		close(w.out)
	}
	delete(n.holds, w.link.Info().ID)
	n.machine.LinkDown(now, c, err)
	if len(n.links) == 0 && n.unlinked != nil {
		close(n.unlinked)
		n.unlinked = nil
	}
}

func (n *Node) closeLink(w *wire, why link.Reason) {
	if w.closing {
		return
	}
	w.closing = true
	w.gate.end()
	n.run("close", func() error { w.link.Close(why); return nil })
}
