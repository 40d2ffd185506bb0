//go:build !nolibp2p

package ropewalk

import (
	"context"
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/libp2p"
)

// libp2pVisit asks by libp2p's own protocols.
type libp2pVisit struct{ *libp2p.Visit }

func visitLibP2P(ctx context.Context, to link.Addr, o PingOptions, r *PingReport) (visit, error) {
	v, err := libp2p.ProbeThrough(ctx, o.Key, o.Agent, to, o.dial)
	if err != nil {
		return nil, err
	}
	r.Agent = v.Agent
	r.Caps = append(r.Caps, v.Streams...)
	r.Handshake, r.Hello = milliseconds(v.Connect), milliseconds(v.Identify)
	return libp2pVisit{v}, nil
}

func (v libp2pVisit) ping(ctx context.Context) (time.Duration, error) {
	rtt, err := v.Ping(ctx)
	if errors.Is(err, libp2p.ErrNoPing) {
		err = ErrNoPing
	}
	return rtt, err
}

func (v libp2pVisit) close() { _ = v.Close() }
