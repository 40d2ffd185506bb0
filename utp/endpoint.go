package utp

import (
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// Endpoint is all streams of one node.
//
// Every input may make Deadline due at once: news of an input that returns none, and
// acknowledgements, which wait for the end of a round of packets, go with Advance.
type Endpoint struct {
	cfg Config
	rng *rand.Rand
	out Sender

	epoch, last time.Time // of the first and of the last input
	streams     map[key]*stream
	tickets     map[id.Ticket]*stream
	peers       map[id.ID]*peer
	inbound     int
	outbound    int
	timers      timers
	ended       ended
	acks        []*stream // to acknowledge at the end of the round

	events []Event // of this input
	later  []Event // of inputs that return no news
	inTurn bool

	memory   memory
	upload   meter
	resets   resets
	packet   [headerBytes + 2 + sackBytes + bufferBytes]byte // what is being sent
	sackBits [sackBytes]byte
	stats    Stats
}

// key is how a packet's stream is found. The address is compared after that: one node
// has one address.
type key struct {
	who  id.ID
	conn uint16
}

// New makes an endpoint that sends through out. Chance comes from rng.
func New(cfg Config, rng *rand.Rand, out Sender) *Endpoint {
	cfg.fill()
	return &Endpoint{
		cfg: cfg, rng: rng, out: out,
		streams: map[key]*stream{},
		tickets: map[id.Ticket]*stream{},
		peers:   map[id.ID]*peer{},
		upload:  meter{rate: cfg.Upload},
		resets:  resets{secret: rng.Uint64()},
	}
}

// at is now since the first input, and never before an earlier input.
func (e *Endpoint) at(now time.Time) time.Duration {
	if e.epoch.IsZero() {
		e.epoch = now.Add(-time.Microsecond) // so that zero is no moment
	}
	if now.After(e.last) {
		e.last = now
	}
	return e.last.Sub(e.epoch)
}

// Packet takes a packet from a remote. b is not kept; Data may lie in it.
func (e *Endpoint) Packet(now time.Time, from Remote, b []byte) News {
	at := e.begin(now)
	e.stats.PacketsIn++
	p, ok := decode(b)
	if !ok {
		e.stats.Malformed++
		return e.done()
	}
	s := e.find(from, p)
	if s == nil {
		e.stats.Unknown++
		e.refuse(at, from, p)
		return e.done()
	}
	s.packet(at, from, p)
	if s.place >= 0 {
		e.arm(s)
	}
	return e.done()
}

// find is the stream of a packet, nil if there is none. A SYN and, from some, a RESET
// carry the ID that we send under.
func (e *Endpoint) find(from Remote, p packet) *stream {
	switch p.form {
	case stSyn:
		s := e.streams[key{from.ID, p.conn + 1}]
		if s == nil || !s.inbound || s.state != reserved && s.remote.At != from.At {
			return nil
		}
		return s
	case stReset:
		for _, conn := range [...]uint16{p.conn, p.conn + 1, p.conn - 1} {
			s := e.streams[key{from.ID, conn}]
			if s != nil && (s.recv == p.conn || s.send == p.conn) && s.remote.At == from.At {
				return s
			}
		}
		return nil
	}
	s := e.streams[key{from.ID, p.conn}]
	if s == nil || s.state != reserved && s.remote.At != from.At {
		return nil
	}
	return s
}

// Advance does what is due at now.
func (e *Endpoint) Advance(now time.Time) News {
	at := e.begin(now)
	for i, s := range e.acks {
		s.listed = false
		if s.acking {
			s.sendState(at)
		}
		e.acks[i] = nil
	}
	e.acks = e.acks[:0]
	for {
		s := e.timers.first()
		if s == nil || s.wake > at {
			return e.done()
		}
		if s.due() <= at {
			s.tick(at)
		}
		if s.place >= 0 {
			s.wake = s.due()
			e.timers.fix(s)
		}
	}
}

// Deadline is when Advance is due; zero when nothing is.
func (e *Endpoint) Deadline() time.Time {
	if len(e.acks) != 0 || len(e.later) != 0 {
		return e.last
	}
	if s := e.timers.first(); s != nil {
		return e.epoch.Add(s.wake)
	}
	return time.Time{}
}

// begin starts an input that returns news, with those of inputs that could not.
func (e *Endpoint) begin(now time.Time) time.Duration {
	e.inTurn = true
	e.events = append(e.events[:0], e.later...)
	clear(e.later)
	e.later = e.later[:0]
	e.memory.settle()
	return e.at(now)
}

func (e *Endpoint) done() News {
	e.inTurn = false
	return News{Events: e.events}
}

func (e *Endpoint) emit(v Event) {
	if e.inTurn {
		e.events = append(e.events, v)
	} else {
		e.later = append(e.later, v)
	}
}

// arm has s looked at when its earliest timer is due. Later than it is looked at
// anyway is no reason to move it.
func (e *Endpoint) arm(s *stream) {
	if d := s.due(); d < s.wake {
		s.wake = d
		e.timers.fix(s)
	}
}

func (e *Endpoint) trace(kind string, s *stream, err error) {
	if e.cfg.Trace == nil {
		return
	}
	v := trace.Event{Strand: "utp", Kind: kind, Peer: s.remote.ID, Ticket: s.ticket, N: int64(s.delivered)}
	if s.remote.At.IsValid() {
		v.Addr = s.remote.At.String()
	}
	if err != nil {
		v.Err = err.Error()
	}
	e.cfg.Trace(e.last, v)
}
