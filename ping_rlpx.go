//go:build !nolibp2p

package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/ropewalk/ropewalk/internal/plain"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/rlpx"
	"github.com/ropewalk/ropewalk/node"
)

// partWithin is how long a node that shares nothing with us has to say so, before it is
// pinged all the same.
const partWithin = time.Second

// rlpxVisit asks by the base protocol of devp2p.
type rlpxVisit struct {
	*rlpx.Visit
	stranger bool // nothing is shared
}

func visitRLPx(ctx context.Context, to link.Addr, o PingOptions, r *PingReport) (visit, error) {
	own := append(ownCaps(o.Network), o.Caps...)
	v, err := rlpx.Call(ctx, rlpx.Asker{Key: o.Key, Agent: o.Agent, Network: o.Network, Caps: own, Dial: o.dial}, to)
	if err != nil {
		return nil, rlpxError(err)
	}
	r.Agent, r.P2P = v.Agent, &v.Version
	r.Handshake, r.Hello = milliseconds(v.Connect+v.Handshake), milliseconds(v.Hello)
	for _, c := range v.Caps {
		r.Caps = append(r.Caps, plain.Line(c, 64))
		// The node's own protocols are for one network each.
		if slices.Contains(own, c) && (v.Network == o.Network || slices.Contains(o.Caps, c)) {
			r.Shared = append(r.Shared, c)
		}
	}
	return rlpxVisit{v, len(r.Shared) == 0}, nil
}

// ownCaps are the capabilities of a node of that network.
func ownCaps(network string) (out []string) {
	for _, p := range node.Protocols(network, nil) {
		out = append(out, fmt.Sprintf("%s/%d", p.Name, p.Version))
	}
	return out
}

func (v rlpxVisit) ping(ctx context.Context) (time.Duration, error) {
	if v.stranger {
		within, cancel := context.WithTimeout(ctx, partWithin)
		defer cancel()
		if err := v.Parted(within); !errors.Is(err, rlpx.ErrTimeout) {
			return 0, rlpxError(err)
		}
	}
	rtt, err := v.Ping(ctx)
	return rtt, rlpxError(err)
}

func (v rlpxVisit) close() { v.Close() }

// rlpxError says in the words of every kind of link why there was none.
func rlpxError(err error) error {
	switch {
	case errors.Is(err, rlpx.ErrTimeout) && !errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", err, context.DeadlineExceeded)
	case errors.Is(err, rlpx.ErrRefused):
		return fmt.Errorf("%w: %w", err, syscall.ECONNREFUSED)
	}
	return err
}
