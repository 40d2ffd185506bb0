package hosts

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
)

// excerpt is all of the book that askers from one kind of network hear of in a day,
// however many identities they ask under. Owner: Book.
type excerpt struct {
	members ordered.Set[id.ID]
	until   time.Time // then it is drawn anew
	tended  time.Time // when members that are gone were last replaced
	version uint64    // of the book when it was last looked over
}

// Tell draws hosts for an answer to an address request that came over a kind of
// network: at most limit, at most SampleMax. They come out of an excerpt of the book
// that is kept for excerptFor: a quarter of the hosts we may tell of, or excerptFloor
// where that is more. It grows with the book, and a member that is gone makes room for
// another, seldom. In a local network, and where the book is Open, each answer is
// Sample's.
func (b *Book) Tell(now time.Time, network link.Network, limit int, skip func(id.ID) bool) []Host {
	if b.cfg.Localnet || b.cfg.Open {
		return b.Sample(now, limit, skip)
	}
	x := b.excerptOf(now, network)
	limit = min(limit, SampleMax)
	var out []Host
	for _, i := range b.rng.Perm(x.members.Len()) {
		if len(out) >= limit {
			break
		}
		who := x.members.At(i)
		if e, ok := b.entries.Get(who); ok && b.shared(now, e) && (skip == nil || !skip(who)) {
			out = append(out, e.Host)
		}
	}
	return out
}

// excerptOf is the excerpt for a kind of network, brought up to now.
func (b *Book) excerptOf(now time.Time, network link.Network) *excerpt {
	x, ok := b.excerpts.Get(network)
	switch {
	case !ok && b.excerpts.Len() >= excerptsMax:
		_, x = b.excerpts.At(0)
		return x
	case !ok || !now.Before(x.until):
		// Not a day sharp: who asks every hour must not see when it is.
		x = &excerpt{until: now.Add(excerptFor - time.Duration(b.rng.Int64N(int64(excerptFor/8)))), tended: now}
		b.excerpts.Put(network, x)
	case !now.Before(x.tended.Add(excerptTend)):
		x.tended = now
		b.weed(now, x)
	case x.version == b.version:
		return x
	}
	x.version = b.version
	b.extend(now, x)
	return x
}

// weed takes out members that the book has forgotten, may not tell of any more, or
// failed to reach.
func (b *Book) weed(now time.Time, x *excerpt) {
	for i := x.members.Len() - 1; i >= 0; i-- {
		who := x.members.At(i)
		if e, ok := b.entries.Get(who); !ok || e.Fails > 0 || !b.shared(now, e) {
			x.members.Delete(who)
		}
	}
}

// extend draws members until the excerpt is as large as it may be. Groups take turns,
// so that none fills it.
func (b *Book) extend(now time.Time, x *excerpt) {
	var byGroup ordered.Map[string, []id.ID]
	known := 0
	for who, e := range b.entries.All() {
		if !b.shared(now, e) {
			continue
		}
		known++
		if e.Fails == 0 && !x.members.Has(who) {
			pool, _ := byGroup.Get(e.group)
			byGroup.Put(e.group, append(pool, who))
		}
	}
	most := max(excerptFloor, known/4)
	pools := byGroup.Values()
	b.rng.Shuffle(len(pools), func(i, j int) { pools[i], pools[j] = pools[j], pools[i] })
	for _, pool := range pools {
		b.rng.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	}
	for round := 0; x.members.Len() < most; round++ {
		pools = slices.DeleteFunc(pools, func(pool []id.ID) bool { return round >= len(pool) })
		if len(pools) == 0 {
			return
		}
		for _, pool := range pools {
			if x.members.Len() < most {
				x.members.Add(pool[round])
			}
		}
	}
}
