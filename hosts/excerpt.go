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
	members ordered.Map[id.ID, struct{}]
	hidden  bool      // of hosts that hidden networks alone lead to, or of all others
	until   time.Time // then it is drawn anew
	tended  time.Time // when members that are gone were last replaced
	version uint64    // of the book when it was last looked over
}

// Asker is who asks for hosts.
type Asker struct {
	Network link.Network // by which it came
	Hidden  bool         // hosts that hidden networks alone lead to are welcome too
	ID      id.ID        // is not told of itself
}

// Tell draws hosts for an answer to an address request: at most limit, at most
// SampleMax. They come out of an excerpt of the book that is kept for excerptFor for each
// network that askers come by: a quarter of the hosts we may tell of, or excerptFloor
// where that is more. It grows with the book, and a member that is gone makes room for
// another, seldom. Hosts that hidden networks alone lead to are in excerpts of their own.
// In a local network, and where the book is Open, each answer is Sample's.
func (b *Book) Tell(now time.Time, who Asker, limit int) []Host {
	if b.cfg.Localnet || b.cfg.Open {
		return b.Sample(now, limit, func(x id.ID) bool {
			e, ok := b.entries.Get(x)
			return !ok || x == who.ID || e.hidden() && !who.Hidden
		})
	}
	pool := b.excerptOf(now, excerptKey{who.Network, false}).members.Keys()
	if who.Hidden {
		pool = append(pool, b.excerptOf(now, excerptKey{who.Network, true}).members.Keys()...)
	}
	limit = min(limit, SampleMax)
	var out []Host
	for _, i := range b.rng.Perm(len(pool)) {
		if len(out) >= limit {
			break
		}
		if e, ok := b.entries.Get(pool[i]); ok && b.shared(now, e) && e.ID != who.ID {
			out = append(out, e.Host)
		}
	}
	return out
}

// hidden tells whether a host can be reached through hidden networks alone.
func (e *entry) hidden() bool {
	return !slices.ContainsFunc(e.Addrs, func(a link.Addr) bool { return !a.Network().Hidden() })
}

// excerptKey names an excerpt: of hosts that hidden networks alone lead to, or of all
// others, for who comes by a network.
type excerptKey struct {
	network link.Network
	hidden  bool
}

// excerptOf is an excerpt, brought up to now.
func (b *Book) excerptOf(now time.Time, k excerptKey) *excerpt {
	x, ok := b.excerpts.Get(k)
	switch {
	case !ok && b.excerpts.Len() >= excerptsMax:
		return &excerpt{}
	case !ok || !now.Before(x.until):
		// Not a day sharp: who asks every hour must not see when it is.
		x = &excerpt{hidden: k.hidden, until: now.Add(excerptFor - time.Duration(b.rng.Int64N(int64(excerptFor/8)))), tended: now}
		b.excerpts.Put(k, x)
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
		who, _ := x.members.At(i)
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
		if !b.shared(now, e) || e.hidden() != x.hidden {
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
				x.members.Put(pool[round], struct{}{})
			}
		}
	}
}
