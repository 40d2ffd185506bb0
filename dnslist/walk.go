package dnslist

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/trace"
)

// Strand names the events of this package.
const Strand = "dnslist"

// Config of a Walk.
type Config struct {
	Lists []List // at most listsMax count
	// Trace receives root {Topic domain, N sequence number}, root_failed and
	// entry_failed {Topic, Err}, list {Topic: a linked one, taken}, and walked {Topic,
	// N records}: a pass has ended.
	Trace trace.Func
}

// Found is a verified record and the domain of the configured list that led to it.
type Found struct {
	Source string
	Record *enr.Record
}

// Walk visits lists. It is a plain value for one goroutine.
type Walk struct {
	cfg   Config
	rng   *rand.Rand
	trees ordered.Map[string, *tree] // by domain
	turn  int                        // index of the tree whose turn it is
	cache ordered.Map[string, entry] // by hash
	pace  pace
	found []Found

	open *question
}

// question is a name that was handed out and not answered.
type question struct {
	tree *tree
	step step // zero: the root
	name string
}

// New makes a walk over lists. rng decides which entries come first.
func New(now time.Time, cfg Config, rng *rand.Rand) *Walk {
	w := &Walk{cfg: cfg, rng: rng}
	for _, l := range cfg.Lists {
		if !w.trees.Has(l.Domain) && w.trees.Len() < listsMax {
			w.trees.Put(l.Domain, &tree{list: l, source: l.Domain, rootAt: now})
		}
	}
	return w
}

// Next is the name whose texts the walk wants now. ok is false when it wants none
// before Deadline. A name must be answered before there is another.
func (w *Walk) Next(now time.Time) (name string, ok bool) {
	if w.open != nil {
		return w.open.name, true
	}
	for {
		t := w.next(now)
		if t == nil {
			return "", false
		}
		if t.rootAt.After(now) {
			s := w.draw(t)
			if e, cached := w.cache.Get(s.hash); cached {
				w.enter(now, t, s, e)
				w.ended(now, t)
				continue
			}
			w.open = &question{t, s, s.hash + "." + t.list.Domain}
		} else {
			w.open = &question{tree: t, name: t.list.Domain}
		}
		if !w.pace.take(now) {
			w.putBack()
			return "", false
		}
		return w.open.name, true
	}
}

// putBack undoes a question that may not be asked yet.
func (w *Walk) putBack() {
	if q := w.open; q.step != (step{}) {
		q.tree.front = append(q.tree.front, q.step)
	}
	w.open = nil
}

// next is the tree whose turn it is among those that want something.
func (w *Walk) next(now time.Time) *tree {
	for range w.trees.Len() {
		w.turn = (w.turn + 1) % w.trees.Len()
		if _, t := w.trees.At(w.turn); t.alive() && (t.busy() || !t.rootAt.After(now)) {
			return t
		}
	}
	return nil
}

// draw takes a name out of a pass by chance.
func (w *Walk) draw(t *tree) step {
	i, last := w.rng.IntN(len(t.front)), len(t.front)-1
	s := t.front[i]
	t.front[i] = t.front[last]
	t.front = t.front[:last]
	return s
}

// Deadline is the moment from which Next may want something; zero for never.
func (w *Walk) Deadline() (at time.Time) {
	for _, t := range w.trees.All() {
		if !t.alive() {
			continue
		}
		due := t.rootAt
		if t.busy() {
			due = t.readAt
		}
		if at.IsZero() || due.Before(at) {
			at = due
		}
	}
	if free := w.pace.free(); w.trees.Len() > 0 && at.Before(free) {
		at = free
	}
	return at
}

// Answer takes the texts found at the name of the last Next, or why there are none.
func (w *Walk) Answer(now time.Time, texts []string, err error) {
	q := w.open
	if q == nil {
		return
	}
	w.open = nil
	texts = texts[:min(len(texts), textsMax)]
	if q.step == (step{}) {
		w.rootRead(now, q.tree, texts, err)
	} else {
		w.entryRead(now, q.tree, q.step, texts, err)
	}
	w.ended(now, q.tree)
}

// Take hands out the records found since the last Take.
func (w *Walk) Take() []Found {
	out := w.found
	w.found = nil
	return out
}

var (
	errNoText = errors.New("dnslist: nothing of a list stands there")
	errBack   = errors.New("dnslist: sequence number went down, or stayed while the list changed")
)

func (w *Walk) rootRead(now time.Time, t *tree, texts []string, err error) {
	was := t.root
	var r root
	if err == nil {
		err = errNoText
	}
	for _, text := range texts {
		if !strings.HasPrefix(text, rootPrefix) {
			continue // a domain has texts for others too
		}
		if r, err = parseRoot(text, t.list.Key); err == nil {
			break
		}
	}
	if err == nil && !t.read(now, r) {
		err = errBack
	}
	if err != nil {
		t.failed(now)
		w.cfg.Trace.Emit(now, trace.Event{Strand: Strand, Kind: "root_failed", Topic: t.list.Domain, Err: err.Error()})
		return
	}
	if was.links != r.links {
		for _, o := range w.trees.All() {
			o.orphan = o.orphan || o.parent == t
		}
	}
	if r != was || now.Sub(t.begun) >= rootEvery {
		t.begin(now)
	}
	w.cfg.Trace.Emit(now, trace.Event{Strand: Strand, Kind: "root", Topic: t.list.Domain, N: int64(min(r.seq, 1<<63-1))})
}

func (w *Walk) entryRead(now time.Time, t *tree, s step, texts []string, err error) {
	var e entry
	if err == nil {
		err = errNoText
	}
	t.asked++
	for _, text := range texts {
		if e, err = parseEntry(s.hash, text); err == nil {
			break
		}
	}
	if err != nil {
		w.refuse(now, t, err)
		return
	}
	w.keep(s.hash, e)
	w.enter(now, t, s, e)
}

func (w *Walk) refuse(now time.Time, t *tree, err error) {
	t.missing(now)
	w.cfg.Trace.Emit(now, trace.Event{Strand: Strand, Kind: "entry_failed", Topic: t.list.Domain, Err: err.Error()})
}

// keep remembers an entry, in the place of any other when there are too many.
func (w *Walk) keep(hash string, e entry) {
	if w.cache.Len() >= cacheMax && !w.cache.Has(hash) {
		old, _ := w.cache.At(w.rng.IntN(w.cache.Len()))
		w.cache.Delete(old)
	}
	w.cache.Put(hash, e)
}

// enter takes what an entry holds.
func (w *Walk) enter(now time.Time, t *tree, s step, e entry) {
	linked := e.link != List{}
	switch {
	case e.record != nil && !s.link:
		t.found++
		w.found = append(w.found, Found{t.source, e.record})
	case linked && s.link:
		w.link(now, t, e.link)
	case e.record != nil || linked:
		w.refuse(now, t, errPlace)
	default:
		for _, h := range e.children {
			t.name(step{h, s.link})
		}
	}
}

var errPlace = errors.New("dnslist: a record among links, or a link among records")

// link takes a list that another links to. Whoever names a domain first says its key.
func (w *Walk) link(now time.Time, from *tree, l List) {
	t, ok := w.trees.Get(l.Domain)
	switch {
	case ok && t.list == l && t.orphan && !t.leadsTo(from):
		t.parent, t.source, t.orphan = from, from.source, false
		return
	case ok:
		return
	case w.trees.Len() >= listsMax && !w.forget():
		return
	}
	w.trees.Put(l.Domain, &tree{list: l, source: from.source, parent: from, rootAt: now})
	w.cfg.Trace.Emit(now, trace.Event{Strand: Strand, Kind: "list", Topic: l.Domain})
}

// leadsTo tells whether t is o or one of those that led to it.
func (t *tree) leadsTo(o *tree) bool {
	for ; o != nil; o = o.parent {
		if o == t {
			return true
		}
	}
	return false
}

// forget drops a list that nobody links to any more and that no other came from.
func (w *Walk) forget() bool {
	for domain, t := range w.trees.All() {
		leads := false
		for _, o := range w.trees.All() {
			leads = leads || o.parent == t
		}
		if !t.alive() && !leads {
			w.trees.Delete(domain)
			return true
		}
	}
	return false
}

// ended ends a pass that has asked enough or has nothing left.
func (w *Walk) ended(now time.Time, t *tree) {
	if t.asked >= passMax {
		t.front = nil
	}
	if !t.busy() && t.seen.Len() > 0 {
		t.seen = ordered.Set[string]{}
		w.cfg.Trace.Emit(now, trace.Event{Strand: Strand, Kind: "walked", Topic: t.list.Domain, N: int64(t.found)})
	}
}
