package ropewalk

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/plain"
)

// Sessions lists the connected peers.
func (n *Node) Sessions(ctx context.Context) ([]Session, error) {
	all, err := n.sessions(ctx)
	if err != nil {
		return nil, err
	}
	peers, err := ask(ctx, n, func(_ time.Time, reply func([]*Peer, error)) { reply(n.runs.Peers(), nil) })
	told := map[id.ID]map[string]any{}
	for _, p := range peers {
		told[p.ID()] = p.Info().Protocols // calls what the user wrote, so not in the loop
	}
	for i := range all {
		all[i].Info = told[all[i].ID]
	}
	return all, err
}

func (n *Node) sessions(ctx context.Context) ([]Session, error) {
	return ask(ctx, n, func(_ time.Time, reply func([]Session, error)) {
		out := []Session{}
		for _, p := range n.machine.Peers() {
			info := p.Info
			s := Session{ID: info.ID, PeerID: info.PeerID.String(), Addr: info.Addr.String(), Direction: string(info.Dir), Session: p.Session, Link: string(info.Kind),
				Protocols: p.Protocols, Caps: []string{}, RTT: float64(p.RTT) / float64(time.Millisecond), Since: p.Since, Agent: plain.Line(info.Agent, 128), Colour: p.Colour, Trusted: p.Trusted, Why: p.Why, Uses: p.Uses, Protections: append([]string{}, p.Protected...)}
			if w, ok := n.links[p.Conn]; ok {
				s.BytesIn, s.BytesOut = w.in.Load(), w.sent
			}
			for _, c := range info.Caps {
				s.Caps = append(s.Caps, plain.Line(c, 64))
			}
			if info.Local.IsValid() {
				s.Local = info.Local.String()
			}
			if p.Record != nil {
				s.Record = p.Record.String()
			}
			out = append(out, s)
		}
		reply(out, nil)
	})
}

// Slots lists what the session manager works on.
func (n *Node) Slots(ctx context.Context) ([]Slot, error) {
	return ask(ctx, n, func(_ time.Time, reply func([]Slot, error)) {
		out := []Slot{}
		for _, s := range n.machine.Slots() {
			slot := Slot{Slot: s.Slot, Role: string(s.Role), Use: s.Use, State: s.State, Addr: s.Addr.String(), Since: s.Since, Attempts: s.Attempts, RetryAt: s.RetryAt, Why: plain.Line(s.Why, 256)}
			if !s.ID.IsZero() {
				slot.ID = s.ID.String()
			}
			out = append(out, slot)
		}
		reply(out, nil)
	})
}

// pageMax bounds a page of hosts or bans.
const pageMax = 1000

// Hosts returns a page of the host book: of one colour, or of all ("").
func (n *Node) Hosts(ctx context.Context, colour string, offset, limit int) (HostsPage, error) {
	return ask(ctx, n, func(_ time.Time, reply func(HostsPage, error)) {
		total, list := n.machine.Hosts(colour, max(offset, 0), min(max(limit, 0), pageMax))
		page := HostsPage{Total: total, Hosts: []Host{}, Counts: hostCounts(n.machine.HostCounts())}
		for _, h := range list {
			out := Host{ID: h.ID, Addrs: []string{}, Colour: string(h.Colour), LastSeen: h.LastSeen, LastTried: h.LastTried, Tries: h.Tries, Fails: h.Fails, RetryAt: h.RetryAt, Anchor: h.Anchor}
			if h.Record != nil {
				out.Record = h.Record.String()
			}
			for _, a := range h.Addrs {
				out.Addrs = append(out.Addrs, a.String())
			}
			page.Hosts = append(page.Hosts, out)
		}
		reply(page, nil)
	})
}

// Disconnect ends the link to a peer, whoever holds it.
func (n *Node) Disconnect(ctx context.Context, who id.ID) error {
	_, err := ask(ctx, n, func(now time.Time, reply func(struct{}, error)) {
		if !n.machine.Disconnect(now, who) {
			reply(struct{}{}, ErrNoSuchPeer)
			return
		}
		reply(struct{}{}, nil)
	})
	return err
}

// Ban shuts a target out for a time and ends its links: a node ID, a peer ID, a
// record, an address with a peer, or an IP address.
func (n *Node) Ban(ctx context.Context, target string, d time.Duration) error {
	who, ip, err := banTarget(target)
	if err != nil {
		return err
	}
	_, err = ask(ctx, n, func(now time.Time, reply func(struct{}, error)) {
		reply(struct{}{}, n.machine.Ban(now, who, ip, d))
	})
	return err
}

// Unban ends a ban. ErrNoSuchPeer when there was none.
func (n *Node) Unban(ctx context.Context, target string) error {
	who, ip, err := banTarget(target)
	if err != nil {
		return err
	}
	_, err = ask(ctx, n, func(now time.Time, reply func(struct{}, error)) {
		if !n.machine.Unban(now, who, ip) {
			reply(struct{}{}, ErrNoSuchPeer)
			return
		}
		reply(struct{}{}, nil)
	})
	return err
}

// Bans returns a page of the bans in force.
func (n *Node) Bans(ctx context.Context, offset, limit int) (BansPage, error) {
	return ask(ctx, n, func(now time.Time, reply func(BansPage, error)) {
		all := n.machine.Bans(now)
		page := BansPage{Total: len(all), Bans: []Ban{}}
		all = all[min(max(offset, 0), len(all)):]
		for _, b := range all[:min(len(all), max(limit, 0), pageMax)] {
			page.Bans = append(page.Bans, Ban{Target: b.Target.String(), Until: b.Until})
		}
		reply(page, nil)
	})
}

// SetPlaces changes how many links the session manager works for and takes in, until
// the node ends; a negative number leaves one as it is. It returns what holds then. Of
// outbound slots that go, empty ones go first; inbound links above a lower cap stay
// until they end. ErrBadInput for more than a node may have.
func (n *Node) SetPlaces(ctx context.Context, outbound, inbound int) (Places, error) {
	if outbound > outboundMax || inbound > inboundMax {
		return Places{}, fmt.Errorf("%w: at most %d outbound and %d inbound", ErrBadInput, outboundMax, inboundMax)
	}
	return ask(ctx, n, func(now time.Time, reply func(Places, error)) {
		out, in := n.machine.SetPlaces(now, outbound, inbound)
		reply(Places{out, in}, nil)
	})
}

// Seed asks the seeds for hosts now.
func (n *Node) Seed(ctx context.Context) error {
	_, err := ask(ctx, n, func(now time.Time, reply func(struct{}, error)) {
		reply(struct{}{}, n.machine.Seed(now))
	})
	return err
}

func banTarget(text string) (id.ID, netip.Addr, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return id.ID{}, ip.Unmap(), nil
	}
	if who, ok := whoIs(text); ok {
		return who, netip.Addr{}, nil
	}
	return id.ID{}, netip.Addr{}, fmt.Errorf("%w: %.100q", ErrBadTarget, text)
}

func hostCounts(c hosts.Counts) map[string]int {
	return map[string]int{"grey": c.Grey, "white": c.White, "gold": c.Gold, "dark": c.Dark, "black": c.Black}
}
