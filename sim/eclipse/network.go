package eclipse

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// epoch is when every run begins.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// network is the world of one victim.
type network struct {
	pop    *population
	now    time.Time
	rng    *rand.Rand
	there  *presences
	victim rules
	links  map[int32]uint64 // connected hosts, and the number of the link
	last   uint64
	attack bool
	turn   int32 // whose turn it is to dial, of the attacker's

	queue events
	seq   uint64
	hash  [32]byte
	dials int
}

// What happens.
type what uint8

const (
	outcome   what = iota // of a dial
	gone                  // a link ends from the other side
	dropped               // it ended from the victim's side
	answer                // to a question
	says                  // an attacker's link says something
	honestIn              // an honest host dials the victim
	hostileIn             // an attacker's
)

type event struct {
	at   time.Time
	seq  uint64
	what what
	who  int32
	link uint64
	t    id.Ticket
	ok   bool
	most int
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].seq < q[j].seq
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}

func newNetwork(pop *population, now time.Time, there *presences, rng *rand.Rand) *network {
	n := &network{pop: pop, now: now, rng: rng, there: there, links: map[int32]uint64{}}
	n.in(n.wait(honestDials), event{what: honestIn})
	return n
}

// besiege lets the attacker begin.
func (n *network) besiege() {
	n.attack = true
	n.turn = int32(n.rng.IntN(len(n.pop.all) - n.pop.honest))
	n.in(n.wait(attackDials), event{what: hostileIn})
}

// in puts an event off.
func (n *network) in(d time.Duration, e event) {
	n.seq++
	e.at, e.seq = n.now.Add(d), n.seq
	heap.Push(&n.queue, e)
}

// wait is a random time with this mean.
func (n *network) wait(mean time.Duration) time.Duration {
	return time.Duration(n.rng.ExpFloat64() * float64(mean))
}

// run lets time pass until a moment, or until enough says so.
func (n *network) run(until time.Time, enough func() bool) {
	for {
		next, due := until, false
		if at := n.victim.deadline(); !at.IsZero() && at.Before(next) {
			next, due = later(at, n.now), true
		}
		if len(n.queue) > 0 && !n.queue[0].at.After(next) {
			e := heap.Pop(&n.queue).(event)
			n.now = e.at
			n.handle(e)
		} else if n.now = next; due {
			n.victim.advance(n.now)
		} else {
			return
		}
		if enough != nil && enough() {
			return
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (n *network) handle(e event) {
	switch e.what {
	case outcome:
		n.dialEnded(e)
	case gone, dropped:
		if n.links[e.who] == e.link {
			delete(n.links, e.who)
			n.victim.lost(n.now, e.who)
		}
	case answer:
		if n.links[e.who] == e.link {
			n.victim.heard(n.now, e.who, e.t, n.tell(e.who, min(e.most, answerMax)))
		}
	case says:
		if n.links[e.who] == e.link {
			n.victim.heard(n.now, e.who, id.Ticket{}, n.tell(e.who, attackTells))
			n.in(attackSays, e)
		}
	case honestIn:
		n.in(n.wait(honestDials), event{what: honestIn})
		if who := int32(n.rng.IntN(n.pop.honest)); n.there.at(who, n.now).on {
			n.callFrom(who, n.wait(honestStay))
		}
	case hostileIn:
		n.in(n.wait(attackDials), event{what: hostileIn})
		n.callFrom(int32(n.pop.honest)+n.turn, attackStay)
		n.turn = (n.turn + 1) % int32(len(n.pop.all)-n.pop.honest)
	}
}

// callFrom: a host dials the victim and means to stay for a while.
func (n *network) callFrom(who int32, stay time.Duration) {
	if _, ok := n.links[who]; ok {
		return
	}
	if !n.pop.hostile(who) {
		stay = min(stay, n.there.at(who, n.now).until.Sub(n.now))
	}
	n.connect(who)
	if !n.victim.called(n.now, who) {
		delete(n.links, who)
		return
	}
	n.in(stay, event{what: gone, who: who, link: n.last})
	if n.pop.hostile(who) {
		n.in(latency, event{what: says, who: who, link: n.last})
	}
}

func (n *network) connect(who int32) {
	n.last++
	n.links[who] = n.last
}

func (n *network) dial(t id.Ticket, who int32) {
	e := event{what: outcome, who: who, t: t, ok: n.pop.hostile(who) || n.there.at(who, n.now).on}
	wait := latency
	if !e.ok && n.pop.all[who].mute {
		wait = dialTimeout
	}
	n.in(wait, e)
}

func (n *network) dialEnded(e event) {
	n.dials++
	n.note(e)
	if _, ok := n.links[e.who]; ok {
		e.ok = false // the other side has a link already
	}
	if e.ok {
		n.connect(e.who)
	}
	if keep := n.victim.dialled(n.now, e.t, e.who, e.ok); !e.ok {
		return
	} else if !keep {
		delete(n.links, e.who)
		return
	}
	if !n.pop.hostile(e.who) {
		n.in(n.there.at(e.who, n.now).until.Sub(n.now), event{what: gone, who: e.who, link: n.last})
	} else if n.attack {
		n.in(latency, event{what: says, who: e.who, link: n.last})
	}
}

func (n *network) drop(who int32) {
	n.in(0, event{what: dropped, who: who, link: n.links[who]})
}

func (n *network) ask(who int32, t id.Ticket, most int) {
	n.in(latency, event{what: answer, who: who, link: n.links[who], t: t, most: most})
}

// tell is what a host tells of others. The attacker names his own and says that they
// were there a moment ago; before he begins he is as silent as one who is not there.
func (n *network) tell(from int32, most int) []notice {
	out := make([]notice, 0, most)
	if n.pop.hostile(from) {
		bad := len(n.pop.all) - n.pop.honest
		first := n.rng.IntN(bad)
		for i := range min(most, bad) {
			out = append(out, notice{int32(n.pop.honest + (first+i)%bad), n.now})
		}
		return out
	}
	for len(out) < min(most, n.pop.honest/4) {
		who := int32(n.rng.IntN(n.pop.honest))
		at := n.there.at(who, n.now)
		switch {
		case at.on:
			out = append(out, notice{who, n.now.Add(-time.Duration(n.rng.Int64N(int64(2 * time.Hour))))})
		case n.rng.Float64() < (1-honestFresh)/honestFresh*float64(onFor)/float64(offFor):
			out = append(out, notice{who, at.since})
		}
	}
	return out
}

// note folds the outcome of a dial into the hash.
func (n *network) note(e event) {
	var raw [64]byte
	copy(raw[:], n.hash[:])
	binary.BigEndian.PutUint64(raw[32:], uint64(e.at.Sub(epoch)))
	binary.BigEndian.PutUint32(raw[40:], uint32(e.who))
	if e.ok {
		raw[44] = 1
	}
	n.hash = sha256.Sum256(raw[:])
}
