package discv5

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/trace"
)

// Packet takes a datagram. b is not kept.
func (d *Discovery) Packet(now time.Time, from netip.AddrPort, b []byte) News {
	d.see(now)
	d.heard.reset()
	d.news = &d.heard
	d.stats.PacketsIn++
	d.stats.BytesIn += uint64(len(b))
	if from = plain(from); d.running && from.IsValid() && from.Port() != 0 && d.cfg.Restrict.Allows(from.Addr()) {
		d.receive(now, from, b)
		d.advanceLookups(now)
	} else {
		d.stats.Dropped++
	}
	return d.heard
}

func (d *Discovery) receive(now time.Time, from netip.AddrPort, b []byte) {
	p := &d.in
	if err := p.Decode(b, d.mask); err != nil {
		d.stats.Dropped++
		return
	}
	switch p.Flag {
	case wire.FlagWhoareyou:
		d.whoareyou(now, from, p)
	case wire.FlagHandshake:
		if p.Src != d.self {
			d.answer(now, place{p.Src, from}, p)
		}
	case wire.FlagMessage:
		if p.Src != d.self {
			d.ordinary(now, place{p.Src, from}, p)
		}
	}
}

// ordinary takes a message packet.
func (d *Discovery) ordinary(now time.Time, from place, p *wire.Packet) {
	s := d.sessions.by[from]
	if s == nil || s.n == 0 {
		d.stranger(now, from, p)
		return
	}
	text, ok := s.read(now, d.plain[:0], p)
	if !ok {
		d.stranger(now, from, p)
		return
	}
	d.plain = text
	d.sessions.use(s)
	d.message(now, s, text)
	if s.shake.state == still && (len(s.waiting) > 0 || !s.lost.IsZero() && !s.keys[s.hot].dead) {
		d.settled(now, s)
	}
}

// message takes what a session's node says.
func (d *Discovery) message(now time.Time, s *session, text []byte) {
	m := &d.msg
	if err := m.Decode(text); err != nil {
		d.stats.Dropped++
		d.emit(now, trace.Event{Kind: "malformed", Peer: s.who, Err: err.Error(), Fine: true}, s.at)
		return
	}
	switch m.Kind {
	case wire.Ping:
		d.text = wire.AppendPong(d.text[:0], m.ID, d.record.Seq(), s.at)
		d.reply(now, s, d.text)
		d.newer(now, s, m.Seq)
	case wire.FindNode:
		d.serve(now, s, m.ID, m.Distances)
	case wire.TalkReq:
		d.talked(now, s, m)
	default:
		d.matched(now, s, m)
	}
}

// matched takes an answer: only to a request under way, of that kind, to that node at
// that endpoint.
func (d *Discovery) matched(now time.Time, s *session, m *wire.Message) {
	n, ok := m.ID.Number()
	c := d.calls[n]
	if !ok || c == nil || c.s != s || c.waits || c.tries == 0 || m.Kind != c.kind+1 {
		d.stats.Dropped++
		return
	}
	switch m.Kind {
	case wire.Pong:
		d.ponged(now, c, m)
	case wire.Nodes:
		d.part(now, c, m)
	case wire.TalkResp:
		d.answered(now, c, Answer{Body: m.Body})
	}
}

// reply sends an answer over a session: to where the request came from, sealed with the
// keys it was sealed with.
func (d *Discovery) reply(now time.Time, s *session, text []byte) {
	keys := s.answering()
	if keys == nil {
		d.stats.Dropped++
		return
	}
	var err error
	if d.packet, _, err = keys.Seal(d.packet[:0], d.secret, text); err != nil {
		d.stats.Dropped++
		return
	}
	d.out(now, s.at, d.packet)
}

// out sends a packet.
func (d *Discovery) out(now time.Time, to netip.AddrPort, packet []byte) {
	d.stats.PacketsOut++
	d.stats.BytesOut += uint64(len(packet))
	d.send.Send(now, to, packet)
}

// maskOf is the mask of a session's node.
func (d *Discovery) maskOf(s *session) *wire.Mask {
	if s.mask == nil {
		s.mask = d.suite.Mask(s.who)
	}
	return s.mask
}

// emit reports an event, with an endpoint.
func (d *Discovery) emit(now time.Time, e trace.Event, at netip.AddrPort) {
	if d.cfg.Trace == nil {
		return
	}
	e.Strand = string(Owner)
	if at.IsValid() {
		e.Addr = at.String()
	}
	d.cfg.Trace(now, e)
}
