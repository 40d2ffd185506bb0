package score

import "time"

// Key names a message: the router's salted hash of its ID.
type Key [16]byte

// Verdict is how the checking of a message ended.
type Verdict uint8

const (
	// Accepted messages were delivered and forwarded.
	Accepted Verdict = iota
	// Rejected messages cost whoever sent them.
	Rejected
	// Ignored and throttled messages cost nobody; another copy may yet be checked.
	Ignored
)

// Copy says that p sent a copy of a message, the first one or a later one.
func (b *Board) Copy(now time.Time, p *Peer, t *Topic, k Key) {
	at := b.clock(now)
	r, _ := b.records.find(at, k)
	if r == nil {
		r = b.records.add(at, k)
	}
	switch r.state {
	case open:
		if at-r.made <= verdictWait {
			b.records.senders.join(&r.list, p.serial)
		}
	case valid:
		if age := at - r.judged; age <= starveWindow {
			if known, ok := b.records.senders.join(&r.list, p.serial); ok && !known {
				b.later(p, t, r, age)
			}
		}
	case invalid:
		b.Invalid(now, p, t)
	}
}

// Hush says that peers were asked not to send further copies of a message
// (IDONTWANT), so that their silence about it tells nothing. It must come before
// the verdict.
func (b *Board) Hush(now time.Time, k Key) {
	if r, _ := b.records.find(b.clock(now), k); r != nil && r.state == open {
		r.hushed = true
	}
}

// Forged says that what p sent under k was not the message of that ID: p is charged
// for it and is none of those who sent the message.
func (b *Board) Forged(now time.Time, p *Peer, t *Topic, k Key) {
	if r, _ := b.records.find(b.clock(now), k); r != nil && r.state != invalid {
		b.records.senders.remove(r.list, p.serial)
	}
	b.Invalid(now, p, t)
}

// Judge says how the checking of a message ended, for all who sent it so far. A
// verdict that comes more than half a minute after the first copy finds nobody.
func (b *Board) Judge(now time.Time, t *Topic, k Key, v Verdict) {
	at := b.clock(now)
	r, n := b.records.find(at, k)
	if r == nil || r.state != open {
		return
	}
	if at-r.made > verdictWait {
		b.records.release(r)
	}
	switch v {
	case Accepted:
		b.records.judge(at, r, n)
		b.accept(at, t, r)
	case Rejected:
		r.state = invalid
		for who := range b.records.senders.all(r.list) {
			if p := b.bySerial[who]; p != nil {
				b.invalid(at, p, t)
			}
		}
		b.records.release(r)
	case Ignored:
		b.records.release(r)
	}
}

// accept counts an accepted message for all who sent it so far.
func (b *Board) accept(at time.Duration, t *Topic, r *record) {
	if t == nil || t.left {
		return
	}
	if !r.hushed {
		t.flow.messages++
		t.flow.turns += uint64(t.mesh)
	}
	first := true
	for who := range b.records.senders.all(r.list) {
		// Messages from before it left are nothing to one that came back: whether its
		// score was kept must not decide about them.
		if p := b.bySerial[who]; p != nil && p.connected && r.made >= p.since {
			if first && t.params.firsts() {
				b.first(at, p, t)
			}
			b.later(p, t, r, 0)
		}
		first = false
	}
}

// first counts a first delivery (P2).
func (b *Board) first(at time.Duration, p *Peer, t *Topic) {
	s := b.stat(at, p, t)
	s.first = min(s.first+1, t.params.FirstMessageDeliveriesCap)
	b.touch(s)
}

// later counts a copy that came so long after the verdict, or before it (P3), and
// shows it to the topic's guard.
func (b *Board) later(p *Peer, t *Topic, r *record, age time.Duration) {
	if t == nil || t.left {
		return
	}
	s := p.in(t)
	mesh := s != nil && s.inMesh
	if !r.hushed {
		t.flow.copies++
		if mesh && r.judged >= s.watch.since {
			s.watch.sent++
		}
	}
	if mesh && t.params.deficits() && age <= t.params.MeshMessageDeliveriesWindow {
		s.delivered = min(s.delivered+1, t.params.MeshMessageDeliveriesCap)
		b.touch(s)
	}
}

// Invalid charges p for a message that was refused before it had an ID, or was not
// recorded (P4).
func (b *Board) Invalid(now time.Time, p *Peer, t *Topic) { b.invalid(b.clock(now), p, t) }

func (b *Board) invalid(at time.Duration, p *Peer, t *Topic) {
	if t == nil || t.gone || p.gone || !t.params.invalids() {
		return
	}
	s := b.stat(at, p, t)
	s.invalid = min(s.invalid+1, counterMax)
	b.touch(s)
	b.weigh(p)
}
