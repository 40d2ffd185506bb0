package rlpx

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Report is what a probe found out.
type Report struct {
	ID      id.ID
	Agent   string   // what the remote calls itself, at most 256 bytes, unsanitised
	Caps    []string // its capabilities, NAME/VERSION, in its order, at most 128
	Version uint64   // of the base protocol; 0 when no Hello came
	Network string   // the network it names; empty with nodes that are not ours

	Connect   time.Duration // until the socket was connected
	Handshake time.Duration // from there until both keys were proven
	Hello     time.Duration // from there until its Hello was read
	RTT       time.Duration // of a ping; 0 when none was answered

	// Told tells that the remote disconnected, and Reason why.
	Told   bool
	Reason link.RemoteReason
}

// Probe asks any devp2p node who it is and how far away. It dials the enode URL as
// agent with the given key, naming the capabilities caps (NAME/VERSION; there may be
// none, and none need be shared), exchanges Hellos, pings once and leaves. The
// context bounds all of it, setupTimeout handshake and Hello.
//
// The report holds what was found out, beside an error too. The error is or wraps
// ErrAddr, ErrRefused (nobody listens), ErrWrongKey (it hung up on us, as one with
// another key does), ErrTimeout, ErrLost, the context's, a link.Reason (what we had
// to say against its Hello) or a *link.Closed (what it said against us, in place of
// Hello or of an answer to the ping: a node without a shared capability or without a
// free place does that).
func Probe(ctx context.Context, key *id.Key, agent string, to link.Addr, caps []string) (Report, error) {
	r := Report{ID: to.ID()}
	if to.Kind() != link.RLPx || to.IsZero() || to.Port() == 0 {
		return r, fmt.Errorf("%w: %q", ErrAddr, to)
	}
	own := &hello{Version: helloVersion, Agent: agent, Key: key.Public()}
	for _, text := range caps {
		c, err := parseCap(text)
		if err != nil {
			return r, err
		}
		own.Caps = append(own.Caps, c)
	}
	remote, err := publicOf(to)
	if err != nil {
		return r, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	begun := time.Now()
	c, err := connect(ctx, to, nil)
	if err != nil {
		return r, connectError(ctx, err)
	}
	r.Connect = time.Since(begun)
	err = r.visit(ctx, c, key, own, &remote)
	if err != nil && ctx.Err() != nil {
		err = connectError(ctx, err)
	}
	var closed *link.Closed
	if errors.As(err, &closed) {
		r.Told, r.Reason = true, link.RemoteReason(closed.Reason)
	}
	return r, err
}

// parseCap reads NAME/VERSION.
func parseCap(text string) (c capability, _ error) {
	name, version, _ := strings.Cut(text, "/")
	n, err := strconv.ParseUint(version, 10, 64)
	if err != nil || !printable([]byte(name)) {
		return c, fmt.Errorf("rlpx: capability %.40q, want NAME/VERSION", text)
	}
	return capability{name, n}, nil
}

// visit does all that needs the connection, and closes it.
func (r *Report) visit(ctx context.Context, c net.Conn, key *id.Key, own *hello, remote *id.Public) error {
	defer func() { _ = c.Close() }()
	unbind := bind(ctx, c)
	defer unbind()
	g, err := greet(c, rand.Reader, key, own, remote, func() {})
	if g != nil {
		r.Handshake = g.handshake
	}
	if err == nil {
		r.Agent, r.Version, r.Network, r.Hello = g.hello.Agent, g.hello.Version, g.hello.Network, g.took-g.handshake
		for _, c := range g.hello.Caps {
			r.Caps = append(r.Caps, c.String())
		}
		r.RTT, err = g.ping(ctx, c)
	}
	why, ok := tellable(err)
	if g == nil || err != nil && !ok {
		return err
	}
	if err == nil {
		why = link.Requested
	}
	g.part(c, why, probeLinger)
	return err
}

// ping measures a round trip; what else comes meanwhile is answered or dropped.
func (g *greeting) ping(ctx context.Context, c net.Conn) (time.Duration, error) {
	if err := c.SetDeadline(time.Now().Add(setupTimeout)); err != nil {
		return 0, setupError(err, false)
	}
	if ctx.Err() != nil { // its end may have set an earlier deadline just before
		return 0, ctx.Err()
	}
	g.in.max = frameBytesMax // a remote may begin with whatever its protocols say
	begun := time.Now()
	if err := g.send(c, codePing); err != nil {
		return 0, setupError(err, false)
	}
	for n := 0; n < probeFramesMax; n++ {
		code, payload, err := g.in.next()
		switch {
		case err != nil:
			return 0, setupError(err, false)
		case code == codePong:
			return time.Since(begun), nil
		case code == codeDisconnect:
			return 0, &link.Closed{Reason: parseReason(payload, g.snappy), Remote: true}
		case code == codePing:
			if err := g.send(c, codePong); err != nil {
				return 0, setupError(err, false)
			}
		}
	}
	return 0, ErrTimeout
}

// send writes a message with an empty list.
func (g *greeting) send(c net.Conn, code uint64) error {
	b, err := g.seal.seal(nil, code, emptyList)
	if err != nil {
		return err
	}
	_, err = c.Write(b)
	return err
}
