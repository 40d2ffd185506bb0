package eclipse

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"time"
)

// The address manager of the rules "bitcoin2015": two tables of buckets, tried and new.

// btAddr is what the address manager knows of a host.
type btAddr struct {
	source   string
	seen     time.Time // believed
	success  time.Time
	try      time.Time // of this run
	attempts int
	tried    bool
	place    int32 // bucket in tried
	copies   []int32
}

func (b *bitcoin) hash(n int, words ...string) int {
	h := fnv.New64a()
	var k [8]byte
	binary.BigEndian.PutUint64(k[:], b.key)
	h.Write(k[:])
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return int(x % uint64(n))
}

// terrible tells whether an address may go at once.
func (a *btAddr) terrible(now time.Time) bool {
	switch {
	case !a.try.IsZero() && now.Sub(a.try) < time.Minute:
		return false
	case a.seen.After(now.Add(10 * time.Minute)), now.Sub(a.seen) > btHorizon:
		return true
	case a.success.IsZero() && a.attempts >= 3:
		return true
	}
	return now.Sub(a.success) > 7*24*time.Hour && a.attempts >= 10
}

// add takes what somebody says of a host.
func (b *bitcoin) add(now time.Time, who int32, source string, seen time.Time) {
	a := b.known[who]
	if a != nil {
		if seen.After(a.seen) {
			a.seen = seen
		}
		if a.tried || len(a.copies) >= btCopies || b.rng.IntN(1<<len(a.copies)) != 0 {
			return
		}
	} else {
		a = &btAddr{source: source, seen: seen}
		b.known[who] = a
		b.nNew++
	}
	way := b.hash(btNewWays, "way", source, b.p.all[who].group)
	at := b.hash(btNew, "new", source, string(rune(way)))
	if slices.Contains(b.fresh[at], who) {
		return
	}
	if len(b.fresh[at]) >= btBucket {
		b.makeRoom(now, at)
	}
	b.fresh[at] = append(b.fresh[at], who)
	a.copies = append(a.copies, int32(at))
}

// makeRoom takes one address out of a bucket of new: a terrible one, else the oldest of
// a few drawn at random.
func (b *bitcoin) makeRoom(now time.Time, at int) {
	bucket := b.fresh[at]
	gone := slices.IndexFunc(bucket, func(who int32) bool { return b.known[who].terrible(now) })
	if gone < 0 {
		gone = b.oldest(bucket)
	}
	b.uncopy(bucket[gone], at)
}

func (b *bitcoin) oldest(bucket []int32) int {
	worst := -1
	for range btInspect {
		i := b.rng.IntN(len(bucket))
		if worst < 0 || b.known[bucket[i]].seen.Before(b.known[bucket[worst]].seen) {
			worst = i
		}
	}
	return worst
}

// uncopy takes an address out of one bucket of new, and forgets it with the last.
func (b *bitcoin) uncopy(who int32, at int) {
	b.fresh[at] = without(b.fresh[at], who)
	a := b.known[who]
	a.copies = without(a.copies, int32(at))
	if len(a.copies) == 0 && !a.tried {
		delete(b.known, who)
		b.nNew--
	}
}

func without(list []int32, x int32) []int32 {
	if i := slices.Index(list, x); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// good notes a connection: the address goes to tried, and one of those there may have to
// go back to new. Nobody looks whether that one still answers.
func (b *bitcoin) good(now time.Time, who int32) {
	a := b.known[who]
	if a == nil {
		return
	}
	a.seen, a.success, a.try, a.attempts = now, now, now, 0
	if a.tried {
		return
	}
	a.tried = true
	for len(a.copies) > 0 {
		at := int(a.copies[0])
		b.fresh[at] = without(b.fresh[at], who)
		a.copies = a.copies[1:]
	}
	b.nNew--
	h := &b.p.all[who]
	way := b.hash(btTriedWays, "way", string(h.id[:]))
	at := b.hash(btTried, "tried", h.group, string(rune(way)))
	if len(b.tried[at]) >= btBucket {
		b.back(now, b.tried[at][b.oldest(b.tried[at])], at)
	}
	b.tried[at] = append(b.tried[at], who)
	a.place = int32(at)
	b.nTry++
}

// back moves an address from tried to new.
func (b *bitcoin) back(now time.Time, who int32, at int) {
	b.tried[at] = without(b.tried[at], who)
	b.nTry--
	a := b.known[who]
	delete(b.known, who)
	b.add(now, who, a.source, a.seen)
	c := b.known[who]
	c.success, c.try, c.attempts = a.success, a.try, a.attempts
}

// choose draws an address: from tried or new by a rule that favours tried while there
// are few connections, then from a random bucket, fresh ones with more chance.
func (b *bitcoin) choose(now time.Time) (int32, bool) {
	if len(b.known) == 0 {
		return 0, false
	}
	w := float64(len(b.out))
	tried := math.Sqrt(float64(b.nTry)) * (9 - w)
	fresh := math.Sqrt(float64(b.nNew)) * (1 + w)
	tables := b.fresh[:]
	if b.nTry > 0 && b.rng.Float64()*(tried+fresh) < tried {
		tables = b.tried[:]
	} else if b.nNew == 0 {
		return 0, false
	}
	for factor := 1.0; ; {
		bucket := tables[b.rng.IntN(len(tables))]
		if len(bucket) == 0 {
			continue
		}
		who := bucket[b.rng.IntN(len(bucket))]
		if b.rng.Float64() < factor*b.known[who].chance(now) {
			return who, true
		}
		factor *= 1.2
	}
}

func (a *btAddr) chance(now time.Time) float64 {
	c := 600 / (600 + max(now.Sub(a.seen), 0).Seconds())
	if !a.try.IsZero() && now.Sub(a.try) < btAgain {
		c *= 0.01
	}
	return c / math.Pow(1.5, float64(a.attempts))
}
