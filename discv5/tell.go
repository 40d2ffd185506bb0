package discv5

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// told is a packet that nobody waits for, kept for a while: if the other side has lost
// its session it is sent again in the handshake. Its place among the others is by its
// nonce, which is random; it makes room for whichever comes to the same place.
type toldPacket struct {
	s     *session
	nonce wire.Nonce
	sent  time.Time
	text  []byte
}

// Tell sends a request over the session with a node and waits for no answer. When the
// other side has lost the session there is another handshake, and the packets it could
// not read, up to 64 of them, are sent again. Without a session there is one made, if a
// record of the node is known: ErrUnknown otherwise.
func (d *Discovery) Tell(now time.Time, who id.ID, at netip.AddrPort, proto string, body []byte) error {
	d.see(now)
	if !d.running {
		return ErrStopped
	}
	p := place{who, plain(at)}
	s := d.sessions.by[p]
	d.text = wire.AppendTalkReq(d.text[:0], wire.NumberedID(d.turn), d.protoBytes(proto), body)
	d.turn++
	if len(d.text) > wire.PlaintextMax {
		return ErrTooLarge
	}
	if s != nil {
		if keys := s.sealing(now, d.worn); keys != nil {
			return d.tell(now, s, keys)
		}
	}
	if s == nil {
		r, ok := d.Get(who)
		switch {
		case who == d.self:
			return ErrSelf
		case !p.at.IsValid() || p.at.Port() == 0 || !d.cfg.Restrict.Allows(p.at.Addr()):
			return ErrNoAddress
		case !ok:
			return ErrUnknown
		case len(d.calls) >= callsMax:
			return ErrBusy
		}
		s = d.sessions.get(p)
		s.record = r
	}
	return d.tellLater(now, s, d.text)
}

// tell sends a packet and keeps it.
func (d *Discovery) tell(now time.Time, s *session, keys *wire.Session) (err error) {
	var nonce wire.Nonce
	if d.packet, nonce, err = keys.Seal(d.packet[:0], d.secret, d.text); err != nil {
		return err
	}
	d.sessions.use(s)
	d.out(now, s.at, d.packet)
	t := d.toldAt(nonce)
	t.s, t.nonce, t.sent, t.text = s, nonce, now, append(t.text[:0], d.text...)
	return nil
}

// tellLater sends a packet once there are keys.
func (d *Discovery) tellLater(now time.Time, s *session, text []byte) error {
	if s.record == nil {
		return ErrUnknown
	}
	c := d.request(wire.TalkReq, told, id.Ticket{}, s.record)
	c.s, c.text = s, append([]byte(nil), text...)
	if err := d.admit(c); err != nil {
		return err
	}
	if s.shake.state != still && len(s.waiting) >= waitingEach {
		return ErrBusy
	}
	c.s.calls++
	d.calls[c.n] = c
	d.transmit(now, c)
	return nil
}

// recall makes a request of a packet that was told and is challenged now, if it is still
// there.
func (d *Discovery) recall(now time.Time, from netip.AddrPort, nonce wire.Nonce) *call {
	if d.told == nil {
		return nil
	}
	t := d.toldAt(nonce)
	if t.nonce != nonce || t.s == nil || !t.s.linked || t.s.at != from || now.Sub(t.sent) > tellFor {
		return nil
	}
	c := d.request(wire.TalkReq, told, id.Ticket{}, t.s.record)
	c.s, c.text, c.sent, c.tries = t.s, append([]byte(nil), t.text...), t.sent, 1
	t.s = nil
	if d.admit(c) != nil {
		return nil
	}
	c.s.calls++
	d.calls[c.n] = c
	return c
}

// retell sends again what was told since the other side lost the session and before it
// had new keys, in its order.
func (d *Discovery) retell(now time.Time, s *session, keys *wire.Session, since, made time.Time) {
	var lost []*toldPacket
	for i := range d.told {
		if t := &d.told[i]; t.s == s && !t.sent.Before(since) && t.sent.Before(made) && now.Sub(t.sent) <= tellFor {
			lost = append(lost, t)
		}
	}
	slices.SortFunc(lost, func(a, b *toldPacket) int { return bytes.Compare(a.nonce[:4], b.nonce[:4]) })
	for _, t := range lost[:min(len(lost), againMax)] {
		if !t.sent.Before(made) {
			continue // one that was just sent again has come to its place
		}
		t.s = nil
		if d.text = append(d.text[:0], t.text...); d.tell(now, s, keys) != nil {
			return
		}
	}
}

// toldAt is the place of a packet by its nonce, whose last bytes are of chance.
func (d *Discovery) toldAt(n wire.Nonce) *toldPacket {
	if d.told == nil {
		d.told = make([]toldPacket, tellsKept)
	}
	return &d.told[binary.BigEndian.Uint16(n[len(n)-2:])%tellsKept]
}

// Get returns the newest record that we hold of a node, from table or session.
func (d *Discovery) Get(who id.ID) (*enr.Record, bool) {
	var out *enr.Record
	if e, ok := d.table.Get(who); ok {
		out = e.Record
	}
	if s := d.sessions.newest[who]; s != nil && s.record != nil && (out == nil || out.Seq() < s.record.Seq()) {
		out = s.record
	}
	return out, out != nil
}

// protoBytes is a name as bytes, without a copy each time.
func (d *Discovery) protoBytes(name string) []byte {
	d.name = append(d.name[:0], name...)
	return d.name
}
