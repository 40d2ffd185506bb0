package pulse

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Protocol of the lane.
func Protocol() link.Protocol {
	return link.Protocol{Name: "beat", Version: 1, Length: 2, BytesMax: bodyBytes}
}

const (
	codePing  = 0
	codePong  = 1
	bodyBytes = 8
)

// ErrBreach is returned for a message that breaks the protocol.
var ErrBreach = errors.New("pulse: breach of protocol")

// errSilent is why a peer is dropped.
var errSilent error = link.Timeout

// Sender is what pulse asks of the floor below.
type Sender interface {
	Send(to id.ID, code uint64, body []byte)
	Drop(to id.ID, why error)
	// Traffic is how many messages have come from a peer and gone to it, on all lanes.
	Traffic(with id.ID) (in, out uint64)
}

// Config of a Pulse. Zero durations take the defaults.
type Config struct {
	Every  time.Duration // between pings, default 30 s
	Within time.Duration // for the pong, default 15 s
	Trace  trace.Func
}

// Pulse is the machine.
type Pulse struct {
	cfg   Config
	rng   *rand.Rand
	send  Sender
	peers ordered.Map[id.ID, *beat]
	due   time.Time // the earliest due of all peers, and lookAt while there are any

	lookAt  time.Time // when the traffic is looked at next
	broke   int       // links broken, each within brokeWithin of the one before
	brokeAt time.Time // the last of them
}

// beat is one peer's state.
type beat struct {
	at       netip.Addr // its IP address; invalid when unknown
	due      time.Time  // of the next ping, or of the pong while one is awaited
	sentAt   time.Time  // zero: no ping in flight
	pingedAt time.Time  // the last ping
	number   uint64
	rtt      time.Duration // 0: unknown
	full     time.Time     // when it may ping as often as at first again
	in, out  uint64        // traffic at the last look
	slow     bool          // behind a slow way
}

// time is how long something of the peer's may take, or rest, that takes d with others.
func (b *beat) time(d time.Duration) time.Duration {
	if b.slow {
		return slowTimes * d
	}
	return d
}

// New makes a Pulse.
func New(cfg Config, rng *rand.Rand, s Sender) *Pulse {
	if cfg.Every == 0 {
		cfg.Every = everyDefault
	}
	if cfg.Within == 0 {
		cfg.Within = withinDefault
	}
	return &Pulse{cfg: cfg, rng: rng, send: s}
}

// Up: the lane to p is open, which is at an IP address as far as we know. It is
// pinged at once.
func (h *Pulse) Up(now time.Time, p id.ID, at netip.Addr) {
	if h.peers.Len() == 0 {
		h.lookAt = now.Add(lookEvery)
	}
	b := &beat{at: at}
	h.peers.Put(p, b)
	h.ping(now, p, b, h.cfg.Within)
}

// Slow: the way to p is a slow one, such as a circuit of Tor. It is asked a third as often
// and has three times as long to answer.
func (h *Pulse) Slow(p id.ID) {
	b, ok := h.peers.Get(p)
	if !ok || b.slow {
		return
	}
	b.slow = true
	if !b.sentAt.IsZero() {
		b.due = b.sentAt.Add(b.time(h.cfg.Within))
	}
	h.settle()
}

// Down: the lane or link is gone.
func (h *Pulse) Down(p id.ID) { h.peers.Delete(p) }

// Recv takes a message of p.
func (h *Pulse) Recv(now time.Time, p id.ID, code uint64, body []byte) error {
	b, ok := h.peers.Get(p)
	if len(body) != bodyBytes {
		return ErrBreach
	}
	if !ok {
		return nil // its lane is open, ours is not yet
	}
	if code == codePing {
		if !b.mayPing(now) {
			return ErrBreach
		}
		h.send.Send(p, codePong, body)
		return nil
	}
	if b.sentAt.IsZero() || binary.BigEndian.Uint64(body) != b.number {
		return nil // late or unasked; nothing to learn
	}
	took := now.Sub(b.sentAt)
	if b.rtt == 0 {
		b.rtt = took
	} else {
		b.rtt = (7*b.rtt + took) / 8
	}
	b.sentAt = time.Time{}
	// ±10 % keeps a network that started together from beating together.
	every := b.time(h.cfg.Every)
	b.due = now.Add(every - every/10 + time.Duration(h.rng.Int64N(int64(every/5)+1)))
	h.settle()
	return nil
}

// mayPing takes a ping of the peer's into account.
func (b *beat) mayPing(now time.Time) bool {
	if b.full.Before(now) {
		b.full = now
	}
	b.full = b.full.Add(pingsEvery)
	return b.full.Sub(now) <= pingsBurst*pingsEvery
}

// RTT is the smoothed round trip; 0 while unknown.
func (h *Pulse) RTT(p id.ID) time.Duration {
	if b, ok := h.peers.Get(p); ok {
		return b.rtt
	}
	return 0
}

// Advance sends what is due and drops who is silent.
func (h *Pulse) Advance(now time.Time) {
	if h.due.IsZero() || now.Before(h.due) {
		return
	}
	for _, p := range h.peers.Keys() {
		b, _ := h.peers.Get(p)
		switch {
		case now.Before(b.due):
		case b.sentAt.IsZero():
			h.ping(now, p, b, b.time(h.cfg.Within))
		default:
			h.cfg.Trace.Emit(now, trace.Event{Strand: "pulse", Kind: "silent", Peer: p, N: int64(now.Sub(b.sentAt) / time.Millisecond)})
			b.due = now.Add(h.cfg.Within) // Down is on its way
			h.send.Drop(p, errSilent)
		}
	}
	if !now.Before(h.lookAt) {
		h.look(now)
	}
	h.settle()
}

// Deadline is when Advance matters next.
func (h *Pulse) Deadline() time.Time { return h.due }

// ping asks p, which has within to answer.
func (h *Pulse) ping(now time.Time, p id.ID, b *beat, within time.Duration) {
	b.number++
	b.sentAt, b.pingedAt = now, now
	b.due = now.Add(within)
	h.send.Send(p, codePing, binary.BigEndian.AppendUint64(nil, b.number))
	if h.due.IsZero() || b.due.Before(h.due) {
		h.due = b.due
	}
}

func (h *Pulse) settle() {
	h.due = time.Time{}
	if h.peers.Len() == 0 {
		return
	}
	h.due = h.lookAt
	for _, b := range h.peers.All() {
		if b.due.Before(h.due) {
			h.due = b.due
		}
	}
}
