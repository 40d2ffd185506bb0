package api

import (
	"context"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// seedNetwork is how a seed does in one network.
type seedNetwork struct {
	Network string           `json:"network"`
	ID      id.ID            `json:"id"`
	ENR     string           `json:"enr"`
	LibP2P  []string         `json:"libp2p"`
	Enode   string           `json:"enode"`
	RPC     string           `json:"rpc"` // where all calls are about this network
	Uptime  float64          `json:"uptime"`
	Peers   int              `json:"peers"`
	Places  ropewalk.Places  `json:"places"`
	Hosts   map[string]int   `json:"hosts"`
	Bans    int              `json:"bans"`
	Traffic ropewalk.Traffic `json:"traffic"`
}

// seedNetworks reports on every network this process serves.
func (s *Server) seedNetworks(ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	out := []seedNetwork{}
	for _, x := range s.everyNetwork() {
		one, err := x.seedNetwork(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func (s *Server) seedNetwork(ctx context.Context) (seedNetwork, error) {
	info := s.node.Info()
	out := seedNetwork{Network: info.Network, ID: info.ID, ENR: info.ENR, LibP2P: list(info.LibP2P), Enode: info.Enode, RPC: info.RPC, Uptime: info.Uptime}
	sessions, err := s.node.Sessions(ctx)
	if err != nil {
		return out, err
	}
	out.Peers = len(sessions)
	if out.Places, err = s.node.SetPlaces(ctx, -1, -1); err != nil {
		return out, err
	}
	hosts, err := s.node.Hosts(ctx, "", 0, 0)
	if err != nil {
		return out, err
	}
	out.Hosts = hosts.Counts
	bans, err := s.node.Bans(ctx, 0, 0)
	if err != nil {
		return out, err
	}
	out.Bans = bans.Total
	out.Traffic, err = s.node.Traffic(ctx)
	return out, err
}
