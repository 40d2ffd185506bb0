package msgrw

import "slices"

// PeerInfo describes a peer in the words that others use for it.
type PeerInfo struct {
	ENR     string   `json:"enr,omitempty"`
	Enode   string   `json:"enode,omitempty"`
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Caps    []string `json:"caps"`
	Network struct {
		LocalAddress  string `json:"localAddress"`
		RemoteAddress string `json:"remoteAddress"`
		Inbound       bool   `json:"inbound"`
	} `json:"network"`
	// Protocols is what each protocol says of the peer: "unknown" from those that
	// say nothing.
	Protocols map[string]any `json:"protocols"`
}

// Info describes the peer and asks each protocol for what it has to say. It must not
// be called from a protocol's PeerInfo.
func (p *Peer) Info() *PeerInfo {
	out := &PeerInfo{ID: p.info.ID.String(), Name: p.Fullname(), Caps: []string{}, Protocols: map[string]any{}}
	if p.info.Record != nil {
		out.ENR = p.info.Record.String()
	}
	for _, c := range p.Caps() {
		out.Caps = append(out.Caps, c.String())
	}
	out.Network.LocalAddress = p.LocalAddr().String()
	out.Network.RemoteAddress = p.RemoteAddr().String()
	out.Network.Inbound = p.Inbound()
	for _, c := range p.caps {
		out.Protocols[c.Name] = p.protocolInfo(c)
	}
	return out
}

// NodeInfo is what the protocols say of themselves, by name; nil when none says
// anything. Of anybody, once the node has started.
func (h *Hub) NodeInfo() (out map[string]any) {
	for _, k := range h.kinds {
		if k.Protocol.NodeInfo == nil {
			continue
		}
		if out == nil {
			out = map[string]any{}
		}
		out[k.Name] = k.Protocol.NodeInfo()
	}
	return out
}

// Peers are the remotes of all links with one of the protocols. Of the loop.
func (h *Hub) Peers() []*Peer {
	out := make([]*Peer, 0, len(h.peers))
	for _, p := range h.peers {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Peer) int { return a.since.Compare(b.since) })
	return out
}

func (p *Peer) protocolInfo(c Cap) any {
	if p.hub != nil {
		for _, k := range p.hub.kinds {
			if k.Cap() == c && k.PeerInfo != nil {
				return k.PeerInfo(p.info.ID)
			}
		}
	}
	return "unknown"
}
