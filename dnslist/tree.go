package dnslist

import (
	"time"

	"github.com/ropewalk/ropewalk/internal/ordered"
)

// tree is one list as far as a walk knows it.
type tree struct {
	list   List
	source string // domain of the configured list that led here
	parent *tree  // the list that links to this one; nil when configured
	orphan bool   // the parent has changed and does not link to it any more, so far

	known  bool // root holds something
	root   root
	readAt time.Time // when the root was last asked for; zero: never
	rootAt time.Time // when it is next
	fails  int       // failures to read it in a row

	// Of the pass through the tree.
	front  []step              // what is named and not yet asked
	seen   ordered.Set[string] // all names of the pass; empty when it has ended
	begun  time.Time
	found  int // records
	missed int // entries, since the root was read

	asked int       // names, since
	since time.Time // at most rootEvery ago when a pass begins
}

// step is a name that a walk may ask for.
type step struct {
	hash string
	link bool // in the tree of links
}

// alive tells whether the list is configured, or linked to by one that is alive.
func (t *tree) alive() bool { return t.parent == nil || !t.orphan && t.parent.alive() }

// busy tells whether the pass has anything left to ask.
func (t *tree) busy() bool { return len(t.front) > 0 }

// begin starts a pass at the root. However often that changes, passMax names are
// asked in rootEvery.
func (t *tree) begin(now time.Time) {
	t.front, t.seen, t.found, t.begun = nil, ordered.Set[string]{}, 0, now
	if now.Sub(t.since) >= rootEvery {
		t.asked, t.since = 0, now
	}
	t.name(step{t.root.records, false})
	t.name(step{t.root.links, true})
}

// name notes a name that was not seen in this pass. A name of both trees is visited in
// one; only empty branches stand in both.
func (t *tree) name(s step) {
	if t.seen.Has(s.hash) {
		return
	}
	t.seen.Add(s.hash)
	t.front = append(t.front, s)
}

// missing notes an entry that is not there or is not allowed. After a few the root is
// read anew, as it has probably changed.
func (t *tree) missing(now time.Time) {
	if t.missed++; t.missed < missedMax {
		return
	}
	t.missed = 0
	early := t.readAt.Add(rootGap)
	if early.Before(now) {
		early = now
	}
	if early.Before(t.rootAt) {
		t.rootAt = early
	}
}

// failed notes that the root could not be read.
func (t *tree) failed(now time.Time) {
	t.readAt = now
	t.rootAt = now.Add(min(retryBase<<min(t.fails, 10), rootEvery))
	t.fails++
}

// read takes a verified root and tells whether it is allowed after the last one.
func (t *tree) read(now time.Time, r root) bool {
	if t.known && (r.seq < t.root.seq || r.seq == t.root.seq && r != t.root) {
		return false
	}
	t.known, t.root, t.fails, t.missed = true, r, 0, 0
	t.readAt, t.rootAt = now, now.Add(rootEvery)
	return true
}
