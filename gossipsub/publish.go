package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// Publish sends data to a topic, joined or not. The answer with ticket t is in the
// news of this call or, when the message is signed or checked, of the Done that
// ends its job. data is copied.
func (r *Router) Publish(now time.Time, t id.Ticket, name string, data []byte) News {
	r.begin(now)
	if mid, err := r.publish(now, t, name, data); err != nil {
		r.news.Published = append(r.news.Published, Published{Ticket: t, ID: mid, Err: err})
	}
	return r.end()
}

// publish returns an error when it ended there, with the ID if it came so far.
func (r *Router) publish(now time.Time, tick id.Ticket, name string, data []byte) (string, error) {
	if !validTopic(name) {
		return "", ErrTopic
	}
	rl, err := r.rulesOf(name)
	if err != nil {
		return "", err
	}
	if len(data) > rl.bytesMax {
		return "", ErrTooLarge
	}
	m := rpc.Message{Data: data, Topic: []byte(name)}
	if m.Data == nil {
		m.Data = []byte{} // present: absent data signs differently elsewhere
	}
	if rl.author != nil {
		m.From, m.Seqno = []byte(rl.author.PeerID), r.nextSeqno()
	}
	raw := rpc.AppendMessage(nil, &m, false)
	if len(raw) > rpc.BytesMax-1024 { // room for signature and envelope
		return "", ErrTooLarge
	}
	mid := r.identify(rl, name, &m)
	if len(mid) == 0 || len(mid) > idBytesMax {
		return "", ErrRejected
	}
	k := makeKey(rl.salt, mid)
	if r.seen.has(now, k) || r.flights.byKey[k] != nil {
		return string(mid), ErrDuplicate
	}
	f := &flight{k: k, rules: rl, id: string(mid), raw: raw, local: tick, charge: len(raw)}
	if !rl.policy.signs() && len(rl.validators) == 0 {
		r.sendOwn(now, f, name)
		return f.id, nil
	}
	if r.flights.local >= ownFlightsMax || r.flights.bytes+len(raw) > flightBytesMax {
		return f.id, ErrBusy
	}
	f.topic = &topic{name: name} // only its name: the topic may come and go meanwhile
	r.flights.bytes += f.charge
	r.flights.local++
	r.check(f)
	return f.id, nil
}

// rulesOf a topic: those of its joining, of its fanout, or of the configuration.
func (r *Router) rulesOf(name string) (*rules, error) {
	t := r.byName[name]
	switch {
	case t != nil && t.own != nil:
		return &t.own.rules, nil
	case t != nil && t.fanout != nil:
		return &t.fanout.rules, nil
	}
	var tc TopicConfig
	if r.cfg.Topics != nil {
		tc = r.cfg.Topics(name)
	}
	rl, err := r.rules(name, tc)
	if err != nil {
		return nil, err
	}
	return &rl, nil
}

// signed goes on with an own message whose job is done.
func (r *Router) signed(now time.Time, f *flight, v verdict) {
	r.land(f)
	if v.Verdict != Accept {
		r.reportPublish(now, f.topic, f.id, f.local, 0, v.why)
		err := ErrRejected
		if v.Verdict == Throttle {
			err = ErrBusy
		}
		r.news.Published = append(r.news.Published, Published{Ticket: f.local, ID: f.id, Err: err})
		return
	}
	if v.raw != nil {
		f.raw = v.raw
	}
	r.sendOwn(now, f, f.topic.name)
}

// sendOwn sends an own message to the mesh, or to the fanout of a topic that is
// not joined, and delivers it to our own subscribers.
func (r *Router) sendOwn(now time.Time, f *flight, name string) {
	t := r.topic(name)
	frame := rpc.AppendPublish(nil, f.raw)
	_, raw := rpc.SplitPublish(frame)
	var m rpc.Message
	_ = m.Decode(raw) // our own bytes
	r.seen.add(now, f.k)
	r.cache.put(name, f.id, frame, r.beat)
	if t.own != nil {
		r.news.Deliveries = append(r.news.Deliveries, Message{
			Topic: name, ID: f.id, From: id.PeerID(m.From), Seqno: m.Seqno, Data: m.Data, Local: true,
		})
	} else {
		if t.fanout == nil {
			t.fanout = &fanout{rules: *f.rules}
			r.fanouts.add(t)
			r.emit(now, "fanout", nil, t, 0, "")
		}
		t.fanout.last = now
		r.fillFanout(t)
	}
	r.stats.Published.add(len(m.Data))
	if t.own != nil {
		t.own.stats.Published.add(len(m.Data))
	}
	n := r.spread(t, frame, f.id, m.From, nil, f.senders, *r.p.FloodPublish && len(frame) <= floodBytesMax)
	r.reportPublish(now, t, f.id, f.local, n, "")
	r.news.Published = append(r.news.Published, Published{Ticket: f.local, ID: f.id, Peers: n})
}

// spread sends one buffer to everybody who should have the message and tells to
// how many: not to its author, nor to who sent it to us, nor to who said that he
// has it.
func (r *Router) spread(t *topic, frame []byte, mid string, author []byte, via *peer, senders []*peer, all bool) int {
	s := spreading{r: r, frame: frame, id: mid, author: author, via: via, senders: senders}
	var main []*peer
	switch {
	case all:
		main = r.collect(t.peers.list, func(p *peer) bool { return p.direct || r.mayPublish(p) })
	case t.own == nil:
		main = t.fanout.peers.list
	case t.own.mesh.len() == 0:
		// No mesh yet: better random topic peers than nobody.
		main = r.sample(t.peers.list, t.own.degrees.D, func(p *peer) bool { return p.meshable() && !p.direct && r.mayPublish(p) })
	default:
		main = t.own.mesh.list
	}
	for _, p := range main {
		s.to(p)
	}
	if all && t.own != nil {
		for _, p := range t.own.mesh.list { // who was grafted before it announced
			if !t.peers.has(p) {
				s.to(p)
			}
		}
	}
	if !all {
		for _, p := range t.always.list {
			if p.direct || r.mayPublish(p) {
				s.to(p)
			}
		}
	}
	return s.n
}

// spreading is one message on its way out.
type spreading struct {
	r       *Router
	frame   []byte
	id      string
	author  []byte
	via     *peer
	senders []*peer
	n       int
}

func (s *spreading) to(p *peer) {
	if !p.writable || p == s.via || len(s.author) > 0 && string(s.author) == string(p.pid) {
		return
	}
	for _, q := range s.senders {
		if q == p {
			return
		}
	}
	if p.unwanted.len() > 0 && s.r.isUnwanted(p, []byte(s.id)) {
		s.r.stats.Withheld.add(len(s.frame))
		return
	}
	s.r.send(p, Frame{Data: s.frame, Class: Forwarded})
	s.r.stats.Sent.add(len(s.frame))
	s.n++
}
