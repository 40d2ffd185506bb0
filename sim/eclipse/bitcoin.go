package eclipse

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Bitcoin's rules as they were when the attack was published (Heilman et al., "Eclipse
// Attacks on Bitcoin's Peer-to-Peer Network", 2015, section 2): their parameters.
const (
	btTried, btNew = 64, 256 // buckets
	btBucket       = 64      // places of each
	btTriedWays    = 4       // buckets that one group reaches in tried
	btNewWays      = 32      // buckets that one source group reaches in new
	btCopies       = 8       // of one address in new
	btInspect      = 4       // of a full bucket, the oldest of so many goes
	btInbound      = 117
	btAsk          = 1000
	btHorizon      = 30 * 24 * time.Hour
	btPenalty      = 2 * time.Hour // off what others say of the time
	btRefresh      = 20 * time.Minute
	btTick         = 500 * time.Millisecond
	btConnect      = 5 * time.Second
	btAgain        = 10 * time.Minute
	btTriesMax     = 100
)

// bitcoin is the address manager and the loop that opens connections, one dial at a
// time.
type bitcoin struct {
	p     *population
	d     deck
	rng   *rand.Rand
	key   uint64
	known map[int32]*btAddr
	tried [btTried][]int32
	fresh [btNew][]int32
	nNew  int
	nTry  int

	out, in []int32
	dialing bool
	ticket  uint64
	until   time.Time // the dial is given up
	next    time.Time
	touch   time.Time // next refresh of who is connected
}

func newBitcoin(p *population, d deck, rng *rand.Rand, now time.Time, from saved, _ bool) (rules, error) {
	b := &bitcoin{p: p, d: d, rng: rng, key: rng.Uint64(), known: map[int32]*btAddr{}}
	if was, ok := from.(*bitcoin); ok {
		b.key = was.key
		for who, a := range was.known {
			c := *a
			c.copies = slices.Clone(a.copies)
			c.try = time.Time{}
			b.known[who] = &c
		}
		for i := range was.tried {
			b.tried[i] = slices.Clone(was.tried[i])
		}
		for i := range was.fresh {
			b.fresh[i] = slices.Clone(was.fresh[i])
		}
		b.nNew, b.nTry = was.nNew, was.nTry
	}
	return b, nil
}

func (b *bitcoin) start(now time.Time)  { b.next, b.touch = now, now.Add(btRefresh) }
func (b *bitcoin) save(time.Time) saved { return b }
func (b *bitcoin) outbound() []int32    { return b.out }
func (b *bitcoin) deadline() time.Time {
	if b.dialing {
		return earlier(b.until, b.touch)
	}
	if len(b.out) >= slots {
		return b.touch
	}
	return earlier(b.next, b.touch)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (b *bitcoin) remember(_ time.Time, m memory) {
	b.add(m.tried, m.who, b.p.all[m.source].group, m.tried)
	if m.there {
		b.good(m.tried, m.who)
	} else if a := b.known[m.who]; a != nil {
		a.attempts++
	}
}

func (b *bitcoin) advance(now time.Time) {
	if !now.Before(b.touch) {
		b.touch = now.Add(btRefresh)
		for _, who := range b.out {
			if a := b.known[who]; a != nil {
				a.seen = now
			}
		}
	}
	if b.dialing && !now.Before(b.until) {
		b.dialing = false
		b.next = now.Add(btTick)
	}
	if b.dialing || len(b.out) >= slots || now.Before(b.next) {
		return
	}
	b.next = now.Add(btTick)
	for tries := range btTriesMax {
		who, ok := b.choose(now)
		if !ok {
			return
		}
		a := b.known[who]
		if b.connected(who) || b.hasGroup(who) || (!a.try.IsZero() && now.Sub(a.try) < btAgain && tries < 30) {
			continue
		}
		a.try = now
		a.attempts++
		b.ticket++
		b.dialing, b.until = true, now.Add(btConnect)
		b.d.dial(id.Ticket{Owner: "bitcoin", N: b.ticket}, who)
		return
	}
}

func (b *bitcoin) connected(who int32) bool {
	return slices.Contains(b.out, who) || slices.Contains(b.in, who)
}

func (b *bitcoin) hasGroup(who int32) bool {
	return slices.ContainsFunc(b.out, func(x int32) bool { return b.p.all[x].group == b.p.all[who].group })
}

func (b *bitcoin) dialled(now time.Time, t id.Ticket, who int32, ok bool) bool {
	if !b.dialing || t.N != b.ticket {
		return false
	}
	b.dialing = false
	b.next = now.Add(btTick)
	if !ok {
		return false
	}
	b.out = append(b.out, who)
	b.good(now, who)
	b.d.ask(who, t, btAsk)
	return true
}

func (b *bitcoin) called(now time.Time, who int32) bool {
	if len(b.in) >= btInbound || b.connected(who) {
		return false
	}
	b.in = append(b.in, who)
	b.add(now, who, b.p.all[who].group, now)
	b.good(now, who)
	return true
}

func (b *bitcoin) lost(now time.Time, who int32) {
	if slices.Contains(b.out, who) {
		b.next = now.Add(btTick)
	}
	b.out, b.in = without(b.out, who), without(b.in, who)
}

func (b *bitcoin) heard(now time.Time, from int32, _ id.Ticket, list []notice) {
	for _, x := range list[:min(len(list), btAsk)] {
		b.add(now, x.who, b.p.all[from].group, x.seen.Add(-btPenalty))
	}
}
