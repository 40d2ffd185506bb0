package score

import (
	"net/netip"
)

// groups counts peers, connected and retained, by where they come from.
type groups struct {
	by map[netip.Prefix]*group
}

// group is an address or a network.
type group struct {
	of     netip.Prefix
	peers  int     // that P6 counts
	heirs  int     // for whom this is the network that lends debts
	guilty int     // of them retained below zero
	burden float64 // how far, in all
}

// networks gives what P6 counts for an address, and the network new identities
// inherit from: IPv4 exact and /24, IPv6 exact and /64, and /56. Loopback is where
// tests and tunnels live and says nothing; private networks are shared by honest
// machines, so they lend nothing.
func (c *Config) networks(ip netip.Addr) (places []netip.Prefix, kin netip.Prefix) {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() || ip.IsUnspecified() || ip.IsLoopback() {
		return nil, kin
	}
	for _, p := range c.IPColocationAllow {
		if p.Contains(ip) {
			return nil, kin
		}
	}
	wide := 24
	places = append(places, netip.PrefixFrom(ip, ip.BitLen()))
	if ip.Is6() {
		wide = 56
		lan, _ := ip.Prefix(64)
		places = append(places, lan)
	}
	if !ip.IsPrivate() && !ip.IsLinkLocalUnicast() {
		kin, _ = ip.Prefix(wide)
	}
	return places, kin
}

func (b *Board) joinGroups(p *Peer, ip netip.Addr) {
	places, kin := b.cfg.networks(ip)
	if b.cfg.IPColocationFactorWeight != 0 {
		for i, at := range places {
			p.places[i] = b.groups.get(at)
			p.places[i].peers++
		}
	}
	if kin.IsValid() && b.cfg.Gossip < 0 {
		p.kin = b.groups.get(kin)
		p.kin.heirs++
	}
}

func (b *Board) leaveGroups(p *Peer) {
	for i, g := range p.places {
		if g != nil {
			g.peers--
			b.groups.put(g)
			p.places[i] = nil
		}
	}
	if g := p.kin; g != nil {
		g.heirs--
		b.groups.put(g)
		p.kin = nil
	}
}

func (gs *groups) get(of netip.Prefix) *group {
	g := gs.by[of]
	if g == nil {
		if gs.by == nil {
			gs.by = make(map[netip.Prefix]*group)
		}
		g = &group{of: of}
		gs.by[of] = g
	}
	return g
}

// put forgets a group that nobody is in.
func (gs *groups) put(g *group) {
	if g.peers == 0 && g.heirs == 0 {
		if delete(gs.by, g.of); len(gs.by) == 0 {
			gs.by = nil
		}
	}
}

// colocation is the weighted P6: gossipsub-v1.1 "IP Colocation Factor", the square
// of the surplus, for each address and network the peer is counted under.
func (b *Board) colocation(p *Peer) float64 {
	var sum float64
	for _, g := range p.places {
		if g != nil && g.peers > b.cfg.IPColocationFactorThreshold {
			over := float64(g.peers - b.cfg.IPColocationFactorThreshold)
			sum += over * over
		}
	}
	return b.cfg.IPColocationFactorWeight * sum
}

// debt is where a newcomer of a network starts below zero: an eighth of what its
// retained peers lost, at most half the gossip threshold. It keeps an identity that
// replaces a spent one out of meshes for some minutes, and costs an honest
// neighbour no more than that.
func (gs *groups) debt(c *Config, kin *group) float64 {
	if kin == nil || kin.guilty == 0 {
		return 0
	}
	return min(debtShare*kin.burden, -debtLimit*c.Gossip)
}

// weigh makes a retained peer's group answer for it.
func (b *Board) weigh(p *Peer) {
	if p.connected || p.kin == nil {
		return
	}
	b.lift(p)
	if p.stale {
		b.sum(p)
	}
	if own := p.base + p.debt; own < 0 { // neither its address's fault nor what it inherited
		p.burden = min(-own, -b.cfg.Graylist)
		p.kin.guilty++
		p.kin.burden += p.burden
	}
}

// lift takes a peer's share off its group.
func (b *Board) lift(p *Peer) {
	if p.burden == 0 {
		return
	}
	g := p.kin
	g.burden -= p.burden
	if g.guilty--; g.guilty == 0 {
		g.burden = 0 // not what rounding left
	}
	p.burden = 0
}
