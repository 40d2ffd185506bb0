package api

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// dnetMethod is a call of ours under a name in the viewers' manner.
type dnetMethod struct {
	call    method
	places  []string // the names of parameters that are given by place
	control bool     // it changes something
}

var dnetMethods = map[string]dnetMethod{
	"p2p.hosts":      {call: (*Server).sessionHosts, places: []string{"colour", "offset", "limit"}},
	"p2p.peer":       {call: (*Server).dnetPeer, places: []string{"id"}},
	"p2p.slots":      {call: (*Server).sessionSlots},
	"p2p.connect":    {call: (*Server).sessionConnect, places: []string{"addr"}, control: true},
	"p2p.disconnect": {call: (*Server).dnetDisconnect, places: []string{"id"}, control: true},
	"p2p.ban":        {call: (*Server).sessionBan, places: []string{"target", "for"}, control: true},
	"p2p.unban":      {call: (*Server).sessionUnban, places: []string{"target"}, control: true},
}

func (v *viewer) call(ctx context.Context, method string, raw json.RawMessage) (any, error) {
	d := v.d
	switch method {
	case "ping":
		return "pong", nil
	case "p2p.get_info":
		return v.info(ctx)
	case "spawns":
		return d.s.spawns(ctx)
	case "dnet.switch":
		var on []*bool
		if json.Unmarshal(raw, &on) != nil || len(on) != 1 || on[0] == nil {
			return nil, errorOf(codeInvalidParams, "want [true] or [false]")
		}
		d.set(*on[0])
		return true, nil
	}
	m, ok := dnetMethods[method]
	switch {
	case !ok:
		return nil, errorOf(codeNoMethod, fmt.Sprintf("%.64q", method))
	case m.control && !d.s.opts.DnetControl:
		return nil, errorOf(codeRefused, "this socket changes nothing; see listen.dnet_control")
	}
	a, err := byName(raw, m.places)
	if err != nil {
		return nil, err
	}
	return m.call(d.s, ctx, a)
}

// byName makes parameters that are given by place ones by name. An object is taken as
// it is.
func byName(raw json.RawMessage, names []string) (*args, error) {
	if firstByte(raw) != '[' {
		return newArgs(raw), nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) > len(names) {
		return nil, errorOf(codeInvalidParams, fmt.Sprintf("want at most %d parameters", len(names)))
	}
	a := &args{all: map[string]json.RawMessage{}}
	for i, v := range list {
		a.all[names[i]] = v
	}
	return a, nil
}

// dnetID is a channel's number: DarkFi's are 32 bits and never 0, so ours are the head
// of the peer's ID.
func dnetID(who id.ID) uint32 { return max(1, binary.BigEndian.Uint32(who[:4])) }

// dnetSession finds a peer by its ID or by the number of its channel.
func (s *Server) dnetSession(ctx context.Context, a *args) (ropewalk.Session, error) {
	var number uint32
	var who id.ID
	if raw := a.all["id"]; json.Unmarshal(raw, &number) == nil && string(raw) != "null" {
		a.take("id")
	} else {
		who = a.node("id")
	}
	if err := a.end(); err != nil {
		return ropewalk.Session{}, err
	}
	all, err := s.node.Sessions(ctx)
	if err != nil {
		return ropewalk.Session{}, err
	}
	for _, p := range all {
		if p.ID == who || number > 0 && dnetID(p.ID) == number {
			return p, nil
		}
	}
	return ropewalk.Session{}, ropewalk.ErrNoSuchPeer
}

// dnetPeerInfo is what p2p.peer tells: the session, with its channel and its score.
type dnetPeerInfo struct {
	ropewalk.Session
	Channel uint32  `json:"channel"`
	Score   float64 `json:"score"`
}

func (s *Server) dnetPeer(ctx context.Context, a *args) (any, error) {
	p, err := s.dnetSession(ctx, a)
	if err != nil {
		return nil, err
	}
	scores, err := s.node.Scores(ctx)
	if err != nil {
		return nil, err
	}
	out := dnetPeerInfo{Session: p, Channel: dnetID(p.ID)}
	for _, x := range scores {
		if x.ID == p.ID {
			out.Score = x.Score
		}
	}
	return out, nil
}

func (s *Server) dnetDisconnect(ctx context.Context, a *args) (any, error) {
	p, err := s.dnetSession(ctx, a)
	if err != nil {
		return nil, err
	}
	return done, s.node.Disconnect(ctx, p.ID)
}

type dnetChannel struct {
	URL     string `json:"url"`
	Session string `json:"session"`
	ID      uint32 `json:"id"`
}

type dnetInfo struct {
	Channels []dnetChannel `json:"channels"`
	Slots    []uint32      `json:"outbound_slots"` // channel, or 0
}

func (v *viewer) info(ctx context.Context) (dnetInfo, error) {
	snap, err := v.d.look(ctx)
	if err != nil {
		return dnetInfo{}, err
	}
	v.told.Store(&snap)
	out := dnetInfo{Channels: []dnetChannel{}, Slots: []uint32{}}
	for _, c := range snap.sessions {
		out.Channels = append(out.Channels, dnetChannel{c.Addr, c.Session, dnetID(c.ID)})
	}
	for _, slot := range snap.slots {
		who, err := id.Parse(slot.ID)
		if slot.State == slotConnected && err == nil {
			out.Slots = append(out.Slots, dnetID(who))
		} else {
			out.Slots = append(out.Slots, 0)
		}
	}
	return out, nil
}

type dnetSpawn struct {
	Name  string   `json:"name"`
	URLs  []string `json:"urls"`
	White []string `json:"whitelist"`
	Grey  []string `json:"greylist"`
	Gold  []string `json:"goldlist"`
}

// spawns lists the networks this process serves, with their lists as far as a page
// goes.
func (s *Server) spawns(ctx context.Context) (map[string][]dnetSpawn, error) {
	var all []dnetSpawn
	for _, x := range s.everyNetwork() {
		spawn, err := x.spawn(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, spawn)
	}
	return map[string][]dnetSpawn{"spawns": all}, nil
}

func (s *Server) spawn(ctx context.Context) (dnetSpawn, error) {
	info := s.node.Info()
	spawn := dnetSpawn{Name: s.opts.Network, URLs: list(info.LibP2P)}
	if spawn.Name == "" {
		spawn.Name = info.Network
	}
	if info.Enode != "" {
		spawn.URLs = append(spawn.URLs, info.Enode)
	}
	for colour, into := range map[string]*[]string{"white": &spawn.White, "grey": &spawn.Grey, "gold": &spawn.Gold} {
		page, err := s.node.Hosts(ctx, colour, 0, pageMax)
		if err != nil {
			return dnetSpawn{}, err
		}
		*into = []string{}
		for _, host := range page.Hosts {
			*into = append(*into, host.Addrs...)
		}
	}
	return spawn, nil
}
