package eclipse

import (
	"math/rand/v2"
	"time"
)

// presence is whether an honest host is there, and until when.
type presence struct {
	on    bool
	until time.Time
	since time.Time
}

// presences are those of all honest hosts. Times asked for must not go back.
type presences struct {
	all []presence
	rng *rand.Rand
}

func newPresences(n int, now time.Time, rng *rand.Rand) *presences {
	p := &presences{all: make([]presence, n), rng: rng}
	share := float64(onFor) / float64(onFor+offFor)
	for i := range p.all {
		p.all[i] = presence{on: rng.Float64() < share, since: now}
		p.all[i].until = now.Add(p.stay(p.all[i].on))
	}
	return p
}

// fork is a copy that goes its own way from here on.
func (p *presences) fork(rng *rand.Rand) *presences {
	return &presences{all: append([]presence(nil), p.all...), rng: rng}
}

func (p *presences) stay(on bool) time.Duration {
	mean := offFor
	if on {
		mean = onFor
	}
	return time.Duration(p.rng.ExpFloat64() * float64(mean))
}

// at is the presence of a host at a moment.
func (p *presences) at(i int32, now time.Time) presence {
	x := &p.all[i]
	for !now.Before(x.until) {
		x.on, x.since = !x.on, x.until
		x.until = x.until.Add(p.stay(x.on))
	}
	return *x
}
