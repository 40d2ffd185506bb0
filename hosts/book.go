package hosts

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// What the book says to news it does not take.
var (
	ErrKnown   = errors.New("hosts: known already")
	ErrFull    = errors.New("hosts: no room")
	ErrUnknown = errors.New("hosts: not in the book")
	ErrSeed    = errors.New("hosts: a configured seed")
	ErrNetwork = errors.New("hosts: the record is of another network")
	ErrNoID    = errors.New("hosts: the address names no peer")
)

// Config of a Book. Zero caps take the limits of params.go.
type Config struct {
	Self     id.ID
	Localnet bool                 // private and loopback addresses are fine, limits per group are off
	Network  string               // records that name another network are refused; empty takes all
	Kinds    []link.Kind          // link kinds we can dial; empty means all
	Reaches  func(link.Addr) bool // as in Filter; SetReaches changes it
	Restrict link.Restriction
	Seeds    []id.ID    // configured seeds, which are kept out of the book
	Trace    trace.Func // events host_moved {Peer, Topic "from→to", Addr}
	// Banned are whom the configuration bans, for as long as it does.
	Banned []Target
	// Relaxed leaves misbehaviour without a ban, whatever its points.
	Relaxed bool
	// Open lets every answer to an address request be drawn from the whole book, as a
	// seed's: it is there to tell, and has no neighbours to hide.
	Open bool
	// Secret keys the buckets; the file keeps it. A world with strangers draws one: zero
	// stands for one that follows from Self.
	Secret [32]byte

	GreyMax, WhiteMax, GoldMax, DarkMax, BansMax, SourceMax int
}

func (c *Config) fill() {
	set := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	set(&c.GreyMax, GreyMax)
	set(&c.WhiteMax, WhiteMax)
	set(&c.GoldMax, GoldMax)
	set(&c.DarkMax, DarkMax)
	set(&c.BansMax, BansMax)
	set(&c.SourceMax, SourceMax)
}

// Book holds every host we know. It is a plain value for one goroutine.
type Book struct {
	cfg       Config
	rng       *rand.Rand
	filter    Filter
	entries   ordered.Map[id.ID, *entry]
	lists     [len(Colours)]list
	bans      bans
	sources   ordered.Map[string, int]     // unproven greys by source group
	ips       ordered.Map[netip.Addr, int] // unproven greys by IP address
	knocks    knocks
	buckets   buckets
	grudges   lru[id.ID, grudge] // at most BansMax
	order     []int32            // scratch of draws
	elderLuck float64            // how often dials of elders succeeded lately
	swept     int                // where Advance looks next
	anchors   []id.ID            // at most AnchorsMax
	contests  []contest          // at most contestsMax
	version   uint64
	returned  time.Time // when the return of a host last excused others
	untried   int       // see Untried
	// excerpts are what askers hear of.
	excerpts ordered.Map[excerptKey, *excerpt]

	taken, skipped int  // lines of the last Load
	unclean        bool // what it read was not the last save of an orderly stop
}

// New makes an empty book. rng serves picks, jitter and evictions.
func New(cfg Config, rng *rand.Rand) *Book {
	cfg.fill()
	b := &Book{cfg: cfg, rng: rng}
	b.filter = Filter{Self: cfg.Self, Localnet: cfg.Localnet, Kinds: cfg.Kinds, Reaches: cfg.Reaches, Restrict: cfg.Restrict}
	b.bans.max = cfg.BansMax
	for _, t := range cfg.Banned[:min(len(cfg.Banned), cfg.BansMax)] {
		b.bans.ever.Add(t)
	}
	if cfg.Secret == [32]byte{} {
		b.cfg.Secret = sha256.Sum256(cfg.Self[:])
	}
	b.elderLuck = eldersShareMax
	b.makeBuckets()
	return b
}

// Version changes whenever there may be somebody new to dial: a host came in,
// changed its colour or its addresses, or a ban ended.
func (b *Book) Version() uint64 { return b.version }

// Len tells how many hosts the book holds.
func (b *Book) Len() int { return b.entries.Len() }

// Get returns a host.
func (b *Book) Get(who id.ID) (Host, bool) {
	e, ok := b.entries.Get(who)
	if !ok {
		return Host{}, false
	}
	return e.Host, true
}

// Hear takes a verified record on the word of source, the network group of whoever
// told us (empty for a local network and for our own configuration). The result is
// nil when the host is a new candidate; ErrKnown when the book knew it, even if
// the record was newer and has been taken; else why it is not taken.
func (b *Book) Hear(now time.Time, source string, r *enr.Record) error {
	if r == nil {
		return ErrNoID
	}
	return b.hear(now, source, r.ID(), r, nil)
}

// HearAddr is Hear for an address without a record; it must name its peer.
func (b *Book) HearAddr(now time.Time, source string, a link.Addr) error {
	return b.HearAddrs(now, source, []link.Addr{a})
}

// HearAddrs is HearAddr for several addresses of one peer, which the first names.
// Of those that the filter lets pass a few are kept.
func (b *Book) HearAddrs(now time.Time, source string, addrs []link.Addr) error {
	if len(addrs) == 0 || addrs[0].ID().IsZero() {
		return ErrNoID
	}
	who := addrs[0].ID()
	var e entry
	err := ErrAddress
	for i := len(addrs) - 1; i >= 0; i-- { // observe puts the newest first
		if why := b.filter.placed(addrs[i]); why != nil || addrs[i].ID() != who {
			err = why
			continue
		}
		e.observe(addrs[i])
	}
	if len(e.observed) == 0 {
		if err == nil {
			err = ErrAddress
		}
		return err
	}
	return b.hear(now, source, who, nil, e.observed)
}

func (b *Book) hear(now time.Time, source string, who id.ID, r *enr.Record, observed []link.Addr) error {
	if err := b.welcome(now, who); err != nil {
		return err
	}
	if e, ok := b.entries.Get(who); ok {
		return b.hearAgain(now, e, r, observed)
	}
	addrs, dark, err := b.addresses(now, r, observed)
	if err != nil {
		return err
	}
	e := &entry{Host: Host{ID: who, Record: r, Source: source}, observed: observed}
	e.setAddrs(addrs, b.cfg.Localnet)
	to := Grey
	if dark {
		to, e.LastTried = Dark, now // the day in the dark counts from here
	}
	if err := b.room(now, to, e); err != nil {
		return err
	}
	b.place(now, e, to)
	return nil
}

// welcome refuses ourselves, seeds and banned keys.
func (b *Book) welcome(now time.Time, who id.ID) error {
	switch {
	case who.IsZero():
		return ErrNoID
	case who == b.cfg.Self:
		return ErrSelf
	case slices.Contains(b.cfg.Seeds, who):
		return ErrSeed
	case b.bans.has(now, OfID(who)):
		return ErrBanned
	}
	return nil
}

// hearAgain takes a newer record of a known host. An address without a record
// changes nothing: hearsay does not add places to dial.
func (b *Book) hearAgain(now time.Time, e *entry, r *enr.Record, heard []link.Addr) error {
	if e.Colour == Dark && r == nil && slices.ContainsFunc(heard, b.filter.Dialable) {
		for _, a := range heard {
			e.observe(a)
		}
		r = e.Record
	} else if !newer(r, e.Record) {
		return ErrKnown
	}
	addrs, dark, err := b.addresses(now, r, e.observed)
	if err != nil {
		return err
	}
	was := e.Colour
	b.relist(e, func() {
		e.Record = r
		e.setAddrs(addrs, b.cfg.Localnet)
	})
	switch {
	case dark && (was == Grey || was == White || was == Dark):
		e.LastTried = now
		b.shift(now, e, Dark)
	case !dark && was == Dark:
		if b.shift(now, e, Grey) == nil {
			return nil
		}
	}
	b.version++
	return ErrKnown
}

// Seen notes a link that came up. A host we dialled is reached and may carry the
// address; one that dialled us counts as linked only when its record names the IP
// address it came from.
func (b *Book) Seen(now time.Time, info link.Info) error {
	if err := b.welcome(now, info.ID); err != nil {
		return err
	}
	e, known := b.entries.Get(info.ID)
	if !known {
		e = &entry{Host: Host{ID: info.ID, Source: b.groupOf(info.Addr)}}
	}
	observed := e.observed
	if info.Dir == link.Out {
		probe := entry{observed: slices.Clone(e.observed)}
		if a := info.Addr.WithPeer(info.PeerID); b.filter.placed(a) == nil && !a.Relayed() {
			probe.observe(a)
		}
		observed = probe.observed
	}
	r := e.Record
	if newer(info.Record, r) {
		r = info.Record
	}
	addrs, dark, err := b.addresses(now, r, observed)
	if err != nil {
		return err
	}
	if !known {
		e.setAddrs(addrs, b.cfg.Localnet)
		if info.Dir == link.Out {
			e.proved(now)
		}
		to := Grey
		if dark {
			to, e.LastTried = Dark, now
		}
		if err := b.room(now, to, e); err != nil {
			return err
		}
		b.place(now, e, to)
	}
	b.relist(e, func() {
		e.Record, e.observed = r, observed
		e.setAddrs(addrs, b.cfg.Localnet)
		e.LastSeen = now
		if info.Dir == link.Out {
			e.proved(now)
		}
		e.Ever = e.Ever || info.Dir == link.Out || namesIP(addrs, info.Addr)
	})
	return nil
}

// Own notes that a dial to a host's address reached ourselves: the address is ours
// from now on, and a host that has no other is forgotten.
func (b *Book) Own(now time.Time, who id.ID, a link.Addr) {
	b.filter.Mine(now, a)
	e, ok := b.entries.Get(who)
	if !ok {
		return
	}
	addrs, _, err := b.addresses(now, e.Record, e.observed)
	if err == nil {
		b.relist(e, func() { e.setAddrs(addrs, b.cfg.Localnet) })
		return
	}
	if e.Colour == Gold { // only grey may be forgotten
		_ = b.shift(now, e, Grey)
	}
	if Legal(e.Colour, None) {
		b.drop(now, e)
	}
}

func namesIP(addrs []link.Addr, from link.Addr) bool {
	return slices.ContainsFunc(addrs, func(a link.Addr) bool {
		return a.Kind() == link.Mem || (a.IP().IsValid() && a.IP() == from.IP())
	})
}

// groupOf is the source group of an address: none within a local network.
func (b *Book) groupOf(a link.Addr) string {
	if b.cfg.Localnet || a.IsZero() || a.IsLoopback() {
		return ""
	}
	return a.Group()
}

// Advance ends bans and forgets what stayed in the dark too long, and old knocks.
func (b *Book) Advance(now time.Time) {
	for _, t := range b.bans.expire(now) {
		b.release(now, t)
	}
	for _, e := range slices.Clone(b.lists[index(Dark)].all) {
		if now.Sub(e.LastTried) >= DarkFor {
			b.drop(now, e)
		}
	}
	b.knocks.sweep(now)
	b.filter.forget(now)
	b.forgive(now)
	b.sweep(now)
}

// sweep brings times of a few hosts back to now that lie ahead because our clock was
// set back: they would rest, or seem fresh, until it is there again.
func (b *Book) sweep(now time.Time) {
	for range min(sweepMany, b.entries.Len()) {
		b.swept++
		_, e := b.entries.At(b.swept % b.entries.Len())
		if ahead := now.Add(futureMax); e.RetryAt.After(ahead.Add(2*redialMax)) || e.LastSeen.After(ahead) || e.LastTried.After(ahead) || e.Proven.After(ahead) {
			b.relist(e, func() {
				for _, t := range []*time.Time{&e.RetryAt, &e.LastSeen, &e.LastTried, &e.Proven} {
					if t.After(now) {
						*t = now
					}
				}
			})
		}
	}
}
