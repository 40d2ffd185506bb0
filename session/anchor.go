package session

import (
	"math"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
)

// anchors are the outbound links that the next run dials first.
type anchors struct {
	first []id.ID // of the last run, to be dialled yet
	named []id.ID // as the book has them
}

// recallAnchors begins a run with the anchors of the last.
func (k *Keeper) recallAnchors(now time.Time) {
	k.anchors = anchors{}
	for _, h := range k.book.Anchors(now) {
		k.anchors.first = append(k.anchors.first, h.ID)
	}
	k.anchors.named = slices.Clone(k.anchors.first)
}

// nextAnchor is an anchor of the last run that was not dialled in this one.
func (k *Keeper) nextAnchor(now time.Time, skip func(id.ID) bool) (hosts.Host, bool) {
	a := &k.anchors
	for len(a.first) > 0 {
		who := a.first[0]
		a.first = a.first[1:]
		for _, h := range k.book.Anchors(now) {
			if h.ID == who && !skip(who) {
				return h, true
			}
		}
	}
	return hosts.Host{}, false
}

// nameAnchors tells the book which links are worth an anchor: those that are up for a
// minute, of the hosts we have known for longest, then the oldest: who came in the last
// hours and stays for ever is no better an anchor for that. An anchor whose link is lost
// stays one until there is a link in its place, so that an outage before a restart does
// not leave us without.
func (k *Keeper) nameAnchors(now time.Time) {
	var fit []*slot
	for _, s := range k.outs {
		if s.State == Connected && now.Sub(s.Since) >= usefulFor {
			fit = append(fit, s)
		}
	}
	if len(fit) == 0 {
		return
	}
	slices.SortStableFunc(fit, func(a, b *slot) int { return a.Since.Compare(b.Since) })
	slices.SortStableFunc(fit, func(a, b *slot) int { return k.known(a.ID).Compare(k.known(b.ID)) })
	was := k.anchors.named
	var next []id.ID
	groups := []string{}
	add := func(who id.ID, group string) {
		if len(next) < hosts.AnchorsMax && !slices.Contains(next, who) && !has(groups, group) {
			next, groups = append(next, who), append(groups, group)
		}
	}
	for _, s := range fit {
		add(s.ID, s.group)
	}
	for _, who := range was {
		h, ok := k.book.Get(who)
		if a, dialable := k.book.Addr(h, 0); ok && dialable {
			add(who, k.groupOf(a))
		}
	}
	if !slices.Equal(next, was) {
		k.anchors.named = next
		k.book.SetAnchors(now, next)
	}
}

// known is since when we know a host; one that is not in the book we know last.
func (k *Keeper) known(who id.ID) time.Time {
	if h, ok := k.book.Get(who); ok && !h.Proven.IsZero() {
		return h.Proven
	}
	return time.Unix(math.MaxInt32, 0)
}
