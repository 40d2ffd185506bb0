package hosts

import (
	"math"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// grudge is what is held against a peer for what it did on a link of its own.
type grudge struct {
	points float64
	at     time.Time // when they were that many
	bans   int       // it has brought
}

// Blame adds points for a breach that a peer committed on a link of its own, and tells
// until when it is banned for it, or the zero time: with blameMax points, which halve
// every blameHalves, for blameBan, twice as long each time, at most blameBanMax. It is held against the key,
// never against an address, which others may share. A Relaxed book blames nobody.
func (b *Book) Blame(now time.Time, who id.ID, points int) (until time.Time) {
	if who.IsZero() || who == b.cfg.Self || points <= 0 || b.cfg.Relaxed {
		return time.Time{}
	}
	g, _ := b.grudges.get(who)
	g.points = g.now(now) + float64(min(points, blameMax))
	g.at = now
	if g.points >= blameMax {
		g.points = 0
		d := min(blameBan<<g.bans, blameBanMax)
		_ = b.ban(now, OfID(who), d, true)
		until = now.Add(d)
		g.bans = min(g.bans+1, blameBansMax)
	}
	b.grudges.put(who, g)
	if b.grudges.len() > b.cfg.BansMax {
		oldest, _, _ := b.grudges.oldest()
		b.grudges.delete(oldest)
	}
	return until
}

// now is what is left of the points.
func (g grudge) now(now time.Time) float64 {
	if g.points == 0 {
		return 0
	}
	return g.points * math.Exp2(-max(0, now.Sub(g.at).Seconds())/blameHalves.Seconds())
}

// forgive forgets what was long ago.
func (b *Book) forgive(now time.Time) {
	for {
		who, g, ok := b.grudges.oldest()
		if !ok || now.Sub(g.at) < blameFor {
			return
		}
		b.grudges.delete(who)
	}
}
