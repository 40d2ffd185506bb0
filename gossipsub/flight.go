package gossipsub

import (
	"bytes"
	"crypto/sha256"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// flight is a message in checking or signing. Later copies of its ID wait for the
// verdict; one ID is never in two jobs of one joining at a time.
type flight struct {
	k       key
	topic   *topic
	own     *own // the joining it belongs to; nil for our own on an unjoined topic
	rules   *rules
	id      string
	raw     []byte
	frame   []byte // nil until signed
	via     *peer  // nil when local
	senders []*peer
	copies  []copyOf // differing bytes under the same ID
	local   id.Ticket
	charge  int       // bytes charged to flights
	since   time.Time // when it came
	aloft   bool      // in a job, not waiting for one
}

// copyOf is a copy that is not the one in checking. If that turns out bogus, this
// may be the real one.
type copyOf struct {
	via        *peer
	raw, frame []byte
}

// flights are all messages in checking.
type flights struct {
	byKey    map[key]*flight
	byTicket map[uint64]*flight
	bytes    int
	local    int
	aloft    int         // others' messages in jobs
	lines    queue[*own] // topics whose messages wait for a job, each once
}

// enter makes a message known as one that is being checked.
func (fs *flights) enter(f *flight) {
	if fs.byKey == nil {
		fs.byKey, fs.byTicket = make(map[key]*flight), make(map[uint64]*flight)
	}
	fs.byKey[f.k] = f
}

// land ends a flight.
func (r *Router) land(f *flight) {
	if r.flights.byKey[f.k] == f { // else the topic was left and joined again meanwhile
		delete(r.flights.byKey, f.k)
	}
	r.flights.bytes -= f.charge
	if f.via != nil {
		f.via.flights--
		r.unlaunch(f)
	} else {
		r.flights.local--
	}
	if len(r.flights.byKey) == 0 && len(r.flights.byTicket) == 0 {
		r.flights.byKey, r.flights.byTicket = nil, nil // maps never shrink by themselves
	}
}

// join remembers a copy that came while its ID is in checking.
func (f *flight) join(p *peer, m *rpc.Message, r *Router) {
	same := bytes.Equal(m.Raw, f.raw)
	if p == f.via && same {
		return
	}
	known := p == f.via
	for _, s := range f.senders {
		known = known || s == p
	}
	if !known && len(f.senders) < r.peers.Len() {
		f.senders = append(f.senders, p)
	}
	// One copy per peer and only a few: a liar must not fill the places of others.
	if same || known || len(f.copies) >= copiesMax || r.flights.bytes+len(m.Frame) > flightBytesMax {
		return
	}
	raw, frame := keep(m, 1<<30, m.Signature != nil)
	f.copies = append(f.copies, copyOf{p, raw, frame})
	f.charge += len(frame)
	r.flights.bytes += len(frame)
}

// full tells whether a frame of n bytes finds no room in checking.
func (r *Router) full(p *peer, t *topic, n int) bool {
	fs := &r.flights
	return len(fs.byKey) >= flightsMax || p.flights >= flightsPerPeerMax || t.own.checking() >= flightsPerTopicMax || fs.bytes+n > flightBytesMax
}

// throttle drops a message that found no room. Its ID is not remembered and nobody
// is told that it came, so that another copy can come later.
func (r *Router) throttle(now time.Time, p *peer, t *topic, mid []byte) {
	r.reject(now, p, t, mid, whyQueueFull)
	if r.gater != nil {
		r.gater.Throttled(now)
	}
}

// takeOff hands a new message to a job; there is room.
func (r *Router) takeOff(now time.Time, p *peer, t *topic, k key, mid []byte, m *rpc.Message, frameBytes int) {
	fs := &r.flights
	if r.gater != nil {
		r.gater.Checked(now)
	}
	raw, frame := keep(m, frameBytes, m.Signature != nil)
	f := &flight{k: k, topic: t, own: t.own, rules: &t.own.rules, id: string(mid), raw: raw, frame: frame, via: p, charge: len(frame), since: now}
	fs.bytes += f.charge
	p.flights++
	if r.watched() {
		r.reportFine(now, "validate", p, t, mid, len(m.Data))
	}
	fs.enter(f)
	r.lineUp(f)
}

// check makes the job of a flight.
func (r *Router) check(f *flight) {
	t := r.tickets.Next()
	r.flights.byTicket[t.N] = f
	c := checking{validators: f.rules.validators, id: f.id, raw: f.raw}
	j := work.Job{Ticket: t, Run: func() any { return c.run() }}
	h := sha256.New()
	h.Write([]byte{'g', 's', 'v', byte(f.rules.policy), byte(len(f.rules.rule))})
	h.Write([]byte(f.rules.rule))
	if f.via == nil && f.rules.policy.signs() {
		c.author = f.rules.author
		h.Write([]byte{'s'})
	} else {
		h.Write([]byte{'c'})
	}
	h.Write(f.raw)
	h.Sum(j.Key[:0])
	r.news.Jobs = append(r.news.Jobs, j)
}

// Done takes the result of a job.
func (r *Router) Done(now time.Time, t id.Ticket, result any) News {
	r.begin(now)
	if t.Owner != owner {
		return News{}
	}
	if r.exchanged(now, t, result) {
		return r.end()
	}
	f := r.flights.byTicket[t.N]
	if f == nil {
		return News{}
	}
	delete(r.flights.byTicket, t.N)
	v, ok := result.(verdict)
	if !ok {
		v = verdict{Verdict: Throttle, genuine: true, why: whyThrottled} // the world did not do it
	}
	if f.via == nil {
		r.signed(now, f, v)
	} else {
		r.checked(now, f, v)
		r.launchMore()
	}
	return r.end()
}

// checked ends or goes on with a flight of somebody else's message.
func (r *Router) checked(now time.Time, f *flight, v verdict) {
	if f.own != f.topic.own { // we left the topic meanwhile
		r.land(f)
		return
	}
	switch {
	case v.Verdict == Accept && v.genuine:
		var m rpc.Message
		_ = m.Decode(f.raw) // it was decoded before
		r.land(f)
		f.own.timed(now.Sub(f.since))
		if r.replayed(f.rules, m.From, m.Seqno, m.Signature) {
			r.seen.add(now, f.k)
			r.judged(now, f.topic, f.k, f.via, score.Ignored)
			r.reject(now, f.via, f.topic, []byte(f.id), whyReplayed)
			return
		}
		if f.rules.replay && m.Signature != nil {
			r.replays.add(m.From, m.Seqno)
		}
		if m.Signature != nil {
			r.quieten(now, f.topic, f.k, f.via, &m, []byte(f.id))
		}
		r.accept(now, f.topic, f.k, f.id, &m, f.frame, f.via, f.senders)
		return
	case v.Verdict == Throttle:
		r.land(f) // and not seen: another copy is checked anew
		r.reject(now, f.via, f.topic, []byte(f.id), v.why)
		if r.gater != nil {
			r.gater.Throttled(now)
		}
		return
	case !v.genuine || v.Verdict == Reject && f.rules.messageID != nil:
		// The ID says nothing about these bytes: another copy may be the real one.
		r.forged(now, f.via, f.topic, f.k, f.id, v.why)
		if len(f.copies) == 0 {
			r.land(f)
			return
		}
		c := f.copies[0]
		f.copies = f.copies[1:]
		f.via.flights--
		f.via, f.raw, f.frame = c.via, c.raw, c.frame
		f.via.flights++
		r.check(f)
		return
	}
	r.seen.add(now, f.k)
	r.land(f)
	if v.Verdict == Reject {
		r.judged(now, f.topic, f.k, f.via, score.Rejected)
	} else {
		r.judged(now, f.topic, f.k, f.via, score.Ignored)
	}
	r.reject(now, f.via, f.topic, []byte(f.id), v.why)
	for _, p := range f.senders {
		if v.Verdict == Reject {
			r.reject(now, p, f.topic, []byte(f.id), v.why)
		}
	}
}

// reportPublish is the event of an own message.
func (r *Router) reportPublish(now time.Time, t *topic, mid string, tick id.Ticket, n int, why string) {
	if r.cfg.Trace != nil {
		r.cfg.Trace(now, trace.Event{Strand: string(owner), Kind: "publish", Topic: t.name, ID: mid, Ticket: tick, N: int64(n), Err: why})
	}
}
