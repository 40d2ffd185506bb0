package api

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// dnet is the socket that DarkFi's viewers speak to: one JSON object per line, their
// names and their shapes, parameters by place. It has no token, because the viewers
// have none to show; so it listens on loopback or a Unix socket only, is off by
// default, and changes nothing but whether it reports events, unless it is a Unix
// socket whose owner said that it may (Options.DnetControl). A line that is no JSON
// object ends the connection, which keeps a browser's HTTP out.
type dnet struct {
	s      *Server
	ln     net.Listener
	places chan struct{} // one per viewer
	large  chan struct{} // one per long line that is being read or answered
	on     atomic.Bool   // dnet.switch

	mu      sync.Mutex
	viewers map[*viewer]bool
}

func listenDnet(s *Server) (*dnet, error) {
	ln, err := openDnet(s.opts.Dnet)
	if err != nil {
		return nil, err
	}
	d := &dnet{
		s: s, ln: ln, places: make(chan struct{}, dnetConnsMax), large: make(chan struct{}, dnetLargeMax),
		viewers: map[*viewer]bool{},
	}
	s.wg.Go(d.accept)
	return d, nil
}

func (d *dnet) accept() {
	for {
		conn, err := d.ln.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				d.s.log.Error("dnet socket stopped", "err", err)
			}
			return
		}
		select {
		case d.places <- struct{}{}:
			d.s.wg.Go(func() {
				defer func() { <-d.places }()
				d.serve(conn)
			})
		default:
			conn.Close()
		}
	}
}

// serve answers one viewer until either end has had enough.
func (d *dnet) serve(conn net.Conn) {
	ctx, stop := context.WithCancel(d.s.ctx)
	closing := context.AfterFunc(ctx, func() { conn.Close() })
	v := &viewer{d: d, conn: conn, ctx: ctx, flight: make(chan struct{}, dnetFlightMax), toggled: make(chan struct{}, 1)}
	d.mu.Lock()
	d.viewers[v] = true
	d.mu.Unlock()
	v.read()
	stop()
	v.wg.Wait()
	d.mu.Lock()
	delete(d.viewers, v)
	d.mu.Unlock()
	if closing() {
		conn.Close()
	}
}

// set turns the events on or off and tells those who watch.
func (d *dnet) set(on bool) {
	d.on.Store(on)
	d.mu.Lock()
	defer d.mu.Unlock()
	for v := range d.viewers {
		select {
		case v.toggled <- struct{}{}:
		default: // it has yet to look
		}
	}
}

// look is the node as the viewers see it.
func (d *dnet) look(ctx context.Context) (snapshot, error) {
	ctx, stop := context.WithTimeout(ctx, callWithin)
	defer stop()
	sessions, err := d.s.node.Sessions(ctx)
	if err != nil {
		return snapshot{}, err
	}
	all, err := d.s.node.Slots(ctx)
	if err != nil {
		return snapshot{}, err
	}
	snap := snapshot{sessions: sessions}
	for _, slot := range all {
		if slot.Role == "outbound" {
			snap.slots = append(snap.slots, slot)
		}
	}
	return snap, nil
}
