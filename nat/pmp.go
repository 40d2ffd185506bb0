package nat

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	natpmp "github.com/jackpal/go-nat-pmp"
)

// pmp is a gateway that speaks NAT-PMP (RFC 6886).
type pmp struct {
	ip     netip.Addr
	epoch  uint32 // seconds, as it last said
	at     time.Time
	forgot bool // it was restarted since it was last asked for the address
}

// findPMP looks for one among the gateways of the machine's networks.
func findPMP(ctx context.Context, m Mode) (gateway, error) {
	candidates := []netip.Addr{m.IP}
	if !m.IP.IsValid() {
		candidates = gateways()
	}
	err := fmt.Errorf("%w by NAT-PMP", ErrNoGateway)
	for _, ip := range candidates[:min(len(candidates), candidatesMax)] {
		g := &pmp{ip: ip}
		if _, _, why := g.external(ctx); why != nil {
			err = fmt.Errorf("%s: %w", g.name(), why)
			continue
		}
		return g, nil
	}
	return nil, err
}

func (g *pmp) name() string { return "NAT-PMP " + g.ip.String() }

// client is a client whose call ends in time.
func (g *pmp) client(ctx context.Context) (*natpmp.Client, error) {
	within := pmpWithin
	if at, ok := ctx.Deadline(); ok {
		within = min(within, time.Until(at))
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case within <= 0: // and the context has not noticed yet
		return nil, context.DeadlineExceeded
	}
	return natpmp.NewClientWithTimeout(g.ip.AsSlice(), within), nil
}

var errNoAddress = errors.New("nat: the gateway has no external address")

func (g *pmp) external(ctx context.Context) (netip.Addr, bool, error) {
	c, err := g.client(ctx)
	if err != nil {
		return netip.Addr{}, false, err
	}
	r, err := c.GetExternalAddress()
	if err != nil {
		return netip.Addr{}, false, err
	}
	ip := netip.AddrFrom4(r.ExternalIPAddress)
	if ip.IsUnspecified() {
		return netip.Addr{}, false, errNoAddress
	}
	g.heard(r.SecondsSinceStartOfEpoc)
	restarted := g.forgot
	g.forgot = false
	return ip, restarted, nil
}

// heard compares the gateway's time with ours. RFC 6886 section 3.6: when it is "less
// than this expected value minus two seconds", which is 7/8 of what passed here, the
// gateway "has rebooted or otherwise lost its port mapping state".
func (g *pmp) heard(epoch uint32) {
	now := time.Now()
	if !g.at.IsZero() {
		expected := int64(g.epoch) + int64(now.Sub(g.at)/time.Second)*7/8
		g.forgot = g.forgot || int64(epoch) < expected-2
	}
	g.epoch, g.at = epoch, now
}

func (g *pmp) add(ctx context.Context, p Port, want uint16, life time.Duration) (uint16, time.Duration, error) {
	c, err := g.client(ctx)
	if err != nil {
		return 0, 0, err
	}
	r, err := c.AddPortMapping(string(p.Proto), int(p.Num), int(want), int(life/time.Second))
	if err != nil {
		return 0, 0, err
	}
	if r.InternalPort != p.Num || r.MappedExternalPort == 0 || r.PortMappingLifetimeInSeconds == 0 {
		return 0, 0, fmt.Errorf("nat: asked to map port %d for %s, the gateway answers with port %d as %d for %d s",
			p.Num, life, r.InternalPort, r.MappedExternalPort, r.PortMappingLifetimeInSeconds)
	}
	g.heard(r.SecondsSinceStartOfEpoc)
	return r.MappedExternalPort, time.Duration(r.PortMappingLifetimeInSeconds) * time.Second, nil
}

func (g *pmp) remove(ctx context.Context, p Port, _ uint16) error {
	c, err := g.client(ctx)
	if err == nil {
		_, err = c.AddPortMapping(string(p.Proto), int(p.Num), 0, 0)
	}
	return err
}
