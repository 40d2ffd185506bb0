package rlpx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// dial is one Dial under way.
type dial struct{ cancel context.CancelFunc }

// begin registers a dial, so that Close ends it and waits; false when closed already.
func (t *Transport) begin(d *dial) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.dials[d] = struct{}{}
	t.tasks.Add(1)
	return true
}

func (t *Transport) finish(d *dial) {
	t.mu.Lock()
	delete(t.dials, d)
	t.mu.Unlock()
	d.cancel()
	t.tasks.Done()
}

func (t *Transport) dial(ctx context.Context, ticket id.Ticket, to link.Addr) (*Link, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	within := t.cfg.Routes.Timeouts(to).Dial
	if end, ok := ctx.Deadline(); ok {
		within = time.Until(end)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	d := &dial{cancel: cancel}
	if !t.begin(d) {
		cancel()
		return nil, ErrClosed
	}
	defer t.finish(d)
	select {
	case t.dialing <- struct{}{}:
		defer func() { <-t.dialing }()
	case <-ctx.Done():
		return nil, t.dialError(ctx, ctx.Err())
	}
	c, err := t.open(ctx, to)
	if err != nil {
		return nil, t.dialError(ctx, err)
	}
	l, err := t.setupDialled(ctx, c, to)
	if err != nil {
		return nil, t.dialError(ctx, err)
	}
	l.info.Ticket = ticket
	if !t.keep(l) {
		_ = c.Close()
		return nil, ErrClosed
	}
	return l, nil
}

// setupDialled makes a link of a connected socket, or closes it.
func (t *Transport) setupDialled(ctx context.Context, c net.Conn, to link.Addr) (*Link, error) {
	if !t.hold(c) {
		_ = c.Close()
		return nil, ErrClosed
	}
	unbind := bind(ctx, c, setupWithin(t.cfg.Routes, to))
	l, tell, err := t.setup(c, link.Out, to, func() {})
	if !unbind() && err == nil {
		err = ctx.Err()
	}
	if err == nil {
		return l, nil
	}
	// Telling takes longer than the caller should wait.
	end := func() {
		tell()
		t.letGo(c)
	}
	if !t.run(end) {
		_ = c.Close()
		t.letGo(c)
	}
	return nil, err
}

// setupWithin is how long handshake and Hello with an address may take.
func setupWithin(r link.Routes, to link.Addr) time.Duration {
	if r.Of(to) == link.Proxied {
		return r.Timeouts(to).Handshake
	}
	return setupTimeout
}

// bind gives a connection the deadline of a setup, or the context's if that is
// earlier, and ends its waits when the context ends. The result undoes the second
// and tells whether it was in time.
func bind(ctx context.Context, c net.Conn, within time.Duration) (unbind func() bool) {
	end := time.Now().Add(within)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	_ = c.SetDeadline(end)
	return context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
}

// open opens a socket to the address the way it has: through the proxy, and then never
// directly, or directly.
func (t *Transport) open(ctx context.Context, to link.Addr) (net.Conn, error) {
	switch t.cfg.Routes.Of(to) {
	case link.Direct:
		return connect(ctx, to, t.cfg.Gate)
	case link.Proxied:
		// Where a name leads is the proxy's to know, so that the gate has no say in it.
		if ip := to.IP(); t.cfg.Gate != nil && (!ip.IsValid() || !t.cfg.Gate(ip)) {
			return nil, ErrGated
		}
		if t.cfg.Proxy != nil {
			return t.cfg.Proxy(ctx, to)
		}
	}
	return nil, ErrNoRoute
}

// connect opens a socket to the address, unless the gate shuts out where it leads.
func connect(ctx context.Context, to link.Addr, gate func(netip.Addr) bool) (net.Conn, error) {
	var d net.Dialer
	if gate != nil {
		d.Control = func(_, address string, _ syscall.RawConn) error {
			if at, err := netip.ParseAddrPort(address); err != nil || !gate(at.Addr().Unmap().WithZone("")) {
				return ErrGated
			}
			return nil
		}
	}
	if path := to.Path(); path != "" {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return d.DialContext(ctx, "tcp", placeOf(to))
}

// placeOf is where an enode URL leads, HOST:PORT or a path.
func placeOf(a link.Addr) string {
	_, place, _ := strings.Cut(a.String(), "@")
	place, _, _ = strings.Cut(place, "?")
	return place
}

// dialError puts the errors a caller acts on where errors.Is finds them.
func (t *Transport) dialError(ctx context.Context, err error) error {
	select {
	case <-t.done:
		return ErrClosed
	default:
	}
	return connectError(ctx, err)
}

func connectError(ctx context.Context, err error) error {
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrTimeout, context.DeadlineExceeded)
	case errors.Is(err, ErrGated):
		return ErrGated
	case errors.Is(err, ErrNoRoute):
		return ErrNoRoute
	case errors.Is(err, syscall.ECONNREFUSED):
		return ErrRefused
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout
	}
	return plainly(err)
}
