package api

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ropewalk/ropewalk"
)

func (s *Server) gossipPublish(ctx context.Context, a *args) (any, error) {
	topic := a.text("topic", topicBytesMax)
	data := a.bytes("data", dataBytesMax)
	least := a.number("min_peers", 0, minPeersMax, 0)
	if err := a.end(); err != nil {
		return nil, err
	}
	out, err := s.node.Publish(ctx, topic, data, least)
	if errors.Is(err, ropewalk.ErrTooFewPeers) {
		// The message is out all the same, so say to how many and under which ID.
		e := errorOf(codeTooFewPeers, fmt.Sprintf("reached %d, wanted %d", out.Peers, least))
		e.Data["peers"], e.Data["min_peers"], e.Data["id"] = out.Peers, least, out.ID
		return nil, e
	}
	return out, err
}

func (s *Server) gossipTopics(ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	all, err := s.node.Topics(ctx)
	return list(all), err
}

func (s *Server) gossipMesh(ctx context.Context, a *args) (any, error) {
	topic := a.text("topic", topicBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	all, err := s.node.Neighbours(ctx, topic)
	all.Mesh, all.Fanout, all.Subscribed = list(all.Mesh), list(all.Fanout), list(all.Subscribed)
	return all, err
}

func (s *Server) gossipStats(ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.node.GossipStats(ctx)
}

// gossipScores lists all peers, or those that have done something in one topic.
func (s *Server) gossipScores(ctx context.Context, a *args) (any, error) {
	topic := a.optText("topic", topicBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	all, err := s.node.Scores(ctx)
	if err != nil || topic == "" {
		return list(all), err
	}
	out := []ropewalk.PeerScore{}
	for _, p := range all {
		other := func(t ropewalk.TopicScore) bool { return t.Topic != topic }
		if p.Topics = slices.DeleteFunc(p.Topics, other); len(p.Topics) > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// gossipDirect lists the direct peers; with an ID it first adds that peer, or takes
// it out.
func (s *Server) gossipDirect(ctx context.Context, a *args) (any, error) {
	who, given := a.optNode("id")
	on := a.flag("on", true)
	if err := a.end(); err != nil {
		return nil, err
	}
	if given {
		if err := s.node.SetDirect(ctx, who, on); err != nil {
			return nil, err
		}
	}
	all, err := s.node.Direct(ctx)
	return list(all), err
}
