package socks

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// Client dials through one proxy. Its methods may be called by any goroutine.
type Client struct {
	server Server
	secret [secretBytes]byte
}

// New makes a client of a proxy. It opens nothing.
func New(s Server) *Client {
	c := &Client{server: s}
	_, _ = rand.Read(c.secret[:]) // never fails
	return c
}

// Server is the proxy.
func (c *Client) Server() Server { return c.server }

// Dial has the proxy connect to where an address leads: an IP address or name with a
// port. The context's deadline, 65 s when it has none, covers all of it. The error is or
// wraps a Reply, ErrProxy, ErrDenied, or the context's.
func (c *Client) Dial(ctx context.Context, to link.Addr) (net.Conn, error) {
	if to.Host() == "" || to.Port() == 0 || to.Network() == link.NetUnix {
		return nil, fmt.Errorf("socks: %q leads to no host and port", to)
	}
	ctx, cancel := within(ctx, dialTimeout)
	defer cancel()
	as := c.login(to.Host(), to.Port())
	return c.open(ctx, func(conn net.Conn) error {
		if err := greet(conn, as); err != nil {
			return err
		}
		return connect(conn, to.Host(), to.Port())
	})
}

// Check tells whether the proxy is there, speaks SOCKS5 and takes us. Nothing is asked
// for. It takes at most five seconds.
func (c *Client) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	conn, err := c.open(ctx, func(conn net.Conn) error { return greet(conn, c.login("", 0)) })
	if err == nil {
		_ = conn.Close()
	}
	return err
}

// within gives a context the deadline of a dial when it has none.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}

// open connects to the proxy and talks to it, all within the context, which has a
// deadline. The connection comes back without one.
func (c *Client) open(ctx context.Context, talk func(net.Conn) error) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, c.server.Network, c.server.Address)
	if err != nil {
		return nil, blame(ctx, fmt.Errorf("%w: %v", ErrProxy, plainly(err))) // of the proxy, not of who is dialled
	}
	release := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = talk(conn)
	if !release() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		var op *net.OpError
		if errors.As(err, &op) && !op.Timeout() {
			err = fmt.Errorf("%w: %v", ErrProxy, op.Err) // it reset the connection
		}
		return nil, blame(ctx, plainly(err))
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, nil
}

// blame is the context's error when that is why.
func blame(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// plainly takes away what net puts around the cause: our own socket's addresses.
func plainly(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// login is who we are for one destination.
func (c *Client) login(host string, port uint16) login {
	if c.server.User != "" {
		return login{c.server.User, c.server.Password}
	}
	sum := hmac.New(sha256.New, c.secret[:])
	_, _ = sum.Write([]byte(net.JoinHostPort(host, strconv.Itoa(int(port)))))
	text := hex.EncodeToString(sum.Sum(nil))
	return login{text[:32], text[32:]}
}
