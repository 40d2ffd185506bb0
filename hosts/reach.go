package hosts

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// SetReaches says anew to which addresses a way leads, and looks at every host again:
// whom none leads to goes to the dark, unless we hold a link with him or he is banned, and
// who can be dialled again turns grey. nil means that a way leads to all.
func (b *Book) SetReaches(now time.Time, reaches func(link.Addr) bool) {
	b.filter.Reaches = reaches
	for _, who := range slices.Clone(b.entries.Keys()) {
		e, ok := b.entries.Get(who)
		if !ok || e.Colour == Black || len(e.Addrs) == 0 {
			continue // pushed out by one before, or without an address to judge
		}
		b.judge(now, e)
	}
	b.version++
}

// judge works out the addresses of a host again, and moves it as they ask.
func (b *Book) judge(now time.Time, e *entry) {
	addrs, dark, err := b.addresses(now, e.Record, e.observed)
	if err != nil {
		return // banned addresses: it keeps what it has, and is not picked
	}
	if !slices.Equal(addrs, e.Addrs) {
		b.relist(e, func() { e.setAddrs(addrs, b.cfg.Localnet) })
	}
	switch {
	case dark && Legal(e.Colour, Dark):
		e.LastTried = now // the time in the dark counts from here
		if b.shift(now, e, Dark) != nil {
			b.drop(now, e)
		}
	case !dark && e.Colour == Dark:
		if b.shift(now, e, Grey) != nil {
			b.drop(now, e)
		}
	}
}
