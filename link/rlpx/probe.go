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
	Agent   string   // what the remote calls itself, at most 128 bytes, unsanitised
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

// Asker is who probes.
type Asker struct {
	Key     *id.Key
	Agent   string
	Network string   // to name; may be empty
	Caps    []string // to name, NAME/VERSION; there may be none, and none need be shared
	// Dial, when set, opens the socket: through a proxy, with the time that takes.
	Dial func(ctx context.Context, to link.Addr) (net.Conn, error)
}

// Visit is a connection to any devp2p node that only asks who it is and how far away.
// It is used by one goroutine, which closes it.
type Visit struct {
	Report
	conn   net.Conn
	g      *greeting
	within time.Duration // a round trip or a part of the setup may take
}

// Probe visits a node, pings once and leaves. The context bounds all of it. The report
// holds what was found out, beside an error too, which is Call's or Ping's.
func Probe(ctx context.Context, key *id.Key, agent string, to link.Addr, caps []string) (Report, error) {
	v, err := Call(ctx, Asker{Key: key, Agent: agent, Caps: caps}, to)
	if err == nil {
		v.RTT, err = v.Ping(ctx)
		v.leave(err)
	}
	var closed *link.Closed
	if errors.As(err, &closed) {
		v.Told, v.Reason = true, link.RemoteReason(closed.Reason)
	}
	return v.Report, err
}

// Call dials an enode URL and exchanges Hellos. The context bounds it, and setupTimeout
// handshake and Hello.
//
// The visit is there beside an error too, with what was found out, and then it is
// closed. The error is or wraps ErrAddr, ErrRefused (nobody listens), ErrWrongKey (it
// hung up on us, as one with another key does), ErrTimeout, ErrLost, the context's, a
// link.Reason (what we had to say against its Hello) or a *link.Closed (what it said
// against us in place of Hello, as a node without a free place does).
func Call(ctx context.Context, by Asker, to link.Addr) (*Visit, error) {
	v := &Visit{Report: Report{ID: to.ID()}}
	remote, ok := to.Uncompressed()
	if !ok || to.Port() == 0 && to.Path() == "" {
		return v, fmt.Errorf("%w: %q", ErrAddr, to)
	}
	own := &hello{Version: helloVersion, Agent: by.Agent, Key: by.Key.Public(), full: by.Key.Uncompressed(), Network: by.Network}
	for _, text := range by.Caps {
		c, err := parseCap(text)
		if err != nil {
			return v, err
		}
		own.Caps = append(own.Caps, c)
	}
	var ways link.Routes
	if by.Dial != nil {
		ways = link.Routes{Proxy: true, Mixed: link.MixAll | link.MixI2P}
	}
	v.within = setupWithin(ways, to)
	ctx, cancel := context.WithTimeout(ctx, ways.Timeouts(to).Dial)
	defer cancel()
	begun := time.Now()
	var err error
	dial := by.Dial
	if dial == nil {
		dial = func(ctx context.Context, to link.Addr) (net.Conn, error) { return connect(ctx, to, nil) }
	}
	if v.conn, err = dial(ctx, to); err != nil {
		return v, connectError(ctx, err)
	}
	v.Connect = time.Since(begun)
	unbind := bind(ctx, v.conn, v.within)
	v.g, err = greet(v.conn, rand.Reader, by.Key, own, &remote, func() {})
	if !unbind() && err == nil {
		err = ctx.Err()
	}
	if v.g != nil {
		v.Handshake = v.g.handshake
	}
	if err != nil {
		v.leave(err)
		if ctx.Err() != nil {
			err = connectError(ctx, err)
		}
		return v, err
	}
	h := &v.g.hello
	v.Agent, v.Version, v.Network, v.Hello = h.Agent, h.Version, h.Network, v.g.took-v.g.handshake
	for _, c := range h.Caps {
		v.Caps = append(v.Caps, c.String())
	}
	v.g.in.max = frameBytesMax // a remote may begin with whatever its protocols say
	return v, nil
}

// Ping measures a round trip; what else comes meanwhile is answered or dropped. The
// context and setupTimeout bound it. The error is or wraps ErrTimeout, ErrLost, the
// context's, or a *link.Closed: a node without a shared capability ends the link at
// once. After an error there is only Close.
func (v *Visit) Ping(ctx context.Context) (time.Duration, error) {
	unbind := bind(ctx, v.conn, v.within)
	defer unbind()
	begun := time.Now()
	err := v.g.send(v.conn, codePing)
	if err == nil {
		err = v.await(codePong)
	}
	if err != nil {
		err = setupError(err, false)
		if ctx.Err() != nil {
			err = connectError(ctx, err)
		}
		return 0, err
	}
	return time.Since(begun), nil
}

// Parted waits for the remote to end the link: then its error is a *link.Closed, and
// otherwise as of Ping.
func (v *Visit) Parted(ctx context.Context) error {
	unbind := bind(ctx, v.conn, v.within)
	defer unbind()
	err := setupError(v.await(codeDisconnect), false)
	if ctx.Err() != nil {
		err = connectError(ctx, err)
	}
	return err
}

// await reads until a message with that code comes.
func (v *Visit) await(want uint64) error {
	for range probeFramesMax {
		code, payload, err := v.g.in.next()
		switch {
		case err != nil:
			return err
		case code == codeDisconnect:
			return &link.Closed{Reason: parseReason(payload, v.g.snappy), Remote: true}
		case code == want:
			return nil
		case code == codePing:
			if err := v.g.send(v.conn, codePong); err != nil {
				return err
			}
		}
	}
	return ErrTimeout
}

// Close says goodbye and closes the connection.
func (v *Visit) Close() { v.leave(nil) }

// leave closes the connection; err is why.
func (v *Visit) leave(err error) {
	why, ok := tellable(err)
	if err == nil {
		why, ok = link.Requested, true
	}
	if v.g == nil || !ok {
		_ = v.conn.Close()
		return
	}
	v.g.part(v.conn, why, probeLinger)
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

// send writes a message with an empty list.
func (g *greeting) send(c net.Conn, code uint64) error {
	b, err := g.seal.seal(nil, code, emptyList)
	if err != nil {
		return err
	}
	_, err = c.Write(b)
	return err
}
