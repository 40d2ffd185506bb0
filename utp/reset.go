package utp

import (
	"encoding/binary"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// resets bounds the RESETs for packets that belong to no stream: in all, and to each
// peer. What it remembers is of one size whoever sends.
type resets struct {
	secret uint64
	next   time.Duration // as of a leaky bucket
	slots  [resetSlots]time.Duration
}

// allow tells whether who may have a RESET at now, and counts it.
func (r *resets) allow(now time.Duration, who id.ID) bool {
	mixed := (binary.LittleEndian.Uint64(who[:]) ^ r.secret) * 0x9e3779b97f4a7c15
	slot := &r.slots[mixed>>56]
	if now < *slot || r.next > now+resetBurst*resetEvery {
		return false
	}
	*slot = now + resetPeerEvery
	r.next = max(r.next, now) + resetEvery
	return true
}

// refuse answers a packet that belongs to no stream, with the ID it came under, as
// whoever sent it knows that one. Nothing answers a RESET.
func (e *Endpoint) refuse(now time.Duration, from Remote, p packet) {
	if p.form == stReset || !e.resets.allow(now, from.ID) {
		return
	}
	h := header{form: stReset, conn: p.conn, sent: micros(now), seq: uint16(e.rng.Uint32()), ack: p.seq}
	h.put(e.packet[:], extNone)
	e.post(from, headerBytes)
}

// sendReset tells the remote that the stream is over.
func (s *stream) sendReset(now time.Duration) {
	h := header{form: stReset, conn: s.send, sent: micros(now), delay: s.echo, seq: s.flight.next, ack: s.reorder.next - 1}
	h.put(s.e.packet[:], extNone)
	s.e.post(s.remote, headerBytes)
}

// micros is a moment as packets have it (BEP 29 "timestamp_microseconds").
func micros(now time.Duration) uint32 { return uint32(now / time.Microsecond) }

// post sends what lies in the packet buffer.
func (e *Endpoint) post(to Remote, n int) {
	e.stats.PacketsOut++
	e.out.Send(e.last, to, e.packet[:n])
}
