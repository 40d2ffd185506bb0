package eclipse

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// DarkFi's rules, from a description of its session layer in July 2026.
const (
	dfGrey, dfWhite = 2000, 5000
	dfKnown         = 5 // of eight candidates, as far as gold and white go: 70 %
	dfInbound       = 8
	dfRefine        = 15 * time.Second
	dfDiscover      = 5 * time.Second
	dfAsk           = 16   // twice the slots: a reply fills up with other schemes
	dfTell          = 2600 // entries that an address message holds
)

// dfList is a list of hosts, newest first by times that others say.
type dfList []notice

func (l dfList) find(who int32) int {
	return slices.IndexFunc(l, func(x notice) bool { return x.who == who })
}

// darkfi is its lists, slots, refinery and discovery.
type darkfi struct {
	p   *population
	d   deck
	rng *rand.Rand

	gold, white, grey dfList
	colour            map[int32]byte // g, w, y for who is on a list
	busy              map[int32]bool // being dialled, connected, or suspended after a failure
	out, in           []int32
	dials             map[id.Ticket]*dfDial
	n                 uint64
	empty             int // slots without a dial or a link
	select1           time.Time
	refine            time.Time
	discover          time.Time
}

type dfDial struct {
	probe bool
	seen  time.Time
}

// dfSaved is the host file.
type dfSaved struct{ gold, white, grey dfList }

func newDarkfi(p *population, d deck, rng *rand.Rand, _ time.Time, from saved, _ bool) (rules, error) {
	x := &darkfi{p: p, d: d, rng: rng, colour: map[int32]byte{}, busy: map[int32]bool{}, dials: map[id.Ticket]*dfDial{}, empty: slots}
	if f, ok := from.(dfSaved); ok {
		x.gold, x.white, x.grey = slices.Clone(f.gold), slices.Clone(f.white), slices.Clone(f.grey)
		for _, l := range []struct {
			list dfList
			c    byte
		}{{x.gold, 'g'}, {x.white, 'w'}, {x.grey, 'y'}} {
			for _, n := range l.list {
				x.colour[n.who] = l.c
			}
		}
	}
	return x, nil
}

func (x *darkfi) start(now time.Time) {
	x.select1, x.refine, x.discover = now, now.Add(dfRefine), time.Time{}
}

func (x *darkfi) save(time.Time) saved { return dfSaved{x.gold, x.white, x.grey} }

func (x *darkfi) outbound() []int32 { return x.out }

func (x *darkfi) deadline() time.Time {
	at := x.refine
	if x.empty > 0 && !x.select1.IsZero() {
		at = earlier(at, x.select1)
	}
	if !x.discover.IsZero() {
		at = earlier(at, x.discover)
	}
	return at
}

func (x *darkfi) remember(_ time.Time, m memory) {
	n := notice{m.who, m.tried}
	if m.there {
		x.put('w', n)
	} else {
		x.put('y', n)
	}
}

func (x *darkfi) list(c byte) (*dfList, int) {
	switch c {
	case 'g':
		return &x.gold, 0
	case 'w':
		return &x.white, dfWhite
	}
	return &x.grey, dfGrey
}

// put gives a host a place in a list, by time, and cuts the list off at its end.
func (x *darkfi) put(c byte, n notice) {
	x.take(n.who)
	l, most := x.list(c)
	i, _ := slices.BinarySearchFunc(*l, n.seen, func(a notice, at time.Time) int { return at.Compare(a.seen) })
	*l = slices.Insert(*l, i, n)
	x.colour[n.who] = c
	if most > 0 && len(*l) > most {
		delete(x.colour, (*l)[most].who)
		*l = (*l)[:most]
	}
}

// take takes a host off its list and tells when it was seen.
func (x *darkfi) take(who int32) (seen time.Time) {
	c, ok := x.colour[who]
	if !ok {
		return time.Time{}
	}
	delete(x.colour, who)
	l, _ := x.list(c)
	if i := l.find(who); i >= 0 {
		seen = (*l)[i].seen
		*l = slices.Delete(*l, i, i+1)
	}
	return seen
}

// some draws up to n hosts of a list.
func (x *darkfi) some(l dfList, n int) (out []notice) {
	if n >= len(l) {
		out = slices.Clone(l)
		x.rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		return out
	}
	for len(out) < n {
		if pick := l[x.rng.IntN(len(l))]; !slices.Contains(out, pick) {
			out = append(out, pick)
		}
	}
	return out
}

// candidate is the first of gold, white and grey draws that is free.
func (x *darkfi) candidate() (notice, bool) {
	list := x.some(x.gold, dfKnown)
	list = append(list, x.some(x.white, dfKnown-len(list))...)
	list = append(list, x.some(x.grey, slots-len(list))...)
	for _, n := range list {
		if !x.busy[n.who] {
			return n, true
		}
	}
	return notice{}, false
}

func (x *darkfi) dial(n notice, probe bool) {
	x.n++
	t := id.Ticket{Owner: "darkfi", N: x.n}
	x.dials[t] = &dfDial{probe, n.seen}
	x.busy[n.who] = true
	x.d.dial(t, n.who)
}

func (x *darkfi) advance(now time.Time) {
	if !x.discover.IsZero() && !now.Before(x.discover) {
		x.discover, x.select1 = time.Time{}, now
	}
	for x.empty > 0 && !x.select1.IsZero() && !now.Before(x.select1) {
		n, ok := x.candidate()
		if !ok { // sleep, and have the peers asked
			x.select1, x.discover = time.Time{}, now.Add(dfDiscover)
			for _, who := range slices.Concat(x.out, x.in) {
				x.d.ask(who, id.Ticket{}, dfAsk)
			}
			break
		}
		x.empty--
		x.dial(n, false)
	}
	if now.Before(x.refine) {
		return
	}
	x.refine = now.Add(dfRefine)
	if len(x.grey) > 0 && len(x.out)+len(x.in) > 0 {
		if n := x.grey[x.rng.IntN(len(x.grey))]; !x.connected(n.who) {
			x.dial(n, true)
		}
	}
}

func (x *darkfi) connected(who int32) bool {
	return slices.Contains(x.out, who) || slices.Contains(x.in, who)
}

// vacant is one more empty slot, which looks for somebody at once.
func (x *darkfi) vacant(now time.Time) {
	x.empty++
	if x.discover.IsZero() {
		x.select1 = now
	}
}

func (x *darkfi) dialled(now time.Time, t id.Ticket, who int32, ok bool) bool {
	d := x.dials[t]
	delete(x.dials, t)
	switch {
	case d.probe && ok:
		x.put('w', notice{who, now})
		delete(x.busy, who) // and a suspended host is free again
		return false
	case d.probe:
		x.take(who)
		delete(x.busy, who)
		return false
	case !ok:
		x.put('y', notice{who, d.seen}) // and stays suspended
		x.vacant(now)
		return false
	}
	x.put('g', notice{who, now})
	x.out = append(x.out, who)
	x.d.ask(who, id.Ticket{}, dfAsk)
	return true
}

func (x *darkfi) called(_ time.Time, who int32) bool {
	if len(x.in) >= dfInbound || x.connected(who) {
		return false
	}
	x.in = append(x.in, who)
	x.d.ask(who, id.Ticket{}, dfAsk)
	return true
}

func (x *darkfi) lost(now time.Time, who int32) {
	x.in = without(x.in, who)
	if !slices.Contains(x.out, who) {
		return
	}
	x.out = without(x.out, who)
	delete(x.busy, who)
	seen := x.take(who)
	x.put('y', notice{who, seen})
	x.vacant(now)
}

// heard puts all unknown ones on the grey list at once.
func (x *darkfi) heard(_ time.Time, _ int32, _ id.Ticket, list []notice) {
	var fresh dfList
	for _, n := range list[:min(len(list), dfTell)] {
		if _, known := x.colour[n.who]; !known {
			x.colour[n.who] = 'y'
			fresh = append(fresh, n)
		}
	}
	if len(fresh) == 0 {
		return
	}
	slices.SortStableFunc(fresh, func(a, b notice) int { return b.seen.Compare(a.seen) })
	merged := make(dfList, 0, len(x.grey)+len(fresh))
	for old := x.grey; len(old)+len(fresh) > 0; {
		if len(old) == 0 || len(fresh) > 0 && !old[0].seen.After(fresh[0].seen) {
			merged, fresh = append(merged, fresh[0]), fresh[1:]
		} else {
			merged, old = append(merged, old[0]), old[1:]
		}
	}
	for _, n := range merged[min(len(merged), dfGrey):] {
		delete(x.colour, n.who)
	}
	x.grey = merged[:min(len(merged), dfGrey)]
}
