package session

import (
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Keeper is the slot scheduler: the single writer of slot and dial state. It is a
// plain value for one goroutine.
type Keeper struct {
	cfg     Config
	book    *hosts.Book
	rng     *rand.Rand
	dialer  Dialer
	finder  Finder
	tickets id.Tickets // never start again, so that a late link finds no namesake

	running bool
	manuals []*slot
	outs    []*slot
	seeds   []*slot
	probes  []*slot
	// seedGroups are the network groups of seeds: their word is bounded, see crowding.
	seedGroups ordered.Set[string]
	dials      ordered.Map[id.Ticket, *dial]
	links      ordered.Map[id.ID, *conn]
	trusted    ordered.Set[id.ID]
	protected  ordered.Map[id.ID, []string] // tags; at most protectedMax
	groupKey   [32]byte                     // orders network groups; drawn at its first use
	used       uint64                       // the last Answer.Use
	queue      []waiter                     // direct dials not started yet
	lates      ordered.Map[id.ID, *late]
	rate       rate
	news       News
	next       time.Time // Deadline; zero when none

	peers     int           // links that count as peers
	peersAt   time.Time     // since when there are peers, or none
	zeroUntil time.Time     // without peers, seeds are asked from here on in any case
	took      time.Duration // that dials take which come up, smoothed; 0 before the first
	heardAt   time.Time     // when a link came up last, of whatever kind
	outFails  int           // failed outbound dials since the last link or loss of all
	dry       dry
	find      find
	contact   contact
	probing   probing
	anchors   anchors
	losses    losses
	bookAt    time.Time // next Advance of the book
}

// dry remembers that the book has nobody for the slots, and until when that is so.
type dry struct {
	is      bool
	version uint64    // of the book
	until   time.Time // somebody's delay ends; zero when nobody's will
}

// New makes a Keeper that is not started. It does not own the book; the book must
// be loaded before Start.
func New(cfg Config, book *hosts.Book, rng *rand.Rand, d Dialer, f Finder) *Keeper {
	cfg.fill()
	k := &Keeper{cfg: cfg, book: book, rng: rng, dialer: d, finder: f}
	k.tickets.Owner = Owner
	k.probes = newProbes()
	for _, a := range cfg.Seeds[:min(len(cfg.Seeds), SlotsMax)] {
		if find1(k.seeds, a) == nil {
			k.seeds = append(k.seeds, newSlot(len(k.seeds), Seed, a))
		}
	}
	for _, a := range cfg.Peers {
		k.addManual(a)
	}
	for _, who := range cfg.Trusted[:min(len(cfg.Trusted), TrustedMax)] {
		k.trusted.Add(who)
	}
	for i := range cfg.Outbound {
		k.outs = append(k.outs, newSlot(i, Outbound, link.Addr{}))
	}
	k.redeal()
	return k
}

// Start begins to work: manual slots, then inbound, then outbound, at the Advance
// that is due at once. Starting twice is starting once.
func (k *Keeper) Start(now time.Time) {
	if k.running {
		return
	}
	k.running = true
	k.rate = rate{}
	k.outFails, k.dry = 0, dry{}
	k.find, k.contact = find{}, contact{}
	k.bookAt = now
	k.peersAt, k.heardAt = time.Time{}, time.Time{}
	k.lost(now)
	k.contact.notBefore = now
	for _, s := range k.manuals {
		k.wake(now, s)
	}
	for _, s := range k.outs {
		s.rest(now, now, "")
	}
	for _, s := range k.seeds {
		s.rest(now, time.Time{}, "")
		s.times.luck = k.rng.Float64() // who is first
		k.meetSeed(s.home)
	}
	k.startProbes(now)
	k.recallAnchors(now)
	k.next = now
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: "start"})
}

// Stop undoes everything: dials are forgotten, so that a link which comes of one is
// refused, every link is dropped, every slot is idle, whoever waited is answered.
// The book is left as it is: our own closing says nothing about a host. Stopping
// twice, or before Start, does nothing.
func (k *Keeper) Stop(now time.Time) News {
	if !k.running {
		return k.take()
	}
	k.running = false
	for _, w := range k.queue {
		k.news.Answers = append(k.news.Answers, Answer{Ticket: w.ticket, Err: ErrStopped})
	}
	for _, d := range k.dials.All() {
		k.answer(d, id.ID{}, ErrStopped)
	}
	for _, l := range k.lates.All() {
		k.tell(l.users, id.ID{}, ErrStopped)
	}
	k.lates = ordered.Map[id.ID, *late]{}
	links := k.links
	k.dials, k.links, k.queue = ordered.Map[id.Ticket, *dial]{}, ordered.Map[id.ID, *conn]{}, nil
	k.peers, k.next = 0, time.Time{}
	k.rate, k.dry, k.find, k.contact = rate{}, dry{}, find{}, contact{}
	for _, s := range k.everySlot() {
		s.idle(now, "stopped")
	}
	for _, kind := range []Kind{Manual, Inbound, Seed, Outbound, Refine, Direct} {
		for who, c := range links.All() {
			if c.kind == kind {
				k.dialer.Drop(who, link.Quitting)
			}
		}
	}
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: "stop"})
	return k.take()
}

// Advance does what is due. Calling it early or late is harmless.
func (k *Keeper) Advance(now time.Time) News {
	if !k.running {
		return k.take()
	}
	if !now.Before(k.bookAt) {
		k.book.Advance(now)
		k.nameAnchors(now)
		k.bookAt = now.Add(bookEvery)
	}
	k.expire(now)
	k.expireLate(now)
	k.runManual(now)
	k.runDirect(now)
	k.yield(now)
	k.runOutbound(now)
	k.runSeeds(now)
	k.runFind(now)
	k.runProbes(now)
	k.next = k.due(now)
	return k.take()
}

// expire fails the dials whose deadline passed.
func (k *Keeper) expire(now time.Time) {
	for _, t := range k.dials.Keys() {
		if d, ok := k.dials.Get(t); ok && !now.Before(d.until) {
			k.failed(now, t, link.Timeout.String())
		}
	}
}

// Deadline is when Advance is due; zero when nothing is planned.
func (k *Keeper) Deadline() time.Time {
	if k.running && k.dry.is && k.dry.version != k.book.Version() && k.hungry() {
		return k.bookAt.Add(-bookEvery) // news in the book: at once
	}
	return k.next
}

// due is the earliest moment at which something is to be done.
func (k *Keeper) due(now time.Time) time.Time {
	at := k.bookAt
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	for _, d := range k.dials.All() {
		sooner(d.until)
	}
	for _, l := range k.lates.All() {
		sooner(l.until)
	}
	if k.dials.Len() < inFlightMax { // else an outcome comes first
		free := k.rate.free(now)
		for _, t := range []time.Time{k.manualDue(), k.directDue(now), k.outboundDue(), k.contactDue(now), k.probeDue()} {
			if !t.IsZero() {
				sooner(later(t, free))
			}
		}
	}
	sooner(k.askDue())
	sooner(k.slowDue())
	sooner(k.findDue())
	return at
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stir makes Advance due at once and hands out the news.
func (k *Keeper) stir(now time.Time) News {
	if k.running {
		k.next = now
	}
	return k.take()
}

// nudge makes Advance due at once.
func (k *Keeper) nudge(now time.Time) {
	if k.running {
		k.next = now
	}
}

func (k *Keeper) take() News {
	n := k.news
	k.news = News{}
	return n
}

// jitter varies d by a quarter either way.
func (k *Keeper) jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + k.rng.Float64()/2))
}

// grown is base · 2^n, at most top, with jitter.
func (k *Keeper) grown(base time.Duration, n int, top time.Duration) time.Duration {
	d := top
	if n < 20 {
		d = min(base<<n, top)
	}
	return k.jitter(d)
}
