package eclipse

import (
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// rules are how a victim chooses its peers. It is a plain value; what it wants done it
// asks of its deck, which does not call back before the call returns.
type rules interface {
	// start begins to work, with what was loaded or remembered.
	start(now time.Time)
	// save is what a restart finds.
	save(now time.Time) saved
	// remember is a host that was heard of and tried long ago, before start.
	remember(now time.Time, r memory)

	advance(now time.Time)
	deadline() time.Time // zero for none

	// dialled is the outcome of a dial; when it is true and the result is not, the link
	// is not kept.
	dialled(now time.Time, t id.Ticket, who int32, ok bool) (keep bool)
	// called: a host has dialled the victim.
	called(now time.Time, who int32) (keep bool)
	// lost: a link has ended.
	lost(now time.Time, who int32)
	// heard: a connected host tells of others, as an answer to t or because it likes to.
	heard(now time.Time, from int32, t id.Ticket, list []notice)

	// outbound are the hosts in outbound slots.
	outbound() []int32
}

// saved is what a victim finds when it restarts.
type saved any

// notice is what somebody says of a host: who, and when it was last seen there.
type notice struct {
	who  int32
	seen time.Time
}

// memory is one host of a victim's history.
type memory struct {
	who    int32
	source int32 // who told of it
	tried  time.Time
	there  bool
}

// deck is what rules can do in the network.
type deck interface {
	dial(t id.Ticket, who int32)
	drop(who int32)
	// ask has a connected host tell of up to most others; heard follows.
	ask(who int32, t id.Ticket, most int)
}

// maker makes a victim; from is nil for a new one. bare takes out of what was saved all
// that says who was connected.
type maker func(p *population, d deck, rng *rand.Rand, now time.Time, from saved, bare bool) (rules, error)

// Rules are the names of the rule sets, the product's first.
var Rules = []string{"ropewalk", "darkfi", "bitcoin2015"}

var makers = map[string]maker{"ropewalk": newRopewalk, "darkfi": newDarkfi, "bitcoin2015": newBitcoin}
