package session

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// find is the history of asking connected peers for addresses.
type find struct {
	rounds int       // for the doubling
	barren int       // rounds in a row that brought nothing new
	ticket id.Ticket // of the round that is open; it closes with the next
	at     time.Time // next round
}

// findSoon brings the next round forward because there is somebody new to ask.
func (k *Keeper) findSoon(now time.Time) {
	f := &k.find
	f.rounds = 0
	if at := now.Add(k.jitter(findGap)); f.at.IsZero() || at.Before(f.at) {
		f.at = at
	}
}

// wantsFind: slots are empty, the book has nobody, and there is somebody to ask.
func (k *Keeper) wantsFind() bool { return k.peers > 0 && k.dry.is && k.hungry() }

func (k *Keeper) runFind(now time.Time) {
	f := &k.find
	if !k.wantsFind() || now.Before(f.at) {
		return
	}
	if !f.ticket.IsZero() {
		f.barren++
	}
	f.at = now.Add(k.grown(findGap, f.rounds+1, findGapMax))
	f.rounds = min(f.rounds+1, 16)
	f.ticket = k.tickets.Next()
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: "find", Ticket: f.ticket, N: int64(f.rounds)})
	k.finder.Find(now, f.ticket)
}

func (k *Keeper) findDue() time.Time {
	if !k.wantsFind() {
		return time.Time{}
	}
	return k.find.at
}

// Found notes that the question t brought n hosts the book did not know.
func (k *Keeper) Found(now time.Time, t id.Ticket, n int) News {
	if !k.running || t.IsZero() {
		return k.take()
	}
	for _, s := range k.seeds {
		if s.State == Asking && s.ask == t {
			k.seedAnswered(now, s, n)
		}
	}
	if f := &k.find; f.ticket == t && n > 0 {
		*f = find{}
		k.contact.some = 0
		k.findSoon(now)
	}
	return k.stir(now)
}
