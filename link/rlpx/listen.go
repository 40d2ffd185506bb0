package rlpx

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Listen opens every socket of Config.Listen, or none. The error is a
// *link.ListenError.
func (t *Transport) Listen() error {
	var open []net.Listener
	fail := func(at link.Addr, err error) error {
		for _, o := range open {
			_ = o.Close()
		}
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		return &link.ListenError{Addr: at, Err: err}
	}
	for _, at := range t.cfg.Listen {
		l, err := net.Listen(familyOf(at.Addr()), at.String())
		if err != nil {
			return fail(t.enode(at), err)
		}
		open = append(open, l)
	}
	for _, path := range t.cfg.ListenUnix {
		l, err := listenUnix(path)
		if err != nil {
			return fail(t.unix(path), err)
		}
		open = append(open, l)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		for _, l := range open {
			_ = l.Close()
		}
		return ErrClosed
	}
	for _, l := range open {
		t.listeners = append(t.listeners, l)
		t.tasks.Go(func() { t.serve(l) })
	}
	return nil
}

func familyOf(ip netip.Addr) string {
	if ip.Is4() {
		return "tcp4"
	}
	return "tcp6"
}

// Addrs are where we listen, as enode URLs with the ports in use. A listener on all
// addresses stands as that: which of them others can reach is the world's to find out.
func (t *Transport) Addrs() []link.Addr {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	var out []link.Addr
	for _, l := range t.listeners {
		if at := ipOf(l.Addr()); at.IsValid() {
			out = append(out, t.enode(at))
		} else if l.Addr().Network() == "unix" {
			out = append(out, t.unix(l.Addr().String()))
		}
	}
	return out
}

// enode is the address of our key at a place.
func (t *Transport) enode(at netip.AddrPort) link.Addr {
	return link.Enode(t.full, id.ID(keccak256(t.full[:])), at)
}

// serve takes connections in until the listener is closed.
func (t *Transport) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err == nil {
			t.admit(c)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		// Out of descriptors, most likely: what is open must close first.
		t.stats.acceptErrors.Add(1)
		t.report(trace.Event{Kind: "accept_failed", Err: err.Error()})
		rest := time.NewTimer(acceptPause)
		select {
		case <-rest.C:
		case <-t.done:
			rest.Stop()
			return
		}
	}
}

// admit begins the setup of an inbound connection, cheapest check first. While there
// is no place for it nothing else is accepted.
func (t *Transport) admit(c net.Conn) {
	from := ipOf(c.RemoteAddr())
	counted := from.IsValid() && !exempt(from.Addr(), t.cfg.Localnet)
	switch {
	case from.IsValid() && !t.allowed(from.Addr()):
		t.turnAway(c, madeGated, from)
		return
	case counted && !t.throttle.allow(time.Now(), from.Addr()):
		t.turnAway(c, madeThrottled, from)
		return
	}
	p := &pending{conn: c, ip: from.Addr(), from: sourceOf(from.Addr()), out: make(chan struct{})}
	evicted, ok := t.waiting.add(p, counted, t.done)
	for _, o := range evicted {
		t.report(trace.Event{Kind: "evicted", Addr: o.ip.String()})
	}
	if !ok || !t.hold(c) {
		_ = c.Close()
		if ok {
			t.waiting.leave(p)
		}
		return
	}
	if !t.run(func() { t.receive(p, from) }) {
		t.letGo(c)
		_ = c.Close()
		t.waiting.leave(p)
	}
}

// turnAway closes a connection that is not even read. A reset leaves no socket
// behind that waits for the remote.
func (t *Transport) turnAway(c net.Conn, why cause, from netip.AddrPort) {
	t.stats.count(link.In, why)
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
	if why == madeThrottled {
		t.report(trace.Event{Kind: "throttled", Addr: from.String()})
	}
}

// receive sets an inbound connection up and hands the link to Accept.
func (t *Transport) receive(p *pending, from netip.AddrPort) {
	defer t.waiting.leave(p)
	within := setupTimeout
	if t.cfg.Hidden && p.ip.IsLoopback() {
		within = hiddenSetupTimeout
	}
	_ = p.conn.SetDeadline(time.Now().Add(within))
	l, tell, err := t.setup(p.conn, link.In, link.Addr{}, func() { t.waiting.reach(p, proven) })
	select {
	case <-p.out:
		err = errEvicted
	default:
	}
	t.stats.count(link.In, causeOf(err))
	if err != nil {
		t.report(trace.Event{Kind: "handshake_failed", Addr: from.String(), Err: err.Error()})
		t.waiting.reach(p, unproven)
		tell()
		t.letGo(p.conn)
		return
	}
	if !t.keep(l) {
		_ = p.conn.Close()
		return
	}
	t.waiting.reach(p, finished)
	select {
	case t.accept <- l:
	case <-l.over:
	case <-p.out:
		_ = l.Close(link.TooManyPeers)
	case <-t.done: // Close ends the link
	}
}

// errEvicted is why a setup ended for which another connection came.
var errEvicted = errors.New("rlpx: gave way to newer connections")
