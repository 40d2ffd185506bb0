package api

import (
	"context"

	"github.com/ropewalk/ropewalk"
)

func (s *Server) nodeInfo(_ context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.node.Info(), nil
}

func (s *Server) nodeHealth(_ context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	h := s.node.Health()
	h.Checks = list(h.Checks)
	return h, nil
}

func (s *Server) nodeStop(_ context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	s.log.Info("stop requested over the API")
	s.node.RequestStop()
	return done, nil
}

func (s *Server) sessionList(ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	all, err := s.node.Sessions(ctx)
	return list(all), err
}

func (s *Server) sessionSlots(ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	all, err := s.node.Slots(ctx)
	return list(all), err
}

func (s *Server) sessionScopes(ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	all, err := s.node.Scopes(ctx)
	return list(all), err
}

func (s *Server) sessionHosts(ctx context.Context, a *args) (any, error) {
	colour := a.oneOf("colour", "", "grey", "white", "gold", "dark", "black")
	offset, limit := a.page()
	if err := a.end(); err != nil {
		return nil, err
	}
	page, err := s.node.Hosts(ctx, colour, offset, limit)
	page.Hosts = list(page.Hosts)
	return page, err
}

// sessionImport offers the book a list of hosts of another program.
func (s *Server) sessionImport(ctx context.Context, a *args) (any, error) {
	list := a.text("list", ropewalk.HostsImportMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.node.ImportHosts(ctx, list)
}

// sessionConnect dials once, or with keep for ever; then the answer says how the first
// dial went.
func (s *Server) sessionConnect(ctx context.Context, a *args) (any, error) {
	addr := a.text("addr", addrBytesMax)
	keep := a.flag("keep", false)
	if err := a.end(); err != nil {
		return nil, err
	}
	if keep {
		return s.node.Keep(ctx, addr)
	}
	who, err := s.node.Connect(ctx, addr)
	return map[string]any{"id": who}, err
}

// sessionDisconnect ends a link, and with forget the keeping of the peer.
func (s *Server) sessionDisconnect(ctx context.Context, a *args) (any, error) {
	who := a.node("id")
	forget := a.flag("forget", false)
	if err := a.end(); err != nil {
		return nil, err
	}
	if forget {
		return done, s.node.Forget(ctx, who)
	}
	return done, s.node.Disconnect(ctx, who)
}

func (s *Server) sessionTrust(ctx context.Context, a *args) (any, error) {
	target := a.text("target", addrBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return done, s.node.Trust(ctx, target)
}

func (s *Server) sessionUntrust(ctx context.Context, a *args) (any, error) {
	target := a.text("target", addrBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return done, s.node.Untrust(ctx, target)
}

func (s *Server) sessionProtect(ctx context.Context, a *args) (any, error) {
	target, tag := a.text("target", addrBytesMax), a.text("tag", tagBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return done, s.node.Protect(ctx, target, tag)
}

func (s *Server) sessionUnprotect(ctx context.Context, a *args) (any, error) {
	target, tag := a.text("target", addrBytesMax), a.text("tag", tagBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return done, s.node.Unprotect(ctx, target, tag)
}

func (s *Server) sessionBan(ctx context.Context, a *args) (any, error) {
	target := a.text("target", addrBytesMax)
	span := a.span("for", banMin, banMax, banDefault)
	if err := a.end(); err != nil {
		return nil, err
	}
	return done, s.node.Ban(ctx, target, span)
}

func (s *Server) sessionUnban(ctx context.Context, a *args) (any, error) {
	target := a.text("target", addrBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return done, s.node.Unban(ctx, target)
}

func (s *Server) sessionSeed(ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	return done, s.node.Seed(ctx)
}

func (s *Server) sessionBans(ctx context.Context, a *args) (any, error) {
	offset, limit := a.page()
	if err := a.end(); err != nil {
		return nil, err
	}
	page, err := s.node.Bans(ctx, offset, limit)
	page.Bans = list(page.Bans)
	return page, err
}

// sessionSet changes how many links the node works for and takes in, until it ends,
// and tells what holds then. What is absent stays.
func (s *Server) sessionSet(ctx context.Context, a *args) (any, error) {
	outbound := a.number("outbound", 0, outboundMax, -1)
	inbound := a.number("inbound", 0, inboundMax, -1)
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.node.SetPlaces(ctx, outbound, inbound)
}

// list makes an absent list an empty one, so that callers always see [].
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// ready tells whether the node answers yes to all its checks.
func (s *Server) ready() (ropewalk.Health, bool) {
	h := s.node.Health()
	h.Checks = list(h.Checks)
	return h, h.OK
}
