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
	r.flights.enter(f)
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
	r.cache.put(name, f.id, frame, r.beat, f.rules.until(now))
	if t.own != nil {
		r.news.Deliveries = append(r.news.Deliveries, Message{
			Topic: name, ID: f.id, From: id.PeerID(m.From), Seqno: m.Seqno, Data: m.Data, Local: true,
		})
	} else {
		r.toFanout(now, t, f.rules)
	}
	r.stats.Published.add(len(m.Data))
	if t.own != nil {
		t.own.stats.Published.add(len(m.Data))
	}
	if t.own != nil {
		r.sayIDontWant(t, nil, &m, []byte(f.id))
	}
	s := spreading{
		r: r, frame: Frame{Data: frame, Class: Own, Tag: tag(f.rules.salt, []byte(f.id)), Until: now.Add(f.rules.waitOwn)},
		id: f.id, author: m.From, senders: f.senders, to: &Published{Ticket: f.local, ID: f.id},
	}
	r.spread(t, &s, *r.p.FloodPublish && len(frame) <= floodBytesMax)
	r.reportPublish(now, t, f.id, f.local, s.to.Peers, "")
	r.news.Published = append(r.news.Published, *s.to)
}
