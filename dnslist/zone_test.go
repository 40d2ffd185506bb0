package dnslist

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/dnslist/listtest"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// zone is what a name server answers: texts by name, or what it makes up.
type zone struct {
	listtest.Zone
	made  func(name string) string
	asked []string
}

func newZone() *zone { return &zone{Zone: listtest.Zone{}} }

func (z *zone) lookup(name string) ([]string, error) {
	z.asked = append(z.asked, name)
	texts, ok := z.Zone[name]
	switch {
	case ok:
		return texts, nil
	case z.made != nil:
		return []string{z.made(name)}, nil
	}
	return nil, errors.New("no such name")
}

type lister = listtest.Lister

func newLister(name string) lister { return listtest.NewLister(name) }

func hashOf(text string) string { return listtest.Hash(text) }

func records(n int) []string { return listtest.Records(n) }

func listOf(l lister) List { return List{l.Key.Public(), l.Domain} }

// visit is a walk with its clock and what came of it.
type visit struct {
	t      *testing.T
	w      *Walk
	now    time.Time
	found  map[id.ID]string // source by node
	times  []time.Time      // of the questions
	events []string
	walked int64 // the most records that one pass came upon
}

func newVisit(t *testing.T, lists ...lister) *visit {
	v := &visit{t: t, now: start, found: map[id.ID]string{}}
	cfg := Config{Trace: func(_ time.Time, e trace.Event) {
		if e.Kind == "walked" {
			v.walked = max(v.walked, e.N)
		}
		v.events = append(v.events, strings.TrimSpace(fmt.Sprint(e.Kind, " ", e.Topic, " ", e.Err)))
	}}
	for _, l := range lists {
		cfg.Lists = append(cfg.Lists, listOf(l))
	}
	v.w = New(start, cfg, rand.New(rand.NewPCG(1, 2)))
	return v
}

// pass walks for some time, from deadline to deadline, and fails when the walk wants
// to be asked again and again for nothing.
func (v *visit) pass(z *zone, d time.Duration) {
	v.t.Helper()
	until := v.now.Add(d)
	for {
		name, ok := v.w.Next(v.now)
		if ok {
			v.times = append(v.times, v.now)
			texts, err := z.lookup(name)
			v.w.Answer(v.now, texts, err)
		}
		for _, f := range v.w.Take() {
			v.found[f.Record.ID()] = f.Source
		}
		if ok {
			continue
		}
		next := v.w.Deadline()
		if !next.After(v.now) && !next.IsZero() {
			v.t.Fatalf("wants nothing at %v, and to be asked again at %v", v.now, next)
		}
		if next.IsZero() || next.After(until) {
			v.now = until
			return
		}
		v.now = next
	}
}

func (v *visit) count(prefix string) (n int) {
	for _, e := range v.events {
		if strings.HasPrefix(e, prefix) {
			n++
		}
	}
	return n
}
