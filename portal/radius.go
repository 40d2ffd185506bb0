package portal

import (
	"encoding/binary"
	"time"

	"github.com/ropewalk/ropewalk/content"
)

// radius is what we believe of how far a node's interest reaches. What it says is a hint:
// what it did with offers counts for more, and it cannot change its word at every ping.
type radius struct {
	told   content.Distance
	toldAt time.Time // when told last changed; zero: it never said
	// refused is the nearest point it declined as outside, until refusedUntil.
	refused      content.Distance
	refusedUntil time.Time
	// took is the farthest point it accepted since it last refused a nearer one.
	took    content.Distance
	tookAny bool
	tookAt  time.Time
}

// tell notes what the node says. A change within radiusEvery of the last is not believed.
func (r *radius) tell(now time.Time, d content.Distance) {
	switch {
	case r.toldAt.IsZero():
	case d == r.told:
		return
	case now.Sub(r.toldAt) < radiusEvery:
		return
	}
	r.told, r.toldAt = d, now
}

// accepted notes that the node took something at a distance.
func (r *radius) accepted(now time.Time, d content.Distance) {
	if !r.tookAny || d.Cmp(r.took) > 0 {
		r.took, r.tookAny, r.tookAt = d, true, now
	}
	if now.Before(r.refusedUntil) && d.Cmp(r.refused) >= 0 {
		r.refusedUntil = time.Time{}
	}
}

// declined notes that the node refused something at a distance as outside its radius.
func (r *radius) declined(now time.Time, d content.Distance) {
	if !now.Before(r.refusedUntil) || d.Cmp(r.refused) < 0 {
		r.refused = d
	}
	r.refusedUntil = now.Add(refusedFor)
	if r.tookAny && d.Cmp(r.took) <= 0 {
		r.tookAny = false
	}
}

// covers tells whether the node takes what is at a distance, and whether we know.
func (r *radius) covers(now time.Time, d content.Distance) (covers, known bool) {
	switch {
	case now.Before(r.refusedUntil) && d.Cmp(r.refused) >= 0:
		return false, true
	case r.tookAny && now.Sub(r.tookAt) < refusedFor && d.Cmp(r.took) <= 0:
		return true, true
	case r.toldAt.IsZero():
		return false, false
	}
	return d.Cmp(r.told) <= 0, true
}

// changed tells whether a radius differs from another by more than announceStep percent.
func changed(old, now content.Distance) bool {
	a, b := float64(binary.BigEndian.Uint64(old[:])), float64(binary.BigEndian.Uint64(now[:]))
	return max(a, b)-min(a, b) > a*announceStep/100
}
