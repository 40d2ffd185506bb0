package ropewalk

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/peer/msgrw"
	"github.com/ropewalk/ropewalk/scope"
	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/trace"
)

// What the scopes of a node allow beside what its profile says.
const (
	// spareConns are for kept peers, peers on demand, probes and seeds, whom session
	// bounds one by one.
	spareConns = 2 * session.SlotsMax
	// fixedGoroutines are those that no link has, linkGoroutines those of a link:
	// reader, writer, and the ends of both.
	fixedGoroutines = 64
	linkGoroutines  = 4
	// linksPerPeer: while a newer link takes the place of an older.
	linksPerPeer = 2
	// peerBytes bounds what one peer's protocols have not read.
	peerBytes = 32 << 20
)

// scopeLimits are the most that a node with so many protocols holds.
func (n *Node) scopeLimits(protocols int) scope.Limits {
	p, _ := profileNamed(n.cfg.Profile)
	in, out := max(n.cfg.Session.Inbound, 0), max(n.cfg.Session.Outbound, 0)
	conns := min(in+out+spareConns+len(n.cfg.Session.Trusted), fileBudget())
	of := func(conns int) scope.Cost {
		return scope.Cost{Conns: conns, Streams: conns * protocols, Goroutines: conns * (linkGoroutines + protocols), Bytes: p.unread}
	}
	system := of(conns)
	system.Goroutines += fixedGoroutines
	each := of(linksPerPeer)
	each.Bytes = min(peerBytes, p.unread/2)
	protocol := scope.Cost{Streams: conns, Goroutines: conns, Bytes: p.unread / 2}
	return scope.Limits{
		System: system, Peer: each, Protocol: protocol,
		Session: map[string]scope.Cost{
			scope.Transient:          of(conns),
			string(session.Inbound):  of(min(conns, in+len(n.cfg.Session.Trusted))),
			string(session.Outbound): of(min(conns, out)),
		},
	}
}

// takeLink takes what a link costs. A link that the process has no room for is closed
// as one too many.
func (n *Node) takeLink(now time.Time, w *wire) bool {
	info := w.link.Info()
	cost := scope.Cost{Conns: 1, Goroutines: 1, Streams: len(info.Lanes)}
	if _, quick := w.link.(link.Busier); !quick {
		cost.Goroutines++
	}
	var err error
	if w.hold, err = n.scopes.Link(info.ID, cost); err == nil {
		for _, l := range info.Lanes {
			w.lanes = w.lanes.With(l.Lane)
		}
		return true
	}
	n.onEvent(now, trace.Event{Strand: "scope", Kind: "refused", Peer: info.ID, Addr: info.Addr.String(), Err: err.Error()})
	n.run("close", func() error { w.link.Close(link.TooManyPeers); return nil })
	if info.Dir == link.Out {
		n.machine.DialFailed(now, info.Ticket, fmt.Errorf("%w here: %w", link.TooManyPeers, err))
	}
	return false
}

// countLane keeps the count of a link's streams.
func (n *Node) countLane(c link.Conn, m link.Msg) {
	w, ok := n.links[c]
	switch {
	case !ok:
	case m.Op == link.Opened && !w.lanes.Has(m.Lane) && int(m.Lane) < link.LanesMax:
		if err := w.hold.Take(scope.Cost{Streams: 1}); err != nil {
			n.closeLink(w, link.TooManyPeers)
			return
		}
		w.lanes = w.lanes.With(m.Lane)
	case m.Op == link.Shut && w.lanes.Has(m.Lane):
		w.lanes &^= 1 << m.Lane
		w.hold.Give(scope.Cost{Streams: 1})
	}
}

// placeLink puts a link into the scope of its session; one that was not taken in stays
// where it is until it ends.
func (n *Node) placeLink(w *wire) { w.hold.Move(n.machine.Session(w.conn)) }

// share is what a Run of a user's protocol takes of the process.
func (n *Node) share(c link.Conn, protocol string) (msgrw.Share, error) {
	w, ok := n.links[c]
	if !ok {
		return nil, ErrNoSuchPeer
	}
	s, err := w.hold.Share(protocol, scope.Cost{Goroutines: 1})
	if err != nil {
		return nil, err
	}
	return share{s}, nil
}

// share counts bytes only; its one goroutine was taken at first.
type share struct{ *scope.Share }

func (s share) Add(bytes int64) { s.Share.Add(scope.Cost{Bytes: bytes}) }

// Scopes shows what the node holds and may hold: of the system, of each session, each
// protocol and each peer.
func (n *Node) Scopes(ctx context.Context) ([]Scope, error) {
	queues, err := ask(ctx, n, func(_ time.Time, reply func([]node.Queue, error)) {
		for _, w := range n.links {
			n.placeLink(w) // a session may have become another since
		}
		reply(n.machine.Queues(), nil)
	})
	if err != nil {
		return nil, err
	}
	pending, most := 0, 0
	for _, t := range n.transportList() {
		if p, ok := t.(interface{ Pending() (now, most int) }); ok {
			now, limit := p.Pending()
			pending, most = pending+now, most+limit
		}
	}
	out := []Scope{}
	for _, r := range n.scopes.Report() {
		s := scopeOf(r)
		switch {
		case r.Scope == scope.Session && r.Name == scope.Transient:
			s.Used.Conns += pending
			s.Limit.Conns = most
		case r.Scope == scope.System:
			s.Used.Conns += pending
			s.Limit.Conns += most
			s.Limit.Queued = n.queuedMax()
		}
		for _, q := range queues {
			s.queued(q)
		}
		out = append(out, s)
	}
	return out, nil
}

// queuedMax bounds what waits to be written to all peers together.
func (n *Node) queuedMax() int64 {
	p, _ := profileNamed(n.cfg.Profile)
	return p.queued
}

func scopeOf(r scope.Row) Scope {
	of := func(c scope.Cost) ScopeCost {
		return ScopeCost{Conns: c.Conns, Streams: c.Streams, Goroutines: c.Goroutines, Unread: c.Bytes}
	}
	return Scope{Scope: r.Scope, Name: r.Name, Used: of(r.Used), Limit: of(r.Limit), Refused: r.Refused}
}

// queued adds what waits to be written if it is of the scope.
func (s *Scope) queued(q node.Queue) {
	of := ""
	switch s.Scope {
	case scope.Session:
		of = q.Session
	case scope.Protocol:
		of = q.Protocol
	case scope.Peer:
		of = q.Peer.String()
	}
	if of == s.Name {
		s.Used.Queued += int64(q.Bytes)
	}
}

// scopeFigures are the metrics of all scopes but the peers'.
func scopeFigures(c chan<- prometheus.Metric, rows []Scope) {
	for _, s := range rows {
		if s.Scope == scope.Peer {
			continue
		}
		for _, v := range [...]struct {
			resource string
			used     int64
		}{
			{"conns", int64(s.Used.Conns)}, {"streams", int64(s.Used.Streams)}, {"goroutines", int64(s.Used.Goroutines)},
			{"unread_bytes", s.Used.Unread}, {"queued_bytes", s.Used.Queued},
		} {
			c <- prometheus.MustNewConstMetric(descScopes, prometheus.GaugeValue, float64(v.used), s.Scope, s.Name, v.resource)
		}
		c <- prometheus.MustNewConstMetric(descRefused, prometheus.CounterValue, float64(s.Refused), s.Scope, s.Name)
	}
}
