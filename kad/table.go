package kad

import (
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Config is what a table has to know.
type Config struct {
	Self id.ID
	// Localnet takes the limits per host and network from addresses of special ranges.
	Localnet bool
}

// Table is a routing table. It holds verified records only, never our own.
type Table struct {
	cfg     Config
	rng     *rand.Rand
	buckets [buckets]bucket
	nodes   map[id.ID]*entry // members and cached; only looked up, never walked
	census  census
	members int
	told    int // members that we did not find ourselves
	live    int
	soon    pace // newcomers and those that failed
	later   pace // those that answer
	outage  outage
}

// New makes an empty table. The rng spreads checks over time.
func New(cfg Config, rng *rand.Rand) *Table {
	return &Table{cfg: cfg, rng: rng, nodes: map[id.ID]*entry{}, census: census{}}
}

// bucketOf is the place of a distance in Table.buckets.
func bucketOf(distance int) int { return max(0, distance-(distanceMax-buckets+1)) }

// Len is the number of nodes in buckets, replacements not counted.
func (t *Table) Len() int { return t.members }

// Live is the number of those that are given to others.
func (t *Table) Live() int { return t.live }

// Get returns what is known of a node, replacements included.
func (t *Table) Get(who id.ID) (Entry, bool) {
	if e := t.nodes[who]; e != nil {
		return e.public(), true
	}
	return Entry{}, false
}

// Has tells whether the table knows a node, replacements included.
func (t *Table) Has(who id.ID) bool { return t.nodes[who] != nil }

// Buckets copies the table, the nearest bucket first, each with its replacements last.
func (t *Table) Buckets() [][]Entry {
	out := make([][]Entry, len(t.buckets))
	for i := range t.buckets {
		b := &t.buckets[i]
		out[i] = make([]Entry, 0, len(b.members)+len(b.cache))
		for _, all := range [...][]*entry{b.members, b.cache} {
			for _, e := range all {
				out[i] = append(out[i], e.public())
			}
		}
	}
	return out
}

// Add offers a verified record. It reports whether the table has learnt something: a
// node, as member or replacement, or a newer record of one it has. A node without a UDP
// endpoint, or for whose host or network there is no room, is refused; one that moves to
// where there is no room is dropped.
func (t *Table) Add(now time.Time, r *enr.Record, how How) bool {
	if r.ID() == t.cfg.Self || !Endpoint(r).IsValid() {
		return false
	}
	if e := t.nodes[r.ID()]; e != nil {
		return t.update(now, e, r, how)
	}
	e := &entry{
		id: r.ID(), record: r, how: how, added: now, due: now,
		bucket: bucketOf(id.LogDistance(t.cfg.Self, r.ID())), where: placesOf(r, t.cfg.Localnet),
	}
	return t.insert(now, e)
}

// insert gives a newcomer its place.
func (t *Table) insert(now time.Time, e *entry) bool {
	b := &t.buckets[e.bucket]
	if !t.census.room(e.where, hostTableMax, netTableMax) || b.crowded(e.where) {
		return false
	}
	if t.open(b, e.how) {
		t.join(now, e)
		return true
	}
	gone, room := b.oldest(e.how)
	if !room {
		return false
	}
	if gone != nil {
		t.forget(gone)
	}
	t.park(e)
	return true
}

// update takes a record of a node that is known.
func (t *Table) update(now time.Time, e *entry, r *enr.Record, how How) bool {
	if how == Found && e.how == Told {
		e.how = Found
		if !e.cached {
			t.told--
		}
	}
	if r.Seq() <= e.record.Seq() {
		return false
	}
	if !moved(e.record, r) {
		e.record = r
		return true
	}
	where, cached := placesOf(r, t.cfg.Localnet), e.cached
	t.forget(e)
	e.record, e.where = r, where
	e.proven, e.fails, e.credit, e.due = false, 0, 0, now
	b := &t.buckets[e.bucket]
	switch fits := t.census.room(where, hostTableMax, netTableMax) && !b.crowded(where); {
	case fits && !cached:
		t.join(now, e) // its own place
	case fits:
		t.park(e)
	case !cached:
		t.fill(now, b)
	}
	return true
}

// Alive notes that a node has answered us at its record's endpoint, after rtt (0: not
// known). A replacement that answers takes the place of a member that never did.
func (t *Table) Alive(now time.Time, who id.ID, rtt time.Duration) {
	t.outage.alive()
	e := t.nodes[who]
	if e == nil {
		return
	}
	t.outage.outcome(e, true)
	t.count(e, -1)
	e.proven, e.fails, e.seen = true, 0, now
	e.credit = min(e.credit+1, creditMax)
	if rtt > 0 {
		e.rtt = rtt
	}
	t.count(e, +1)
	if e.cached {
		t.promote(now, e)
	}
	t.schedule(e, now.Add(checkEvery))
}

// promote gives a replacement that has answered the place of a member that did not.
func (t *Table) promote(now time.Time, e *entry) {
	b := &t.buckets[e.bucket]
	if t.open(b, e.how) {
		t.forget(e)
		t.join(now, e)
		return
	}
	weak := t.weakest(b, e.how)
	if weak == nil || !weak.seen.IsZero() && !t.outage.mayDrop(now, t.members) {
		return
	}
	t.forget(e)
	t.forget(weak)
	t.join(now, e)
	if gone, room := b.oldest(weak.how); room && gone == nil {
		t.park(weak)
	}
}

// Failed notes that a node did not answer a check or another question.
func (t *Table) Failed(now time.Time, who id.ID) {
	e := t.nodes[who]
	if e == nil {
		return
	}
	if e.cached {
		t.forget(e)
		return
	}
	t.outage.outcome(e, false)
	t.count(e, -1)
	e.fails++
	e.credit /= creditCut
	t.count(e, +1)
	t.schedule(e, now.Add(min(time.Duration(e.fails)*retryFor, retryMax)))
	if e.credit > 0 {
		return
	}
	most := failsMax
	if e.seen.IsZero() {
		most = unprovenMax
	}
	b := &t.buckets[e.bucket]
	if e.fails < most && t.heir(b, e) == nil {
		return
	}
	if e.seen.IsZero() || t.outage.mayDrop(now, t.members) {
		t.forget(e)
		t.fill(now, b)
	}
}

// Remove forgets a node.
func (t *Table) Remove(now time.Time, who id.ID) {
	e := t.nodes[who]
	if e == nil {
		return
	}
	cached := e.cached
	t.forget(e)
	if !cached {
		t.fill(now, &t.buckets[e.bucket])
	}
}

// Refetch tells whether a node's record should be fetched, because it says that its
// number is seq and ours is older. It says so once in refetchEvery.
func (t *Table) Refetch(now time.Time, who id.ID, seq uint64) bool {
	e := t.nodes[who]
	if e == nil || seq <= e.record.Seq() || !e.fetched.IsZero() && now.Sub(e.fetched) < refetchEvery {
		return false
	}
	e.fetched = now
	return true
}

// fill gives a place that has come free to a replacement, which has to prove itself.
func (t *Table) fill(now time.Time, b *bucket) {
	e := t.successor(b)
	if e == nil {
		return
	}
	t.forget(e)
	e.proven, e.fails, e.credit, e.due = false, 0, 0, now
	t.join(now, e)
}

// join makes an entry that is nowhere a member.
func (t *Table) join(now time.Time, e *entry) {
	b := &t.buckets[e.bucket]
	e.cached = false
	b.members = append(b.members, e)
	t.nodes[e.id] = e
	t.census.count(e.where, +1)
	t.members++
	if e.how == Told {
		t.told++
	}
	t.count(e, +1)
	t.schedule(e, later(e.due, now))
}

// park puts an entry that is nowhere into its bucket's cache.
func (t *Table) park(e *entry) {
	b := &t.buckets[e.bucket]
	e.cached = true
	b.cache = append(b.cache, e)
	t.nodes[e.id] = e
	t.census.count(e.where, +1)
}

// forget takes an entry out of the table.
func (t *Table) forget(e *entry) {
	b := &t.buckets[e.bucket]
	delete(t.nodes, e.id)
	t.census.count(e.where, -1)
	if e.cached {
		b.cache = without(b.cache, e)
		return
	}
	b.members = without(b.members, e)
	t.members--
	if e.how == Told {
		t.told--
	}
	t.count(e, -1)
}

// count keeps the number of live members right around a change of one.
func (t *Table) count(e *entry, by int) {
	if !e.cached && e.live() {
		t.live += by
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
