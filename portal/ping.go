package portal

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// servePing answers with our state in the form of the ping (origins A2). A type that we
// do not know, or a payload that cannot be read, gets an error payload
// (ping-extensions/extensions/type-65535.md).
func (o *Overlay) servePing(now time.Time, p *peer, r Request) error {
	m, err := wire.DecodePing(r.Body)
	if err != nil {
		return err
	}
	o.stats.Pings++
	out := wire.Payload{Type: wire.TypeError, Code: wire.PingUnsupported}
	said, err := wire.DecodePayload(m.Type, m.Payload)
	switch {
	case m.Type == wire.TypeError:
		out.Code = wire.PingSystem
	case errors.Is(err, wire.ErrType):
	case err != nil:
		out.Code = wire.PingUndecodable
	default:
		o.heard(now, p, m.Seq, said)
		out = o.state(m.Type)
	}
	payload, err := out.Append(nil)
	if err != nil {
		return err
	}
	body, err := wire.Ping{Seq: o.seq(), Type: out.Type, Payload: payload}.AppendPong(nil)
	if err != nil {
		return err
	}
	o.reply(r.N, body)
	return nil
}

// state is what we say of ourselves in a payload of a type we know.
func (o *Overlay) state(kind uint16) wire.Payload {
	s := wire.Payload{Type: kind, Radius: o.radius}
	if kind == wire.TypeClient {
		s.Info = o.cfg.Client
		s.Capabilities = append(slices.Clone(o.cfg.Network.Pings), wire.TypeError)
	}
	return s
}

// seq is the number of our record.
func (o *Overlay) seq() uint64 {
	if o.record == nil {
		return 0
	}
	return o.record.Seq()
}

// heard notes what a node says of itself, and fetches its record when ours is older
// (origins A15).
func (o *Overlay) heard(now time.Time, p *peer, seq uint64, said wire.Payload) {
	if said.HasRadius() {
		p.radius.tell(now, said.Radius)
	}
	if said.Type == wire.TypeClient {
		p.accepts = slices.Clone(said.Capabilities)
	}
	if o.running && o.table.Refetch(now, p.id, seq) {
		o.refetch(now, p.record)
	}
}

// refetch asks a node for its newest record.
func (o *Overlay) refetch(now time.Time, old *enr.Record) {
	o.findNodes(now, old, []uint16{0}, nil, func(now time.Time, found []*enr.Record, err error) {
		if err != nil || len(found) == 0 || found[0].Seq() <= old.Seq() {
			return
		}
		if !o.mayAsk(now, found[0]) {
			o.table.Remove(now, old.ID())
			return
		}
		o.table.Add(now, found[0], kad.Told)
	})
}

// pingKind is the best type of ping for a node: the first is of type 0, later ones of the
// least that both know and that tells the radius (ping-extensions/README.md, "Non
// standard extensions").
func (o *Overlay) pingKind(p *peer) uint16 {
	if !p.pinged || p.accepts == nil {
		return wire.TypeClient
	}
	for _, kind := range []uint16{wire.TypeRadius, wire.TypeHistory} {
		if slices.Contains(o.cfg.Network.Pings, kind) && slices.Contains(p.accepts, kind) {
			return kind
		}
	}
	return wire.TypeClient
}

// ping asks a node for its state. A nil payload is ours.
func (o *Overlay) ping(now time.Time, to *enr.Record, kind uint16, payload []byte, done func(now time.Time, p Pong, err error)) {
	if payload == nil {
		payload, _ = o.state(kind).Append(nil)
	}
	body, err := wire.Ping{Seq: o.seq(), Type: kind, Payload: payload}.AppendPing(nil)
	if err != nil {
		o.soon(func(now time.Time) { done(now, Pong{}, fmt.Errorf("%w: %w", ErrArguments, err)) })
		return
	}
	sent := now
	o.call(now, to, wire.KindPing, body, nil, func(now time.Time, body []byte, err error) {
		if err != nil {
			done(now, Pong{}, err)
			return
		}
		m, err := wire.DecodePong(body)
		if err != nil {
			done(now, Pong{}, o.misread(now, to.ID(), err))
			return
		}
		out, err := o.pong(now, to, kind, m)
		out.RTT = now.Sub(sent)
		done(now, out, err)
	})
}

// pong reads what a node answers to a ping of a type.
func (o *Overlay) pong(now time.Time, from *enr.Record, kind uint16, m wire.Ping) (Pong, error) {
	out := Pong{Seq: m.Seq, Type: m.Type, Payload: slices.Clone(m.Payload)}
	if m.Type != kind && m.Type != wire.TypeError {
		return out, o.misread(now, from.ID(), fmt.Errorf("a pong of type %d to a ping of type %d", m.Type, kind))
	}
	said, err := wire.DecodePayload(m.Type, m.Payload)
	switch {
	case errors.Is(err, wire.ErrType): // the user's own
		return out, nil
	case err != nil:
		return out, o.misread(now, from.ID(), err)
	}
	p := o.peer(from.ID(), from)
	if kind == wire.TypeClient && m.Type == kind {
		p.pinged = true
	}
	if m.Type == wire.TypeError && kind != wire.TypeClient {
		p.accepts = nil // it does not know what it listed: begin again
	}
	p.pongAt = now
	o.heard(now, p, m.Seq, said)
	out.Client, out.Capabilities = said.Info, said.Capabilities
	out.Radius, out.HasRadius = said.Radius, said.HasRadius()
	out.Headers, out.ErrorCode, out.ErrorText = said.Headers, said.Code, said.Message
	return out, nil
}

// greet pings a node of the table.
func (o *Overlay) greet(now time.Time, r *enr.Record) {
	o.ping(now, r, o.pingKind(o.peer(r.ID(), r)), nil, func(now time.Time, _ Pong, err error) {
		if errors.Is(err, ErrVersion) {
			o.table.Remove(now, r.ID())
		}
	})
}

// pingTo is for verbs: it judges what the user asks for.
func (o *Overlay) pingTo(to *enr.Record, kind int, payload []byte) (uint16, error) {
	if to == nil || kind > int(wire.TypeError) {
		return 0, ErrArguments
	}
	p := o.peer(to.ID(), to)
	if kind < 0 {
		if payload != nil {
			return 0, ErrArguments
		}
		return o.pingKind(p), nil
	}
	t := uint16(kind)
	if payload == nil && t > wire.TypeHistory || p.accepts != nil && t != wire.TypeClient && !slices.Contains(p.accepts, t) {
		return 0, fmt.Errorf("%w: %d", ErrPingType, t)
	}
	if _, err := wire.DecodePayload(t, payload); payload != nil && err != nil && !errors.Is(err, wire.ErrType) {
		return 0, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return t, nil
}

// setRadius notes our own radius, and has the neighbours told of a great change.
func (o *Overlay) setRadius(now time.Time, d [32]byte) {
	if o.cfg.Network.Radiusless || o.radius == d {
		return
	}
	o.radius = d
	if o.running && changed(o.announced, d) {
		o.announce(now)
	}
}

// announce pings the live nodes one by one, so that they learn of our radius.
func (o *Overlay) announce(now time.Time) {
	o.announced = o.radius
	var who []id.ID
	for _, r := range o.table.Closest(o.cfg.Self, kad.BucketMax*4, true) {
		who = append(who, r.ID())
	}
	o.timers.stop(o.telling)
	var step func(now time.Time)
	step = func(now time.Time) {
		if len(who) == 0 || !o.running {
			return
		}
		if e, ok := o.table.Get(who[0]); ok {
			o.greet(now, e.Record)
		}
		who = who[1:]
		o.telling = o.timers.add(now.Add(announceEvery), step)
	}
	o.telling = o.timers.add(now.Add(announceEvery), step)
}
