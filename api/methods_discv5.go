package api

import (
	"context"
	"net/netip"
	"runtime"

	"github.com/ropewalk/ropewalk"
)

// The RPC of discv5, as the specification of the Portal network has it.

// discv5Verbs are the methods discv5_ and what follows.
var discv5Verbs = map[string]discv5Verb{
	"nodeInfo":           {nil, discv5NodeInfo},
	"updateNodeInfo":     {[]string{"socketAddr", "isTcp"}, discv5Update},
	"routingTableInfo":   {nil, discv5Table},
	"nodes":              {nil, discv5Nodes},
	"addEnr":             {[]string{"enr"}, discv5AddEnr},
	"getEnr":             {[]string{"nodeId"}, discv5GetEnr},
	"deleteEnr":          {[]string{"nodeId"}, discv5DeleteEnr},
	"lookupEnr":          {[]string{"nodeId"}, discv5LookupEnr},
	"ping":               {[]string{"enr"}, discv5Ping},
	"findNode":           {[]string{"enr", "distances"}, discv5FindNode},
	"talkReq":            {[]string{"enr", "protocolId", "payload"}, discv5Talk},
	"recursiveFindNodes": {[]string{"nodeId"}, discv5Lookup},
}

type discv5Verb struct {
	params []string
	call   func(s *Server, ctx context.Context, a *args) (any, error)
}

func discv5NodeInfo(s *Server, ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	info := s.node.Info()
	return map[string]any{"enr": info.ENR, "nodeId": info.ID}, nil
}

// discv5Update states where the node is, until it ends.
func discv5Update(s *Server, ctx context.Context, a *args) (any, error) {
	at, err := netip.ParseAddrPort(a.text("socketAddr", addrBytesMax))
	if err != nil {
		a.fail("socketAddr: want IP:port")
	}
	tcp := a.flag("isTcp", false)
	if err := a.end(); err != nil {
		return nil, err
	}
	if err := s.strands.discv5().State(ctx, at, tcp); err != nil {
		return nil, err
	}
	info := s.node.Info()
	return map[string]any{"enr": info.ENR, "nodeId": info.ID}, nil
}

func discv5Table(s *Server, ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.strands.discv5().Table(ctx)
}

func discv5Nodes(s *Server, ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	all, err := s.strands.discv5().Nodes(ctx)
	return list(all), err
}

func discv5AddEnr(s *Server, ctx context.Context, a *args) (any, error) {
	record := a.text("enr", recordMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.strands.discv5().AddRecord(ctx, record)
}

func discv5GetEnr(s *Server, ctx context.Context, a *args) (any, error) {
	who := a.node("nodeId")
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.strands.discv5().GetRecord(ctx, who)
}

func discv5DeleteEnr(s *Server, ctx context.Context, a *args) (any, error) {
	who := a.node("nodeId")
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.strands.discv5().DeleteRecord(ctx, who)
}

func discv5LookupEnr(s *Server, ctx context.Context, a *args) (any, error) {
	who := a.node("nodeId")
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.strands.discv5().LookupRecord(ctx, who)
}

func discv5Ping(s *Server, ctx context.Context, a *args) (any, error) {
	record := a.text("enr", recordMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.strands.discv5().Ping(ctx, record)
}

func discv5FindNode(s *Server, ctx context.Context, a *args) (any, error) {
	record, distances := a.text("enr", recordMax), a.distances("distances")
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.strands.discv5().FindNode(ctx, record, distances)
}

func discv5Talk(s *Server, ctx context.Context, a *args) (any, error) {
	record, protocol, payload := a.text("enr", recordMax), a.hex("protocolId", talkNameMax), a.hex(a.either("payload", "talkReqPayload"), keyBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	out, err := s.strands.discv5().Talk(ctx, record, protocol, payload)
	return ropewalk.HexBytes(out), err
}

func discv5Lookup(s *Server, ctx context.Context, a *args) (any, error) {
	target := a.node("nodeId")
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.strands.discv5().Lookup(ctx, target)
}

// web3ClientVersion is the node's name and version.
func (s *Server) web3ClientVersion(_ context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	v := ropewalk.Version()
	return "ropewalk/" + v + "/" + runtime.GOOS + "-" + runtime.GOARCH + "/" + runtime.Version(), nil
}
