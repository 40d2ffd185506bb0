package session

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Owner is the owner of the tickets the Keeper makes.
const Owner id.Owner = "session"

// Kind is the session a link belongs to: the reason for having it.
type Kind string

// The kinds. The empty Kind is no link.
const (
	None     Kind = ""
	Manual   Kind = "manual"
	Inbound  Kind = "inbound"
	Outbound Kind = "outbound"
	Seed     Kind = "seed"
	Refine   Kind = "refine"
	Direct   Kind = "direct"
)

// IsPeer tells whether links of the kind count as peers: all but those of seeds
// and probes.
func (k Kind) IsPeer() bool { return k != None && k != Seed && k != Refine }

// What Connect says.
var (
	ErrStopped = errors.New("session: not started")
	ErrSelf    = errors.New("session: this is our own address")
	ErrBanned  = errors.New("session: banned")
	ErrBusy    = errors.New("session: too many dials waiting")
	ErrFull    = errors.New("session: no more of them")
	ErrOutside = errors.New("session: outside the networks we are restricted to")
)

// Dialer is asked for links. Neither method calls back before it returns.
type Dialer interface {
	// Dial starts one attempt; the outcome is Admit and Up, or DialFailed, with t.
	Dial(t id.Ticket, to link.Addr)
	// GiveUp ends an attempt whose outcome nobody waits for any more; one that comes
	// nevertheless changes nothing.
	GiveUp(t id.Ticket)
	// Drop ends the link with a remote; Down follows.
	Drop(who id.ID, why link.Reason)
}

// Finder asks connected peers for addresses. What they say goes into the book; how
// many hosts of it were new comes back as Found with t, once or several times.
type Finder interface {
	Find(now time.Time, t id.Ticket)
}

// SeedFinder is a Finder that can ask one peer. Seeds are asked alone when the
// Finder is one; otherwise everybody connected is asked, the seed among them.
type SeedFinder interface {
	FindFrom(now time.Time, t id.Ticket, who id.ID)
}

// Config of a Keeper.
type Config struct {
	Self     id.ID
	Localnet bool // no limits per network group
	// Outbound is the number of outbound slots, Inbound the cap on inbound links;
	// 0 takes the default, negative means none.
	Outbound, Inbound int
	// KnownPercent is how many percent of the outbound slots prefer proven hosts, at most
	// KnownPercentMax; 0 takes the default, negative means none.
	KnownPercent int
	// Total bounds all peers together, trusted ones aside; 0 means that only the two
	// above bound them. With it, peers dialled on demand and manual ones take the
	// places of outbound slots.
	Total        int
	Peers, Seeds []link.Addr
	Trusted      []id.ID // see Trust; at most TrustedMax
	// Restrict, when not empty, are the only networks we have links with.
	Restrict link.Restriction
	// DialFor is the deadline of one dial at an address, whoever wants it: what its way
	// takes, resolve to hello. Worlds have their own, a little shorter, and this catches the
	// outcome that never came. nil means 20 s for all.
	DialFor func(link.Addr) time.Duration
	// RefineEvery is the period of probes; 0 takes 15 s, negative means none.
	RefineEvery time.Duration
	// Witness tells how inbound peers have done, when one has to go; nil knows nothing.
	Witness Witness
	Trace   trace.Func
}

func (c *Config) fill() {
	count := func(n *int, to int) {
		if *n == 0 {
			*n = to
		}
		*n = max(*n, 0)
	}
	count(&c.Outbound, OutboundDefault)
	count(&c.Inbound, InboundDefault)
	count(&c.KnownPercent, KnownPercent)
	c.Outbound = min(c.Outbound, OutboundMax)
	if c.DialFor == nil {
		c.DialFor = func(link.Addr) time.Duration { return dialFor }
	}
	c.KnownPercent = min(c.KnownPercent, KnownPercentMax)
	if c.RefineEvery == 0 {
		c.RefineEvery = refineEvery
	}
}

// News is what comes up from an input.
type News struct {
	Answers []Answer // to Connect
}

// Answer is the outcome of Connect: who is there, or why not.
type Answer struct {
	Ticket id.Ticket
	ID     id.ID
	Use    uint64 // for Release, when there is a link
	Err    error
}
