package session

import (
	"fmt"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Trust exempts an identity from every limit on links: it is taken in when all places
// are full, takes nobody else's, and gives its own to nobody. A ban refuses it all the
// same, as does a restriction to networks.
func (k *Keeper) Trust(now time.Time, who id.ID) error {
	switch {
	case who == k.cfg.Self:
		return ErrSelf
	case k.trusted.Has(who):
		return nil
	case k.trusted.Len() >= TrustedMax:
		return fmt.Errorf("%w: %d trusted peers", ErrFull, TrustedMax)
	}
	k.trusted.Add(who)
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: "trusted", Peer: who})
	k.nudge(now)
	return nil
}

// Untrust takes that back and tells whether it was so. A link that is there stays.
func (k *Keeper) Untrust(now time.Time, who id.ID) bool {
	if !k.trusted.Delete(who) {
		return false
	}
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: "untrusted", Peer: who})
	k.nudge(now)
	return true
}

// Trusted tells whether an identity is exempt from the limits.
func (k *Keeper) Trusted(who id.ID) bool { return k.trusted.Has(who) }

// AllTrusted lists who is.
func (k *Keeper) AllTrusted() []id.ID { return slices.Collect(k.trusted.All()) }

// counted is how many links count against the limit on all peers.
func (k *Keeper) counted() (n int) {
	for who, c := range k.links.All() {
		if c.kind.IsPeer() && !c.leaving && !k.trusted.Has(who) {
			n++
		}
	}
	return n
}

// places is how many of the outbound slots may be filled. Where all peers together are
// limited, links that were dialled for other reasons take the place of one each, and so
// do dials for other reasons while they last.
func (k *Keeper) places() int {
	n := k.held()
	if k.cfg.Total == 0 {
		return n
	}
	for _, d := range k.dials.All() {
		if (d.kind == Manual || d.kind == Direct) && !k.trusted.Has(d.who) {
			n--
		}
	}
	return max(n, 0)
}

// held is places without a look at dials, which may fail: how many slots may keep what
// they have.
func (k *Keeper) held() int {
	n := len(k.outs)
	if k.cfg.Total == 0 {
		return n
	}
	for who, c := range k.links.All() {
		if (c.kind == Manual || c.kind == Direct) && !c.ticket.IsZero() && !k.trusted.Has(who) {
			n--
		}
	}
	return max(n, 0)
}

// busy is how many outbound slots have a link or a dial.
func (k *Keeper) busy() (n int) {
	for _, s := range k.outs {
		if s.busy() {
			n++
		}
	}
	return n
}

// yielding is an outbound slot whose link may go for another, or nil.
func (k *Keeper) yielding() *slot {
	for _, s := range k.outs {
		if k.mayYield(s) {
			return s
		}
	}
	return nil
}

// mayYield tells whether a slot has a link that nobody else needs.
func (k *Keeper) mayYield(s *slot) bool {
	c, ok := k.links.Get(s.ID)
	return s.State == Connected && !k.sheltered(s.ID) && !(ok && c.uses > 0)
}

// yield gives up links of outbound slots while there are more than places: a peer that
// the user wants has come.
func (k *Keeper) yield(now time.Time) {
	for k.filled() > k.held() {
		s := k.yielding()
		if s == nil {
			return
		}
		k.oust(now, s, keptInstead, link.TooManyPeers)
	}
}

// keptInstead is why a slot stays empty.
const keptInstead = "kept peers take its place"
