package ropewalk

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
	"github.com/ropewalk/ropewalk/internal/plain"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/socks"
)

// PingOptions says how to ping. The zero value is one round trip by a stranger.
type PingOptions struct {
	// Key is who asks. Nil: a key made for this call.
	Key *id.Key
	// Count is how many round trips to measure, PingEvery apart; 0 means 1, -1 none.
	Count int
	// Timeout bounds the making of the connection, and each round trip. Default 10s.
	Timeout time.Duration
	// Network is whose protocols to name to an RLPx node. Default "ropewalk".
	Network string
	// Caps are further capabilities to name to it, "eth/68".
	Caps []string
	// Agent is what to call ourselves, at most 128 bytes.
	Agent string
	// Proxy is a SOCKS5 proxy to dial through, as in SessionConfig; empty: none. Through one
	// Timeout is 65s by default, and an address that it does not carry is not pinged.
	Proxy string
	dial  func(context.Context, link.Addr) (net.Conn, error) // of Proxy; nil without
	// Met is called when the remote has said who it is, before the first round trip.
	Met func(PingReport)
	// Each is called after each round trip; its time is 0 when it failed, and then it is
	// the last.
	Each func(n int, rtt time.Duration, err error)
}

// PingEvery is the pause between two round trips: devp2p nodes end a link on which
// pings come faster.
const PingEvery = time.Second

// pingCapsMax bounds PingOptions.Caps, our choice.
const pingCapsMax = 64

// PingReport is what a ping learnt. Times are in milliseconds.
type PingReport struct {
	Addr   string  `json:"addr"`
	Link   string  `json:"link"` // rlpx or libp2p
	ID     id.ID   `json:"id"`
	PeerID string  `json:"peer_id"`
	Agent  string  `json:"agent"`
	P2P    *uint64 `json:"p2p,omitempty"` // version of the base protocol in an RLPx Hello
	// Caps are the RLPx capabilities the remote names, or the libp2p protocols.
	Caps []string `json:"caps"`
	// Shared are those of Caps that we named too; on libp2p it is empty.
	Shared []string `json:"shared"`
	// Handshake is until the link was encrypted, on RLPx with the dial before it;
	// Hello until the remote had said who it is.
	Handshake float64   `json:"handshake_ms"`
	Hello     float64   `json:"hello_ms"`
	RTT       []float64 `json:"rtt_ms"`
	Lost      int       `json:"lost"` // answers that did not come in time
	// Ended is why the remote ended the link while we looked, in words; empty when it
	// did not. A node that shares nothing with us does so at once.
	Ended string `json:"ended,omitempty"`
}

// ErrNoPing is PingOptions.Each's when the remote answers no pings.
var ErrNoPing = errors.New("ropewalk: the remote answers no pings")

// visit is a connection that asks a node how it is.
type visit interface {
	// ping measures a round trip. Its error may be ErrNoPing or a *link.Closed.
	ping(ctx context.Context) (time.Duration, error)
	close()
}

// Ping connects to any devp2p or libp2p node, named by an enode address, a record or a
// multiaddr with /p2p/, asks who it is, and measures round trips. No node of one's own
// has to run. Of a record's addresses the first that answers is taken. The error may be
// or wrap ErrBadTarget, a link.Reason (WrongIdentity, or what the remote said), or the
// context's when time ran out.
func Ping(ctx context.Context, target string, o PingOptions) (PingReport, error) {
	addrs, err := dialAddrs(target)
	if err != nil {
		return PingReport{}, fmt.Errorf("%w: %v", ErrBadTarget, err)
	}
	if err := o.fill(); err != nil {
		return PingReport{}, err
	}
	var errs []error
	for _, a := range addrs {
		if a.ID().IsZero() {
			return PingReport{}, fmt.Errorf("%w: %s does not end in /p2p/ and a peer ID", ErrBadTarget, a)
		}
		r, err := pingAt(ctx, a, o)
		if err == nil {
			return r, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", place(a), err))
		if ctx.Err() != nil {
			break
		}
	}
	return PingReport{}, errors.Join(errs...)
}

func (o *PingOptions) fill() (err error) {
	if o.Key == nil {
		if o.Key, err = id.NewKey(rand.Reader); err != nil {
			return err
		}
	}
	if o.Count == 0 {
		o.Count = 1
	}
	if o.Proxy != "" {
		at, err := socks.Parse(o.Proxy)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrBadInput, err)
		}
		o.dial = socks.New(at).Dial
		if o.Timeout <= 0 {
			o.Timeout = 65 * time.Second
		}
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Network == "" {
		o.Network = "ropewalk"
	}
	if o.Agent == "" {
		o.Agent = "ropewalk/" + Version()
	}
	if len(o.Caps) > pingCapsMax {
		return fmt.Errorf("%w: %d capabilities, want at most %d", ErrBadInput, len(o.Caps), pingCapsMax)
	}
	for _, c := range o.Caps {
		if _, err := ParseCap(c); err != nil {
			return err
		}
	}
	return nil
}

// pingAt pings one address.
func pingAt(ctx context.Context, to link.Addr, o PingOptions) (PingReport, error) {
	r := PingReport{Addr: to.String(), Link: string(to.Kind()), ID: to.ID(), PeerID: to.PeerID().String(), Caps: []string{}, Shared: []string{}, RTT: []float64{}}
	look := map[link.Kind]func(context.Context, link.Addr, PingOptions, *PingReport) (visit, error){link.LibP2P: visitLibP2P, link.RLPx: visitRLPx}[to.Kind()]
	if look == nil {
		return r, fmt.Errorf("%w: %s", ErrBadTarget, to)
	}
	within, cancel := context.WithTimeout(ctx, o.Timeout)
	v, err := look(within, to, o, &r)
	cancel()
	if err != nil {
		return r, err
	}
	defer v.close()
	r.Agent = plain.Line(r.Agent, 256)
	if o.Met != nil {
		o.Met(r)
	}
	err = r.measure(ctx, v, o)
	return r, err
}

// measure adds the round trips.
func (r *PingReport) measure(ctx context.Context, v visit, o PingOptions) error {
	for n := 1; n <= o.Count && r.Ended == ""; n++ {
		if n > 1 && !pause(ctx, PingEvery) {
			return ctx.Err()
		}
		within, cancel := context.WithTimeout(ctx, o.Timeout)
		rtt, err := v.ping(within)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if o.Each != nil {
			o.Each(n, rtt, err)
		}
		var closed *link.Closed
		switch {
		case err == nil:
			r.RTT = append(r.RTT, milliseconds(rtt))
			continue
		case errors.Is(err, ErrNoPing):
		case errors.As(err, &closed):
			r.Ended = closed.Reason.String()
		default:
			r.Lost++
		}
		return nil // a stream or link that failed does not get better
	}
	return nil
}

// pause waits and tells whether it was not cut short.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// ParseCap reads a capability, NAME/VERSION: 1 to 8 printable bytes and a number.
func ParseCap(text string) (Cap, error) {
	name, version, _ := strings.Cut(text, "/")
	n, err := strconv.ParseUint(version, 10, 32)
	odd := strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
	if err != nil || odd || len(name) == 0 || len(name) > 8 {
		return Cap{}, fmt.Errorf("%w: %.40q is no capability: want NAME/VERSION", ErrBadInput, text)
	}
	return Cap{Name: name, Version: uint(n)}, nil
}
