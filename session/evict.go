package session

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Conduct is how a connected peer has done so far.
type Conduct struct {
	RTT     time.Duration // round trip; 0 while unknown
	Useful  time.Time     // when it last told us a message or a line that was new; zero: never
	Content time.Time     // when it last gave us content that we asked for; zero: never
}

// Witness knows of the conduct of connected peers. It does not call back.
type Witness interface {
	Conduct(who id.ID) Conduct
}

// candidate is an inbound link that may have to go.
type candidate struct {
	who   id.ID
	conn  *conn
	value int // to the application, now
	Conduct
}

// victim is whom a newcomer takes the place of when the inbound places are full; false
// when nobody may go. What an attacker cannot easily have is kept, of each kind a few:
// a place in many networks, a short way to us, recent use, age. Of the rest the newest
// link of the largest network group goes: who fills the places from one network meets
// himself there, and who has many networks is still the one who came last.
//
// The classes and their sizes are those of Bitcoin Core's eviction.
func (k *Keeper) victim(now time.Time) (id.ID, bool) {
	if k.leaving() >= leavingMax {
		return id.ID{}, false
	}
	all := k.evictable(now)
	all = spareGroups(all, spareByGroup)
	all = spare(all, spareByRTT, func(c *candidate) bool { return c.RTT > 0 }, func(a, b *candidate) bool { return a.RTT < b.RTT })
	all = spare(all, spareByUse, func(c *candidate) bool { return !c.Useful.IsZero() }, func(a, b *candidate) bool { return a.Useful.After(b.Useful) })
	all = spare(all, spareByContent, func(c *candidate) bool { return !c.Content.IsZero() }, func(a, b *candidate) bool { return a.Content.After(b.Content) })
	all = spare(all, spareByValue, func(c *candidate) bool { return c.value > 0 }, func(a, b *candidate) bool { return a.value > b.value })
	all = all[(len(all)+1)/2:]
	if len(all) == 0 {
		return id.ID{}, false
	}
	return newestOfLargest(all).who, true
}

// evictable are the inbound links that no word of the user's keeps, the oldest first.
func (k *Keeper) evictable(now time.Time) (out []*candidate) {
	for who, c := range k.links.All() {
		if c.kind != Inbound || c.leaving || c.uses > 0 || k.sheltered(who) || named(k.manuals, who) != nil {
			continue
		}
		if c.key == 0 {
			c.key = k.keyed(c.group)
		}
		x := &candidate{who: who, conn: c, value: c.value(now)}
		if k.cfg.Witness != nil {
			x.Conduct = k.cfg.Witness.Conduct(who)
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b *candidate) int { return a.conn.since.Compare(b.conn.since) })
	return out
}

// keyed orders groups in a way that only we know; it is not 0.
func (k *Keeper) keyed(group string) uint64 {
	if k.groupKey == ([32]byte{}) {
		for at := 0; at < len(k.groupKey); at += 8 {
			binary.LittleEndian.PutUint64(k.groupKey[at:], k.rng.Uint64())
		}
	}
	sum := sha256.Sum256(append(k.groupKey[:], group...))
	return binary.LittleEndian.Uint64(sum[:]) | 1
}

// spareGroups takes out the oldest link of each of the first n groups in the secret
// order.
func spareGroups(all []*candidate, n int) []*candidate {
	last := uint64(0)
	for range n {
		first := -1
		for i, c := range all {
			if c.conn.key > last && (first < 0 || c.conn.key < all[first].conn.key) {
				first = i
			}
		}
		if first < 0 {
			break
		}
		last = all[first].conn.key
		all = slices.Delete(all, first, first+1)
	}
	return all
}

// spare takes out up to n of those that have what it is about, the best first.
func spare(all []*candidate, n int, has func(*candidate) bool, better func(a, b *candidate) bool) []*candidate {
	for range n {
		best := -1
		for i, c := range all {
			if has(c) && (best < 0 || better(c, all[best])) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		all = slices.Delete(all, best, best+1)
	}
	return all
}

// newestOfLargest is the newest link of the group that has most; of two such groups
// the one whose newest is newer.
func newestOfLargest(all []*candidate) *candidate {
	slices.SortStableFunc(all, func(a, b *candidate) int { return cmp.Compare(a.conn.key, b.conn.key) })
	best, size := all[0], 0
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && all[to].conn.key == all[from].conn.key {
			to++
		}
		if n, newest := to-from, all[to-1]; n > size || n == size && newest.conn.since.After(best.conn.since) {
			best, size = newest, n
		}
		from = to
	}
	return best
}

// evict ends an inbound link for a newcomer.
func (k *Keeper) evict(now time.Time, who id.ID, by link.Info) {
	k.cfg.Trace.Emit(now, trace.Event{
		Strand: "session", Kind: "inbound_evicted", Topic: string(Inbound), Peer: who, Err: "for " + by.ID.Short(),
	})
	k.drop(who, link.TooManyPeers)
}

// leaving is how many links we have given up that are not down yet.
func (k *Keeper) leaving() (n int) {
	for _, c := range k.links.All() {
		if c.leaving {
			n++
		}
	}
	return n
}

// drop ends a link: it is nobody's any more, and its end is on the way.
func (k *Keeper) drop(who id.ID, why link.Reason) {
	k.Leaving(who)
	k.dialer.Drop(who, why)
}

// Leaving notes that the link with a remote is being closed, by whoever decided so:
// nobody shares it any more.
func (k *Keeper) Leaving(who id.ID) {
	if c, ok := k.links.Get(who); ok {
		c.leaving = true
	}
}
