package session

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/trace"
)

// ErrTag is returned for a tag that is empty or too long, and ErrNotConnected for a
// value of somebody who is not there.
var (
	ErrTag          = fmt.Errorf("session: a tag has 1 to %d bytes", tagBytesMax)
	ErrNotConnected = errors.New("session: not connected")
)

// Protect keeps the link with an identity, when there is one, from giving way to
// others, until the last tag of it is taken back. It lets nobody in: the caps on links
// stand above it, so that where everybody is protected newcomers are refused.
func (k *Keeper) Protect(now time.Time, who id.ID, tag string) error {
	tags, known := k.protected.Get(who)
	switch {
	case who == k.cfg.Self || who.IsZero():
		return ErrSelf
	case tag == "" || len(tag) > tagBytesMax:
		return ErrTag
	case slices.Contains(tags, tag):
		return nil
	case !known && k.protected.Len() >= protectedMax:
		return fmt.Errorf("%w: %d protected peers", ErrFull, protectedMax)
	case len(tags) >= tagsMax:
		return fmt.Errorf("%w: %d tags of one peer", ErrFull, tagsMax)
	}
	k.protected.Put(who, append(slices.Clone(tags), tag))
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: "protected", Peer: who, Topic: tag})
	return nil
}

// Unprotect takes a tag back and tells whether it was there.
func (k *Keeper) Unprotect(now time.Time, who id.ID, tag string) bool {
	tags, _ := k.protected.Get(who)
	i := slices.Index(tags, tag)
	if i < 0 {
		return false
	}
	if len(tags) == 1 {
		k.protected.Delete(who)
	} else {
		k.protected.Put(who, slices.Delete(slices.Clone(tags), i, i+1))
	}
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: "unprotected", Peer: who, Topic: tag})
	k.unused(now, who)
	return true
}

// Protections are the tags that protect an identity.
func (k *Keeper) Protections(who id.ID) []string {
	tags, _ := k.protected.Get(who)
	return slices.Clone(tags)
}

// sheltered tells whether a link may be given up for nobody else.
func (k *Keeper) sheltered(who id.ID) bool { return k.trusted.Has(who) || k.protected.Has(who) }

// worth is a value that fades.
type worth struct {
	n  int
	at time.Time // when it was n
}

// fade is what is left of it: one less with each minute.
func (w worth) fade(now time.Time) int {
	return max(0, w.n-int(max(0, now.Sub(w.at))/valueEvery))
}

// Value adds to what a connected peer is worth to the application, under a tag. It is
// one less with each minute and ends with the link; of the inbound links a few of those
// worth most are kept from giving way.
func (k *Keeper) Value(now time.Time, who id.ID, tag string, by int) error {
	if tag == "" || len(tag) > tagBytesMax {
		return ErrTag
	}
	c, ok := k.links.Get(who)
	if !ok || c.leaving {
		return ErrNotConnected
	}
	for _, t := range c.values.Keys() {
		if w, _ := c.values.Get(t); w.fade(now) == 0 {
			c.values.Delete(t)
		}
	}
	was, known := c.values.Get(tag)
	if !known && c.values.Len() >= tagsMax {
		return fmt.Errorf("%w: %d tags of one peer", ErrFull, tagsMax)
	}
	left := was.fade(now)
	c.values.Put(tag, worth{n: min(max(min(max(by, -valueMax), valueMax)+left, 0), valueMax), at: now})
	return nil
}

// value is what the peer of a link is worth, all tags together.
func (c *conn) value(now time.Time) (sum int) {
	for _, w := range c.values.All() {
		sum += w.fade(now)
	}
	return sum
}

// values are what a peer is worth by tag, at most tagsMax of them.
type values = ordered.Map[string, worth]
