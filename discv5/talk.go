package discv5

import (
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/trace"
)

// protocol is one that was registered.
type protocol struct {
	name  string
	quiet bool // wants no answers
}

// talk is a request that is with its protocol. The slots of talks are used again; turn
// tells their uses apart.
type talk struct {
	s          *session // nil: the slot is free
	id         wire.RequestID
	turn       uint64
	until      time.Time
	prev, next int // by age; -1: none
}

// queuedTalk waits until there is room.
type queuedTalk struct {
	s     *session
	id    wire.RequestID
	proto string
	body  []byte
	until time.Time
}

// talks are the requests of others. Owner: Discovery.
type talks struct {
	slots       []talk // ≤ talksMax
	free        []int
	first, last int // the oldest, the latest; -1: none
	open        int
	queue       []queuedTalk // in the order they came; ≤ queuedMax
	room        bool         // a request was answered, and somebody waits
}

// Register takes the TALK requests of a protocol, whose name is 1 to 16 bytes, sent as
// they are. Each is answered with Reply. It fails with ErrTaken the second time.
func (d *Discovery) Register(proto string) error { return d.register(proto, false) }

// Hear is Register for a protocol whose requests want no answer, such as uTP's packets:
// each gets an empty one at once, unless the asker's record says that it is Ropewalk and
// told it, and its Request has no N.
func (d *Discovery) Hear(proto string) error { return d.register(proto, true) }

func (d *Discovery) register(proto string, quiet bool) error {
	if len(proto) == 0 || len(proto) > protocolBytesMax {
		return ErrProtocol
	}
	if _, taken := d.protocols[proto]; taken {
		return ErrTaken
	}
	d.protocols[proto] = protocol{proto, quiet}
	return nil
}

// talked takes a TALKREQ ("The recipient must respond with a TALKRESP … If the protocol
// is unknown to the recipient, it must respond with a TALKRESP response containing empty
// response data").
func (d *Discovery) talked(now time.Time, s *session, m *wire.Message) {
	p, ok := d.protocols[string(m.Proto)]
	if !ok {
		d.nothing(now, s, m.ID)
		return
	}
	r := Request{From: s.who, Record: s.record, At: s.at, Proto: p.name, Body: m.Body}
	switch {
	case p.quiet:
		// Other clients may take silence for a dead node; those of our kind wait for nothing.
		if _, ours := s.record.Rope(); !ours {
			d.nothing(now, s, m.ID)
		}
	case s.queued == 0 && s.open < talksEach && d.talks.open < talksMax:
		r.N = d.talks.add(s, m.ID, now.Add(talkFor))
	case s.queued < queuedEach && len(d.talks.queue) < queuedMax:
		s.queued++
		body := append([]byte(nil), m.Body...)
		d.talks.queue = append(d.talks.queue, queuedTalk{s, m.ID, p.name, body, now.Add(queuedFor)})
		return
	default:
		d.refuse(now, s, m.ID)
		return
	}
	d.news.Requests = append(d.news.Requests, r)
}

// nothing answers a TALKREQ with nothing.
func (d *Discovery) nothing(now time.Time, s *session, r wire.RequestID) {
	d.text = wire.AppendTalkResp(d.text[:0], r, nil)
	d.reply(now, s, d.text)
}

// refuse is nothing, for want of room.
func (d *Discovery) refuse(now time.Time, s *session, r wire.RequestID) {
	d.stats.Refused++
	d.emit(now, trace.Event{Kind: "talk_refused", Peer: s.who, Fine: true}, s.at)
	d.nothing(now, s, r)
}

// Reply answers a Request, by its N, once. A request that wanted no answer has none. The
// error is ErrGone, or ErrTooLarge: then the answer is an empty one.
func (d *Discovery) Reply(now time.Time, n uint64, body []byte) error {
	if n == 0 {
		return nil
	}
	d.see(now)
	t := d.talks.get(n)
	if t == nil {
		return ErrGone
	}
	s, r := t.s, t.id
	d.talks.remove(s, slotOf(n))
	defer d.sessions.spent(s)
	if len(body) > ReplyMax {
		d.nothing(now, s, r)
		return ErrTooLarge
	}
	d.text = wire.AppendTalkResp(d.text[:0], r, body)
	d.reply(now, s, d.text)
	return nil
}

// advanceTalks ends the requests that are too old, and gives the room to those that
// wait.
func (d *Discovery) advanceTalks(now time.Time) {
	l := &d.talks
	for l.open > 0 && !now.Before(l.slots[l.first].until) {
		t := l.slots[l.first]
		l.remove(t.s, l.first)
		d.refuse(now, t.s, t.id)
		d.sessions.spent(t.s)
	}
	if !l.room && (len(l.queue) == 0 || now.Before(l.queue[0].until)) {
		return
	}
	l.room = false
	kept := l.queue[:0]
	for _, q := range l.queue {
		switch {
		case !now.Before(q.until):
			q.s.queued--
			d.refuse(now, q.s, q.id)
			d.sessions.spent(q.s)
		case q.s.open < talksEach && l.open < talksMax:
			q.s.queued--
			n := l.add(q.s, q.id, now.Add(talkFor))
			d.news.Requests = append(d.news.Requests, Request{
				From: q.s.who, Record: q.s.record, At: q.s.at, Proto: q.proto, Body: q.body, N: n,
			})
		default:
			kept = append(kept, q)
		}
	}
	clear(l.queue[len(kept):])
	l.queue = kept
}

// deadline is when a request is too old, or one that waits has room.
func (l *talks) deadline(now time.Time) (at time.Time) {
	if l.open > 0 {
		at = l.slots[l.first].until
	}
	if len(l.queue) > 0 {
		if l.room {
			return now
		}
		at = earlier(at, l.queue[0].until)
	}
	return at
}

// slotOf is the slot that a Request's N names.
func slotOf(n uint64) int { return int(n % talksMax) }

// add gives a request a slot, and returns its N.
func (l *talks) add(s *session, r wire.RequestID, until time.Time) uint64 {
	if len(l.slots) == 0 {
		l.first, l.last = -1, -1
	}
	i := len(l.slots)
	if k := len(l.free); k > 0 {
		i, l.free = l.free[k-1], l.free[:k-1]
	} else {
		l.slots = append(l.slots, talk{})
	}
	t := &l.slots[i]
	*t = talk{s: s, id: r, turn: t.turn + 1, until: until, prev: l.last, next: -1}
	if l.last >= 0 {
		l.slots[l.last].next = i
	} else {
		l.first = i
	}
	l.last = i
	l.open++
	s.open++
	return t.turn*talksMax + uint64(i)
}

// get returns the request of an N, if it still waits.
func (l *talks) get(n uint64) *talk {
	i := slotOf(n)
	if i >= len(l.slots) || l.slots[i].s == nil || l.slots[i].turn != n/talksMax {
		return nil
	}
	return &l.slots[i]
}

func (l *talks) remove(s *session, i int) {
	t := &l.slots[i]
	if t.prev >= 0 {
		l.slots[t.prev].next = t.next
	} else {
		l.first = t.next
	}
	if t.next >= 0 {
		l.slots[t.next].prev = t.prev
	} else {
		l.last = t.prev
	}
	t.s = nil
	l.free = append(l.free, i)
	l.open--
	s.open--
	l.room = len(l.queue) > 0
}
