package hosts

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// Move changes a host's colour, or says ErrMove when Moves does not hold the step,
// ErrUnknown for a host that is not in the book, ErrFull when gold is full. To
// Black is a ban for BanFor, from Black the end of it; to None forgets the host.
func (b *Book) Move(now time.Time, who id.ID, to Colour) error {
	e, ok := b.entries.Get(who)
	if !ok {
		return fmt.Errorf("%w: %s", ErrUnknown, who.Short())
	}
	if !Legal(e.Colour, to) {
		return fmt.Errorf("%w: %s is %s, not to be %q", ErrMove, who.Short(), e.Colour, to)
	}
	if to == Black {
		return b.Ban(now, OfID(who), BanFor)
	}
	if e.Colour == Black {
		b.bans.delete(OfID(who))
	}
	if to == None {
		b.drop(now, e)
		return nil
	}
	if to == White || to == Gold {
		b.relist(e, func() {
			e.LastSeen, e.Ever = now, true
			e.proved(now)
		})
	}
	if to == Dark {
		e.LastTried = now
	}
	return b.shift(now, e, to)
}

// shift carries out a step that is legal.
func (b *Book) shift(now time.Time, e *entry, to Colour) error {
	if e.Colour == to {
		return nil
	}
	b.unplace(e)
	if err := b.room(now, to, e); err != nil {
		b.add(e)
		return err
	}
	b.place(now, e, to)
	return nil
}

func (b *Book) moved(now time.Time, e *entry, from, to Colour) {
	name := func(c Colour) string {
		if c == None {
			return "none"
		}
		return string(c)
	}
	ev := trace.Event{Strand: "hosts", Kind: "host_moved", Peer: e.ID, Topic: name(from) + "→" + name(to)}
	if len(e.Addrs) > 0 {
		ev.Addr = e.Addrs[0].String()
	}
	b.cfg.Trace.Emit(now, ev)
}
