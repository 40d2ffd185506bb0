package nat

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Port is a port of ours that others should reach.
type Port struct {
	Proto Proto
	Num   uint16
}

// Proto is the transport protocol of a port.
type Proto string

// The protocols.
const (
	TCP Proto = "tcp"
	UDP Proto = "udp"
)

// gateway is a router that maps ports. Each call ends with its context, or within
// pmpWithin of it.
type gateway interface {
	// name is what it is called in events.
	name() string
	// external is our address on its other side. restarted says that it has forgotten
	// what it was asked for.
	external(ctx context.Context) (ip netip.Addr, restarted bool, err error)
	// add maps a port, or maps it anew, and says under which external port and for how
	// long. want is the external port that is asked for.
	add(ctx context.Context, p Port, want uint16, life time.Duration) (got uint16, granted time.Duration, err error)
	// remove takes a mapping back.
	remove(ctx context.Context, p Port, external uint16) error
}

// ErrNoGateway says that nobody was found who maps ports.
var ErrNoGateway = errors.New("nat: no gateway that maps ports")

// find looks for a gateway of a mode.
func find(ctx context.Context, m Mode) (gateway, error) {
	var errs []error
	for _, way := range []struct {
		kind Kind
		find func(context.Context, Mode) (gateway, error)
	}{{PMP, findPMP}, {UPnP, findUPnP}} {
		if m.Kind != Any && m.Kind != way.kind {
			continue
		}
		g, err := way.find(ctx, m)
		if err == nil {
			return g, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
