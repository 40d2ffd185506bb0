package hosts

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Anchors are the hosts that a restart dials first, so that whoever filled the book
// meanwhile does not choose all our peers. The other side of it is a host that makes us
// crash and is dialled first again: one that was an anchor at strikesMax unclean exits
// in a row is left out until an orderly stop.

// Anchors are the anchors that may be dialled now: at most AnchorsMax, of distinct
// network groups.
func (b *Book) Anchors(now time.Time) (out []Host) {
	for _, who := range b.anchors {
		if e, ok := b.entries.Get(who); ok && e.strikes < strikesMax && b.ready(now, e) {
			out = append(out, e.Host)
		}
	}
	return out
}

// SetAnchors names the anchors anew, the best first. Only hosts that we reached count,
// one of a network group, the first AnchorsMax of them. They go into the file.
func (b *Book) SetAnchors(_ time.Time, who []id.ID) {
	for _, x := range b.anchors {
		if e, ok := b.entries.Get(x); ok {
			e.Anchor = false
		}
	}
	b.anchors = nil
	for _, x := range who {
		if e, ok := b.entries.Get(x); ok {
			b.anchor(e)
		}
	}
}

// anchor makes a host an anchor if it is fit and there is room.
func (b *Book) anchor(e *entry) bool {
	if len(b.anchors) >= AnchorsMax || e.Anchor || !e.Reached || e.Colour == Dark || e.Colour == Black {
		return false
	}
	for _, x := range b.anchors {
		if o, _ := b.entries.Get(x); o.group != "" && o.group == e.group {
			return false
		}
	}
	e.Anchor = true
	b.anchors = append(b.anchors, e.ID)
	return true
}

// unanchor forgets that a host was an anchor; it leaves the book.
func (b *Book) unanchor(e *entry) {
	if e.Anchor {
		e.Anchor = false
		b.anchors = slices.DeleteFunc(b.anchors, func(x id.ID) bool { return x == e.ID })
	}
}
