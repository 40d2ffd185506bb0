package session

import (
	"fmt"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// The states of a slot.
const (
	Idle       = "idle"       // the Keeper is not started, or the slot has no work
	Sleeping   = "sleeping"   // waits for RetryAt, or for somebody to dial
	Connecting = "connecting" // a dial is under way
	Connected  = "connected"
	Asking     = "asking" // a seed is connected and asked
)

// Slot is one worker that tries to keep one link, as shown to people.
type Slot struct {
	Slot     int // number within its role
	Role     Kind
	Use      string // what an outbound slot or a probe is for: see UseAnchor and so on
	State    string
	ID       id.ID     // who is dialled or connected
	Addr     link.Addr // where
	Since    time.Time // of the state
	Attempts int       // dials since the last link
	RetryAt  time.Time // no dial before; zero when nothing is planned
	Why      string    // of the state, in plain words
}

// slot is a Slot at work. Owner: Keeper.
type slot struct {
	Slot
	home   link.Addr // the configured address of manual and seed slots
	homeID id.ID     // whom it names, if anybody
	ticket id.Ticket // of the dial while connecting
	delays int       // doublings of a manual slot's delay
	group  string    // of Addr, while a slot that dials by itself is busy; empty without limits
	hurry  bool      // an outbound slot lost a useful link: two dials at once
	source string    // network group of who told us of ID first

	// Seed slots: the question, when it is due, when the wait ends.
	ask      id.Ticket
	askAt    time.Time
	askUntil time.Time
	asked    int
	tried    time.Time // last contact
	times    seedTimes
}

func newSlot(n int, role Kind, home link.Addr) *slot {
	who := home.ID()
	return &slot{Slot: Slot{Slot: n, Role: role, State: Idle, Addr: home, ID: who}, home: home, homeID: who}
}

func (s *slot) set(now time.Time, state, why string) {
	if s.State != state {
		s.Since = now
	}
	s.State, s.Why = state, why
}

// rest puts the slot to sleep until retry.
func (s *slot) rest(now, retry time.Time, why string) {
	s.set(now, Sleeping, why)
	s.RetryAt, s.ticket = retry, id.Ticket{}
	s.ID, s.Addr, s.group, s.source, s.hurry = s.homeID, s.home, "", "", false
	s.ask, s.askAt, s.askUntil, s.asked = id.Ticket{}, time.Time{}, time.Time{}, 0
}

// idle takes all work from the slot.
func (s *slot) idle(now time.Time, why string) {
	s.rest(now, time.Time{}, why)
	s.set(now, Idle, why)
	s.Attempts, s.delays, s.tried = 0, 0, time.Time{}
	s.times = seedTimes{}
}

func (k *Keeper) emit(now time.Time, kind string, s *slot, why string) {
	k.cfg.Trace.Emit(now, trace.Event{
		Strand: "session", Kind: kind, Topic: string(s.Role), Peer: s.ID, Addr: s.Addr.String(),
		Ticket: s.ticket, N: int64(s.Slot.Slot), Err: why,
	})
}

// Slots shows the slots: manual, outbound, seed, refine. Of the probes that refine it
// shows the first and those at work, then the feeler and the look, with the moment at
// which the next one is due.
func (k *Keeper) Slots() []Slot {
	var out []Slot
	for _, s := range slices.Concat(k.manuals, k.outs, k.seeds) {
		out = append(out, s.Slot)
	}
	for i, s := range k.probes {
		x := s.Slot
		if s.State == Sleeping {
			x.RetryAt = k.probePlan(s)
		}
		if i == 0 || s.Use != "" || s.State != Sleeping && s.State != Idle {
			out = append(out, x)
		}
	}
	return out
}

func (k *Keeper) everySlot() []*slot { return slices.Concat(k.manuals, k.outs, k.seeds, k.probes) }

// busy tells whether a slot has a link or a dial.
func (s *slot) busy() bool { return s.State == Connecting || s.State == Connected }

// Reason tells why a remote is connected, in plain words, and how many users on demand
// hold the link.
func (k *Keeper) Reason(who id.ID) (uses int, why string) {
	c, ok := k.links.Get(who)
	if !ok {
		return 0, ""
	}
	switch s := c.slot; {
	case c.leaving:
		why = "is being let go"
	case s != nil && s.Use != "":
		why = fmt.Sprintf("%s slot %d, %s", s.Role, s.Slot.Slot, s.Use)
	case s != nil:
		why = fmt.Sprintf("%s slot %d", s.Role, s.Slot.Slot)
	case named(k.manuals, who) != nil:
		why = "a kept peer that dialled us"
	case c.uses > 0:
		why = "asked for"
	case c.kind == Inbound:
		why = "dialled us"
	default:
		why = "left over"
	}
	return c.uses, why
}
