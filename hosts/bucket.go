package hosts

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// bucket is hosts that compete for the same BucketMax places. Which bucket a host falls
// into follows from the book's secret, its network group, and, for a host that is
// unproven, the group of who told us: nobody outside knows whom a newcomer would meet,
// and one group reaches few of them.
type bucket struct {
	members []*entry
	max     int // 0: no bound but the list's
}

// buckets are where lists are crowded. Owner: Book.
type buckets struct {
	unproven []bucket // grey that we never reached
	proven   []bucket // white
	former   bucket   // grey that we reached once
	// Hosts without a network group, as in a local network, have no bound.
	looseUnproven, looseProven bucket
}

func (b *Book) makeBuckets() {
	several := func(listMax int) []bucket {
		all := make([]bucket, max(1, (listMax+BucketMax-1)/BucketMax))
		for i := range all {
			all[i].max = BucketMax
		}
		return all
	}
	b.buckets.unproven, b.buckets.proven = several(b.cfg.GreyMax), several(b.cfg.WhiteMax)
}

// bucket is where a host has its place in a colour; nil where places are not competed for.
func (b *Book) bucket(c Colour, e *entry) *bucket {
	switch {
	case c == Grey && e.Reached:
		return &b.buckets.former
	case c == Grey && e.group == "":
		return &b.buckets.looseUnproven
	case c == Grey:
		source := b.sourceOf(e)
		way := b.keyed(sourceBuckets, "unproven", source, e.group)
		return &b.buckets.unproven[b.keyed(len(b.buckets.unproven), "unproven", source, string(rune(way)))]
	case c == White && e.group == "":
		return &b.buckets.looseProven
	case c == White:
		way := b.keyed(groupBuckets, "proven", e.group, string(e.ID[:]))
		return &b.buckets.proven[b.keyed(len(b.buckets.proven), "proven", e.group, string(rune(way)))]
	}
	return nil
}

// keyed is a number below n that follows from the words and the secret alone.
func (b *Book) keyed(n int, words ...string) int {
	var room [160]byte
	text := append(room[:0], b.cfg.Secret[:]...)
	for _, w := range words {
		text = binary.BigEndian.AppendUint32(text, uint32(len(w)))
		text = append(text, w...)
	}
	sum := sha256.Sum256(text)
	return int(binary.BigEndian.Uint64(sum[:]) % uint64(n))
}

func (c *bucket) full() bool { return c.max > 0 && len(c.members) >= c.max }

func (c *bucket) add(e *entry) {
	e.bucket, e.cell = c, len(c.members)
	c.members = append(c.members, e)
}

func (c *bucket) remove(e *entry) {
	last := len(c.members) - 1
	c.members[e.cell] = c.members[last]
	c.members[e.cell].cell = e.cell
	c.members[last] = nil
	c.members = c.members[:last]
	e.bucket = nil
}

// fullest is the bucket with the most members.
func fullest(loose *bucket, all []bucket) *bucket {
	most := loose
	for i := range all {
		if len(all[i].members) > len(most.members) {
			most = &all[i]
		}
	}
	return most
}

// bad tells whether a host's place may be given away at once. A dial of the last minute
// may still be under way.
func (e *entry) bad(now time.Time) bool {
	ahead := now.Add(futureMax)
	switch {
	case now.Sub(e.LastTried) < badGrace && !e.LastTried.After(now):
		return false
	case e.LastSeen.After(ahead) || e.LastTried.After(ahead):
		return !e.Reached // else our own clock was wrong
	case e.LastSeen.IsZero():
		return e.Fails >= unprovenFails
	case e.Fails >= provenFails && now.Sub(e.LastSeen) >= forgetAfter:
		return true
	}
	return now.Sub(e.LastSeen) >= unseenMax
}
