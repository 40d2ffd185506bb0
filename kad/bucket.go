package kad

import "slices"

// bucket is the nodes of one distance. cache ⊆ table, most recent last.
type bucket struct {
	members []*entry
	cache   []*entry
}

func told(all []*entry) (n int) {
	for _, e := range all {
		if e.how == Told {
			n++
		}
	}
	return n
}

// crowded tells whether the bucket has its share of a newcomer's network.
func (b *bucket) crowded(p places) bool {
	n := 0
	for _, all := range [...][]*entry{b.members, b.cache} {
		for _, e := range all {
			if e.where.shares(p) {
				n++
			}
		}
	}
	return n >= netBucketMax
}

// open tells whether a node may become a member of a bucket.
func (t *Table) open(b *bucket, how How) bool {
	return len(b.members) < BucketMax && (how == Found || told(b.members) < toldMax && t.toldRoom())
}

// toldRoom tells whether one more member may be a node that we did not find ourselves: a
// third of the table, or a few while it is nearly empty.
func (t *Table) toldRoom() bool { return t.told < max(toldLeast, (t.members-t.told)/2) }

// weakest is the member that a node which has just answered may replace: one that never
// answered at its endpoint, else one that has long failed; nil when there is none.
func (t *Table) weakest(b *bucket, how How) *entry {
	full := how == Told && (told(b.members) >= toldMax || !t.toldRoom())
	var worst *entry
	for _, e := range b.members {
		switch {
		case e.proven && e.fails < failsMax, full && e.how != Told:
		case worst == nil, worst.proven && !e.proven, worst.proven == e.proven && e.fails > worst.fails:
			worst = e
		}
	}
	return worst
}

// successor is the cached node that takes a place that has come free: the most recent.
func (t *Table) successor(b *bucket) *entry {
	for _, e := range slices.Backward(b.cache) {
		if t.open(b, e.how) {
			return e
		}
	}
	return nil
}

// heir is who would succeed a member that went; nil when nobody could.
func (t *Table) heir(b *bucket, of *entry) *entry {
	spare := of.how == Told || told(b.members) < toldMax && t.toldRoom()
	for _, e := range slices.Backward(b.cache) {
		if e.how == Found || spare {
			return e
		}
	}
	return nil
}

// oldest is who leaves a full cache for a newcomer: those we were told of go first, and
// they make room for no more than each other.
func (b *bucket) oldest(newcomer How) (e *entry, room bool) {
	tolds := told(b.cache)
	switch {
	case newcomer == Told && tolds >= toldCacheMax, len(b.cache) >= cacheMax && tolds > 0:
		return b.cache[slices.IndexFunc(b.cache, func(e *entry) bool { return e.how == Told })], true
	case len(b.cache) < cacheMax:
		return nil, true
	case newcomer == Told:
		return nil, false
	}
	return b.cache[0], true
}

func without(all []*entry, e *entry) []*entry {
	i := slices.Index(all, e)
	return slices.Delete(all, i, i+1)
}
