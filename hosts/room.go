package hosts

import (
	"fmt"
	"math/rand/v2"
	"time"
)

func full(of string) error { return fmt.Errorf("%w for %s", ErrFull, of) }

// room makes place for e in a list that e does not stand in, by the rules of
// doc.go, or says ErrFull.
func (b *Book) room(now time.Time, to Colour, e *entry) error {
	switch to {
	case Grey:
		if e.Reached {
			return b.roomFormer(now)
		}
		return b.roomUnproven(now, e)
	case White:
		return b.roomProven(now, e)
	case Dark:
		return b.roomDark(now, e)
	case Gold:
		if len(b.lists[index(Gold)].all) >= b.cfg.GoldMax {
			return full("more gold")
		}
	}
	return nil // black is bounded by the ban list
}

// roomUnproven displaces an unproven host of the same bucket, or of the fullest when
// the list is full: hearsay displaces nobody whom we reached.
func (b *Book) roomUnproven(now time.Time, e *entry) error {
	if err := b.quota(e); err != nil {
		return err
	}
	c := b.bucket(Grey, e)
	if !c.full() {
		if len(b.lists[index(Grey)].all) < b.cfg.GreyMax {
			return nil
		}
		c = fullest(&b.buckets.looseUnproven, b.buckets.unproven)
	}
	source := b.sourceOf(e)
	worst, most := c.worst(now, b.rng, b.sourceOf)
	switch {
	case worst == nil:
		return full("more " + string(Grey))
	case !worst.bad(now) && c.from(b.sourceOf, source) >= most:
		return full("more from " + source) // it would only displace its own
	}
	b.drop(now, worst)
	return nil
}

// sourceOf is the group on whose word a host is in the book: its own when it spoke for
// itself, or we for it.
func (b *Book) sourceOf(e *entry) string {
	if e.Source == "" {
		return e.group
	}
	return e.Source
}

// from counts a bucket's members of one source.
func (c *bucket) from(sourceOf func(*entry) string, source string) (n int) {
	for _, e := range c.members[:min(len(c.members), BucketMax)] {
		if sourceOf(e) == source {
			n++
		}
	}
	return n
}

// worst is who should go of a bucket: a bad one, else of the source that has the most
// there the one that failed most in a row, any when none did. most is how many that
// source has. Of a long bucket only some are looked at.
func (c *bucket) worst(now time.Time, rng *rand.Rand, sourceOf func(*entry) string) (worst *entry, most int) {
	n := len(c.members)
	if n == 0 {
		return nil, 0
	}
	at, looks := rng.IntN(n), min(n, BucketMax)
	var sources [BucketMax]string // the distinct ones
	var has, of [BucketMax]int    // how many each has; whose the i-th member is
	distinct := 0
	for i := range looks {
		e := c.members[(at+i)%n]
		if e.bad(now) {
			return e, n
		}
		source, j := sourceOf(e), 0
		for j < distinct && sources[j] != source {
			j++
		}
		if j == distinct {
			sources[j] = source
			distinct++
		}
		has[j]++
		of[i] = j
	}
	for i := range looks {
		e, many := c.members[(at+i)%n], has[of[i]]
		if worst == nil || many > most || many == most && e.Fails > worst.Fails {
			worst, most = e, many
		}
	}
	return worst, most
}

// roomFormer keeps hosts we once reached to half of grey, so that many that come and go
// leave room to hear of others; beyond it the worst of a few of them goes.
func (b *Book) roomFormer(now time.Time) error {
	if len(b.buckets.former.members) >= max(1, b.cfg.GreyMax/2) {
		return b.displace(now, &b.buckets.former, Grey)
	}
	if len(b.lists[index(Grey)].all) < b.cfg.GreyMax {
		return nil
	}
	if c := fullest(&b.buckets.looseUnproven, b.buckets.unproven); len(c.members) > 0 {
		worst, _ := c.worst(now, b.rng, b.sourceOf)
		b.drop(now, worst)
		return nil
	}
	return b.displace(now, &b.buckets.former, Grey)
}

// displace forgets one of the hosts that we reached once: a bad one, else the one that
// failed most in a row, else any, of some that are looked at. Anchors stay.
func (b *Book) displace(now time.Time, c *bucket, of Colour) error {
	n := len(c.members)
	if n == 0 {
		return full("more " + string(of))
	}
	var worst *entry
	at := b.rng.IntN(n)
	for i := range min(n, BucketMax) {
		e := c.members[(at+i)%n]
		switch {
		case e.Anchor:
			continue
		case e.bad(now):
			b.drop(now, e)
			return nil
		case worst == nil || e.Fails > worst.Fails:
			worst = e
		}
	}
	if worst == nil {
		return full("more " + string(of))
	}
	b.drop(now, worst)
	return nil
}

// roomProven displaces a bad host at once, and has the one that was not seen for
// longest tested otherwise: see Contest.
func (b *Book) roomProven(now time.Time, e *entry) error {
	c := b.bucket(White, e)
	if !c.full() {
		if len(b.lists[index(White)].all) < b.cfg.WhiteMax {
			return nil
		}
		c = fullest(&b.buckets.looseProven, b.buckets.proven)
	}
	var oldest *entry
	at := b.rng.IntN(len(c.members))
	for i := range min(len(c.members), BucketMax) {
		x := c.members[(at+i)%len(c.members)]
		if x.bad(now) && !x.Anchor {
			b.drop(now, x)
			return nil
		}
		if oldest == nil || x.LastSeen.Before(oldest.LastSeen) {
			oldest = x
		}
	}
	b.challenge(now, oldest, e)
	return full("more " + string(White))
}

// roomDark displaces one of a few, an unproven one before those we reached; a host that
// we never reached displaces none that we did.
func (b *Book) roomDark(now time.Time, e *entry) error {
	all := b.lists[index(Dark)].all
	if len(all) < b.cfg.DarkMax {
		return nil
	}
	victim := all[b.rng.IntN(len(all))]
	for range drawsMax {
		if victim.Reached {
			victim = all[b.rng.IntN(len(all))]
		}
	}
	if victim.Reached && !e.Reached {
		return full("more " + string(Dark))
	}
	b.drop(now, victim)
	return nil
}
