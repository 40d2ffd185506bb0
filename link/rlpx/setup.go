package rlpx

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// greeting is a connection whose handshake is done and, when hello says so, whose
// Hellos are exchanged.
type greeting struct {
	remote id.Public
	full   [64]byte // remote as X || Y
	hello  hello
	seal   *sealer
	in     *frames
	snappy bool // both ends compress

	handshake, took time.Duration // until both keys were proven; until Hello was read
}

// greet shakes hands and exchanges Hellos. remote is who is dialled, nil when the
// connection is inbound; prove is called between the two. The caller has set a
// deadline on c. When the handshake was done before an error, g is there to tell the
// remote.
func greet(c net.Conn, entropy io.Reader, key *id.Key, own *hello, remote *[64]byte, prove func()) (g *greeting, err error) {
	begun := time.Now()
	var e *ends
	if remote != nil {
		e, err = initiate(c, entropy, key, *remote)
	} else {
		e, err = respond(c, entropy, key)
	}
	if err != nil {
		return nil, setupError(err, remote != nil)
	}
	g = &greeting{remote: e.remote, full: e.full, seal: e.seal, handshake: time.Since(begun)}
	prove()
	g.in = newFrames(c.Read, e.open, e.rest)
	if g.remote == key.Public() {
		return g, link.Self
	}
	payload, err := appendHello(nil, own)
	if err != nil {
		return g, err
	}
	frame, err := g.seal.seal(nil, codeHello, payload)
	if err != nil {
		return g, err
	}
	// A remote that closed already may have said why before.
	_, failed := c.Write(frame)
	if err := g.readHello(); err != nil {
		return g, setupError(err, false)
	}
	if failed != nil {
		return g, setupError(failed, false)
	}
	g.took = time.Since(begun)
	return g, nil
}

// readHello reads the remote's first message.
func (g *greeting) readHello() error {
	code, payload, err := g.in.next()
	switch {
	case err != nil:
		return err
	case code == codeDisconnect:
		return &link.Closed{Reason: parseReason(payload, false), Remote: true}
	case code != codeHello:
		return fmt.Errorf("rlpx: %w: message %d before Hello", link.Breach, code)
	}
	if g.hello, err = parseHello(payload); err != nil {
		return err
	}
	g.snappy = g.hello.Version >= snappyVersion
	g.seal.snappy = g.snappy
	if g.hello.Key != g.remote {
		return fmt.Errorf("rlpx: %w: Hello of another key", link.WrongIdentity)
	}
	return nil
}

// setupError puts the errors a caller acts on where errors.Is finds them. dialled
// tells that it is of the handshake of who dialled.
func setupError(err error, dialled bool) error {
	var reason link.Reason
	var closed *link.Closed
	switch {
	case errors.As(err, &reason), errors.As(err, &closed), errors.Is(err, errHandshake):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTimeout
	case errors.Is(err, net.ErrClosed):
		return ErrClosed
	case dialled:
		return fmt.Errorf("%w: %v", ErrWrongKey, plainly(err))
	}
	return fmt.Errorf("%w: %w", ErrLost, plainly(err))
}

// plainly takes away what net puts around the cause.
func plainly(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err
}

// setup makes a link of a connection whose deadline is set. On an error the caller
// calls tell, which tells the remote why if it can be told, and closes the
// connection in up to three seconds.
func (t *Transport) setup(c net.Conn, dir link.Direction, to link.Addr, prove func()) (l *Link, tell func(), err error) {
	tell = func() { _ = c.Close() }
	var remote *[64]byte
	if dir == link.Out {
		xy, ok := to.Uncompressed()
		if !ok {
			return nil, tell, fmt.Errorf("%w: %q", ErrAddr, to)
		}
		remote = &xy
	}
	g, err := greet(c, t.cfg.Entropy, t.cfg.Key, t.hello(), remote, prove)
	if g != nil {
		t.stats.handshake(dir, g.handshake)
	}
	var w windows
	if err == nil {
		w, err = match(t.cfg.Protocols, g.hello.Caps, g.hello.Network)
	}
	if err == nil {
		return newLink(t, c, g, &w, dir, to), tell, nil
	}
	if why, ok := tellable(err); ok && g != nil {
		tell = func() { g.part(c, why, t.linger) }
	}
	return nil, tell, err
}

// hello is what we say of ourselves.
func (t *Transport) hello() *hello {
	return &hello{Version: helloVersion, Agent: t.cfg.Agent, Caps: t.caps, Key: t.cfg.Key.Public(), full: t.full, Network: t.cfg.Network}
}

// tellable is the reason that a remote whose link failed with err is told.
func tellable(err error) (why link.Reason, ok bool) {
	var closed *link.Closed
	if errors.As(err, &closed) {
		return 0, false
	}
	if errors.Is(err, ErrTimeout) {
		return link.Timeout, true
	}
	return why, errors.As(err, &why)
}

// part tells the remote why and closes the connection.
func (g *greeting) part(c net.Conn, why link.Reason, within time.Duration) {
	last, err := g.seal.seal(nil, codeDisconnect, appendReason(nil, why))
	if err != nil {
		_ = c.Close()
		return
	}
	part(c, last, within)
}

// part writes the last frame, waits for the remote to close, and closes: with input
// unread the kernel would send a reset, and the reason could be lost.
func part(c net.Conn, last []byte, within time.Duration) {
	defer func() { _ = c.Close() }()
	now := time.Now()
	_ = c.SetDeadline(now.Add(reasonTimeout))
	if _, err := c.Write(last); err != nil {
		return
	}
	linger(c, make([]byte, 4<<10), within)
}

// linger says that nothing more is sent and discards what still comes, until the
// remote closes or the time is over.
func linger(c net.Conn, scratch []byte, within time.Duration) {
	if half, ok := c.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(within))
	for {
		if _, err := c.Read(scratch); err != nil {
			return
		}
	}
}
