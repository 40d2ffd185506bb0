package session

import (
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// dial is a dial without an outcome. Owner: Keeper.
type dial struct {
	kind   Kind
	slot   *slot // nil for direct dials
	who    id.ID // zero when the address does not say
	addr   link.Addr
	began  time.Time
	until  time.Time   // its deadline
	source string      // network group of who told us first
	better *slot       // the outbound slot that a look is for
	slow   bool        // an outbound slot would not wait for it any longer
	users  []id.Ticket // direct: who waits; at most directsMax in all
	ours   bool        // that it takes so long is our own network's doing
}

// rate remembers the dials of the last second, at most dialsPerSecond.
type rate struct{ at []time.Time }

func (r *rate) allow(now time.Time) bool {
	for len(r.at) > 0 && now.Sub(r.at[0]) >= time.Second {
		r.at = r.at[1:]
	}
	return len(r.at) < dialsPerSecond
}

// free is when the next dial is allowed.
func (r *rate) free(now time.Time) time.Time {
	if r.allow(now) {
		return now
	}
	return r.at[0].Add(time.Second)
}

// mayDial tells whether the caps allow another dial.
func (k *Keeper) mayDial(now time.Time) bool {
	return k.dials.Len() < inFlightMax && k.rate.allow(now)
}

// start asks the dialler for a link; the caller has checked mayDial.
func (k *Keeper) start(now time.Time, t id.Ticket, d *dial) {
	d.began, d.until = now, now.Add(k.cfg.DialFor(d.addr))
	k.dials.Put(t, d)
	k.rate.at = append(k.rate.at, now)
	k.book.Dialled(now, d.addr)
	if s := d.slot; s != nil {
		s.ticket, s.ID, s.Addr, s.group, s.source = t, d.who, d.addr, k.groupOf(d.addr), d.source
		s.Attempts++
		s.tried = now
		s.RetryAt = time.Time{}
		s.set(now, Connecting, "")
		k.emit(now, "slot_connecting", s, "")
	} else {
		k.direct(now, "direct_connecting", d, "")
	}
	k.dialer.Dial(t, d.addr)
}

// dialling tells whether a dial to the host is under way.
func (k *Keeper) dialling(who id.ID) bool {
	for _, d := range k.dials.All() {
		if d.who == who {
			return true
		}
	}
	return false
}

// DialFailed notes that a dial gave no link, or that its link was not kept. That
// we are connected already is no failure of the host; that it has too many peers
// is none either, but it is left alone for a while.
func (k *Keeper) DialFailed(now time.Time, t id.Ticket, why string) News {
	k.failed(now, t, why)
	return k.stir(now)
}

func (k *Keeper) failed(now time.Time, t id.Ticket, why string) {
	d, ok := k.dials.Get(t)
	if !ok {
		return
	}
	k.dials.Delete(t)
	if told(why, link.Self) {
		k.book.Own(now, d.who, d.addr)
		if d.slot != nil && !d.slot.home.IsZero() {
			k.own(now, d, why)
			return
		}
	} else if d.kind == Outbound || d.kind == Refine {
		switch {
		case k.links.Has(d.who):
		case told(why, link.AlreadyConnected), told(why, link.TooManyPeers):
			k.book.PutOff(now, d.who)
		case k.alone(now), d.ours: // it may be us who are off the network
			k.book.Spare(now, d.who)
			k.outFails++
		default:
			k.book.Tried(now, d.who, false)
			k.outFails++
		}
	}
	if k.there(d.who) {
		k.answer(d, d.who, nil) // another link with it came first
	} else if k.ending(d.who) {
		for _, t := range d.users { // and goes: once more when it has gone
			k.queue = append(k.queue, waiter{t, d.addr})
		}
		d.users = nil
	} else if !k.awaitLate(now, d, why) {
		k.answer(d, id.ID{}, &DialError{Addr: d.addr, Why: why})
	}
	k.moist()
	if d.kind == Direct {
		k.direct(now, "direct_failed", d, why)
	}
	if s := d.slot; s != nil {
		name := "slot_failed"
		if s.Role == Refine {
			name = "refine_failed"
		}
		k.emit(now, name, s, why)
		k.restAfter(now, s, why)
	}
}

// own ends a dial of a configured slot that reached ourselves: there is no use in
// another.
func (k *Keeper) own(now time.Time, d *dial, why string) {
	k.emit(now, "slot_failed", d.slot, why)
	k.answer(d, id.ID{}, ErrSelf)
	d.slot.idle(now, "this is our own address")
}

// restAfter puts a slot to sleep after a failure or a lost link: a manual slot for
// its growing delay, a seed's for the gap between contacts, others for a short pause.
func (k *Keeper) restAfter(now time.Time, s *slot, why string) {
	switch s.Role {
	case Manual:
		k.restFor(now, s, hosts.Redial(k.rng.Float64(), s.delays), why)
		s.delays++
	case Seed:
		s.rest(now, k.seedRested(s), why)
	default:
		k.restFor(now, s, k.pause(now, s.Attempts), why)
	}
}

// pause is that of an outbound slot or a probe after so many failures in a row. It grows
// on while nobody answers at all: it is not the hosts then, and there is no use in trying
// them all.
func (k *Keeper) pause(now time.Time, attempts int) time.Duration {
	rounds := k.outFails / max(len(k.outs), 1)
	if !k.alone(now) || rounds < alonePatience {
		return k.between(pauseMin, doubled(2*pauseMin, max(attempts-1, 0), pauseMax))
	}
	return k.between(1, 2*doubled(pauseMax, rounds-alonePatience, alonePauseMax))
}

// restAfterLink puts a slot to sleep whose link is gone.
func (k *Keeper) restAfterLink(now time.Time, s *slot, why string, useful time.Duration) {
	if useful >= usefulFor {
		k.restAfterUse(now, s, why)
	} else {
		k.restAfter(now, s, why)
	}
}

// restAfterUse puts a slot to sleep whose link had a useful life: that it ended is no
// failure, and the next dial comes soon. When several links end in one moment it may be
// our own network, or one that many lose together, and the pause is the longer one.
func (k *Keeper) restAfterUse(now time.Time, s *slot, why string) {
	s.delays = 0
	if s.Role == Seed {
		k.restAfter(now, s, why)
		return
	}
	if now.Sub(k.losses.at) >= lossesWithin {
		k.losses.n = 0
	}
	k.losses.at = now
	if k.losses.n++; k.losses.n <= lossesFew && s.Role == Outbound {
		k.restFor(now, s, k.between(lossPauseMin, lossPauseMax), why)
		s.hurry = true
		return
	}
	k.restFor(now, s, k.between(pauseMin, pauseMax), why)
}

// losses counts the useful links that ended in a row.
type losses struct {
	n  int
	at time.Time
}

// restFor puts a slot to sleep for a pause, and for what the throttle of its host asks.
func (k *Keeper) restFor(now time.Time, s *slot, pause time.Duration, why string) {
	s.rest(now, later(now.Add(pause), hosts.Throttled(s.tried, s.home, k.cfg.Localnet)), why)
}

// between draws from [from, to).
func (k *Keeper) between(from, to time.Duration) time.Duration {
	return from + time.Duration(k.rng.Int64N(int64(to-from)))
}

// told tells whether a failure carries the reason, which a world hands over in
// words because it comes from a remote or from the dialler itself.
func told(why string, r link.Reason) bool { return strings.Contains(why, r.String()) }

// DialError is why a direct dial failed; Why may hold words of a remote.
type DialError struct {
	Addr link.Addr
	Why  string
}

func (e *DialError) Error() string { return "dial " + e.Addr.String() + ": " + e.Why }

// answer tells the users of a dial.
func (k *Keeper) answer(d *dial, who id.ID, err error) {
	k.tell(d.users, who, err)
	d.users = nil
}

// tell says who is connected, or else why nobody is.
func (k *Keeper) tell(users []id.Ticket, who id.ID, err error) {
	for _, t := range users {
		a := Answer{Ticket: t, ID: who}
		if who.IsZero() {
			a.Err = err
		} else {
			a.Use = k.lend(who)
		}
		k.news.Answers = append(k.news.Answers, a)
	}
}
