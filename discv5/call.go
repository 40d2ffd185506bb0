package discv5

import (
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// purpose is whom the outcome of a request is for.
type purpose uint8

const (
	asker   purpose = iota // who gave the ticket
	check                  // the table: is it alive
	step                   // a lookup
	refetch                // the table: a newer record
	greet                  // nobody: a new session's ping
	carry                  // nobody: the ping in a handshake that the request did not fit into
	told                   // nobody
)

// call is a request of ours, from when it is made until it has its answer or its end.
type call struct {
	s       *session
	to      *enr.Record
	kind    wire.Kind
	why     purpose
	ticket  id.Ticket
	lookup  *lookup // of a step
	n       uint64  // its request ID
	text    []byte  // the message, for as often as it is sent
	nonces  [2]wire.Nonce
	sealed  int // how many of nonces are those of packets out
	sent    time.Time
	due     time.Time
	timer   int // place in timers; -1: none
	tries   int
	shakes  int // times it was challenged
	waits   bool
	quick   bool // sent in a session: what fails then is no sign that nobody is there
	parts   parts
	checked bool // its records are being verified
}

// ask makes a request and sends it, or says at once why not.
func (d *Discovery) ask(now time.Time, c *call) {
	if err := d.admit(c); err != nil {
		d.over(now, c, err)
		return
	}
	c.timer = -1
	c.s.calls++
	d.calls[c.n] = c
	d.transmit(now, c)
}

// admit says why a request cannot be made, and finds it a session if it can.
func (d *Discovery) admit(c *call) error {
	switch {
	case !d.running:
		return ErrStopped
	case c.to == nil:
		return ErrUnknown
	case c.to.ID() == d.self:
		return ErrSelf
	case len(c.text) > wire.PlaintextMax:
		return ErrTooLarge
	case len(d.calls) >= callsMax:
		return ErrBusy
	}
	if c.s == nil {
		var err error
		if c.s, err = d.reach(c.to); err != nil {
			return err
		}
	}
	if c.s.calls >= callsEach {
		return ErrBusy
	}
	return nil
}

// reach finds the session to a record's node: at the endpoint of the record, or where
// it lately wrote from, if there it is known and at the other not.
func (d *Discovery) reach(r *enr.Record) (*session, error) {
	at, ok := d.cfg.endpoint(r)
	there := d.sessions.by[place{r.ID(), at}]
	if near := d.sessions.newest[r.ID()]; near != nil && near.n > 0 && near.record != nil &&
		(there == nil || there.n == 0) && (!ok || d.now.Sub(near.heard) < nearFor) {
		return near, nil
	}
	if !ok {
		return nil, ErrNoAddress
	}
	return d.sessionAt(place{r.ID(), at}, r), nil
}

// sessionAt is the session of a place, made if there is none, with a record no older than
// that one.
func (d *Discovery) sessionAt(p place, r *enr.Record) *session {
	s := d.sessions.get(p)
	if s.record == nil || s.record.Seq() < r.Seq() {
		s.record = r
	}
	return s
}

// request fills in what all requests have.
func (d *Discovery) request(k wire.Kind, why purpose, t id.Ticket, to *enr.Record) *call {
	c := &call{kind: k, why: why, ticket: t, to: to, timer: -1}
	for c.n == 0 || d.calls[c.n] != nil {
		c.n = d.secret.Uint64()
	}
	return c
}

// transmit sends a request: sealed if there are keys, else after a handshake, which it
// begins unless one is under way.
func (d *Discovery) transmit(now time.Time, c *call) {
	s := c.s
	d.sessions.use(s)
	if keys := s.sealing(now, d.worn); keys != nil {
		c.quick = true
		d.sealCall(now, c, keys)
		d.timers.set(c, now.Add(d.allowed(s, c.answerFor())))
		return
	}
	c.quick = false
	if s.shake.state != still {
		d.wait(now, c)
		return
	}
	s.shake = shake{asked, c}
	c.tries++
	c.sent = now
	var nonce wire.Nonce
	d.packet, nonce = wire.AppendRandom(d.packet[:0], d.secret, d.self, d.maskOf(s))
	d.out(now, s.at, d.packet)
	d.named(c, nonce)
	d.timers.set(c, now.Add(d.allowed(s, handshakeFor)))
}

// sealCall sends a request in a session.
func (d *Discovery) sealCall(now time.Time, c *call, keys *wire.Session) {
	var nonce wire.Nonce
	var err error
	d.packet, nonce, err = keys.Seal(d.packet[:0], d.secret, c.text)
	if err != nil {
		panic(err) // sizes and wear were looked at
	}
	c.tries++
	c.sent = now
	d.out(now, c.s.at, d.packet)
	d.named(c, nonce)
}

// wait has a request wait for the handshake that is under way.
func (d *Discovery) wait(now time.Time, c *call) {
	s := c.s
	if len(s.waiting) >= waitingEach {
		d.end(now, c, ErrBusy)
		return
	}
	c.waits = true
	s.waiting = append(s.waiting, c)
	d.timers.set(c, now.Add(2*tries*d.allowed(s, handshakeFor)))
}

// answerFor is how long the answer to a request that was just sent may take in a session.
func (c *call) answerFor() time.Duration {
	if c.kind == wire.TalkReq && c.tries == tries {
		return talkWithin - (tries-1)*answerFor
	}
	return answerFor
}

// allowed is how long a packet's answer may take.
func (d *Discovery) allowed(s *session, least time.Duration) time.Duration {
	return min(max(least, patience*s.rtt), answerMost)
}

// named notes the nonce that WHOAREYOU will name if a request's packet is not readable.
func (d *Discovery) named(c *call, n wire.Nonce) {
	if c.sealed == len(c.nonces) {
		delete(d.nonces, c.nonces[0])
		c.nonces[0], c.sealed = c.nonces[1], 1
	}
	c.nonces[c.sealed] = n
	c.sealed++
	d.nonces[n] = c
}

// expire is for a request whose time is over: it is sent again, or ends.
func (d *Discovery) expire(now time.Time, c *call) {
	s := c.s
	leads := s.shake.lead == c
	switch {
	case leads && s.shake.state == working:
		d.timers.set(c, now.Add(handshakeFor)) // it is us who are slow
	case c.kind == wire.FindNode && c.parts.got > 0:
		d.collected(now, c) // some of it came
	case c.tries < tries && !c.waits && c.why != told && c.why != carry:
		if leads {
			s.shake = shake{}
		}
		d.transmit(now, c)
	default:
		d.stats.Timeouts++
		d.end(now, c, ErrTimeout)
	}
}

// end takes a request out of everything and reports its outcome.
func (d *Discovery) end(now time.Time, c *call, err error) {
	d.release(now, c)
	d.over(now, c, err)
	if err != nil && c.s.shake.state == still && c.s.n == 0 {
		d.abandon(now, c.s, err)
	}
}

// release takes a request out of everything.
func (d *Discovery) release(_ time.Time, c *call) {
	s := c.s
	delete(d.calls, c.n)
	for i := range c.sealed {
		delete(d.nonces, c.nonces[i])
	}
	c.sealed = 0
	d.timers.remove(c)
	if c.waits {
		c.waits = false
		s.waiting = remove(s.waiting, c)
	}
	if s.shake.lead == c {
		// A job goes on: what it makes is good for those that wait.
		if s.shake.lead = nil; s.shake.state == asked {
			s.shake = shake{}
		}
	}
	s.calls--
	d.sessions.spent(s)
}

// abandon ends all that waited for a session which does not come about.
func (d *Discovery) abandon(now time.Time, s *session, err error) {
	for len(s.waiting) > 0 {
		c := s.waiting[0]
		d.release(now, c)
		d.over(now, c, err)
	}
}

// answered ends a request with its answer.
func (d *Discovery) answered(now time.Time, c *call, a Answer) {
	rtt := now.Sub(c.sent)
	if c.tries == 1 { // else it is not known which of them was answered (Karn)
		c.s.measured(rtt)
		a.RTT = rtt
	}
	d.release(now, c)
	d.alive(now, c.s, a.RTT)
	d.outcome(now, c, a)
}

// over reports the end of a request without an answer.
func (d *Discovery) over(now time.Time, c *call, err error) {
	d.outcome(now, c, Answer{Err: err})
}

// outcome hands an answer to whom the request was for.
func (d *Discovery) outcome(now time.Time, c *call, a Answer) {
	if a.Err != nil && c.to != nil && c.s != nil {
		d.failed(now, c, a.Err)
	}
	switch c.why {
	case asker:
		a.Ticket = c.ticket
		if c.to != nil {
			a.From = c.to.ID()
		}
		d.news.Answers = append(d.news.Answers, a)
	case step:
		d.stepped(now, c, a)
	case refetch:
		d.refetched(now, c, a)
	}
}

// failed tells the table, when the request says something about the node: answers to
// TALK may be late because of what is asked.
func (d *Discovery) failed(now time.Time, c *call, err error) {
	if err != ErrTimeout || c.quick && c.kind == wire.TalkReq || !lives(c.to, c.s.at) {
		return
	}
	d.table.Failed(now, c.to.ID())
	d.emit(now, trace.Event{Kind: "timeout", Peer: c.to.ID(), Topic: c.kind.String(), Fine: true}, c.s.at)
}

func remove(all []*call, c *call) []*call {
	for i, o := range all {
		if o == c {
			copy(all[i:], all[i+1:])
			all[len(all)-1] = nil
			return all[:len(all)-1]
		}
	}
	return all
}
