package kad

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// newcomer is a node of a network that begins: it checks whom its table names, looks for
// itself at first and for anybody later, and adds whom it meets.
type newcomer struct {
	record *enr.Record
	table  *Table
	search *Search
	again  time.Time
}

// Fifty nodes on one machine that know a single one: within ten seconds each has 16 live
// nodes in its table.
func TestSmallNetworkFills(t *testing.T) {
	const n, step = 50, 10 * time.Millisecond
	rng := draw(3)
	var all []*newcomer
	byID := map[id.ID]*newcomer{}
	for i := range uint64(n) {
		r := signed(keyOf(i+1), 1, "127.0.0.1", uint16(9000+i))
		c := &newcomer{record: r, table: New(Config{Self: r.ID(), Localnet: true}, draw(i)), again: start}
		all, byID[r.ID()] = append(all, c), c
	}
	for _, c := range all[1:] {
		c.table.Add(start, all[0].record, Found)
	}
	checks := 0
	for now := start; now.Before(start.Add(10 * time.Second)); now = now.Add(step) {
		for _, c := range all {
			for r, ok := c.table.Due(now); ok; r, ok = c.table.Due(now) {
				checks++
				c.reach(now, byID[r.ID()])
			}
			c.look(now, byID, rng)
		}
	}
	least := slices.MinFunc(all, func(a, b *newcomer) int { return a.table.Live() - b.table.Live() })
	t.Logf("at least %d live, %d checks a node", least.table.Live(), checks/n)
	if least.table.Live() < 16 {
		t.Errorf("%d live nodes", least.table.Live())
	}
	for _, c := range all {
		invariants(t, c.table)
	}
}

// reach is a question that is answered.
func (c *newcomer) reach(now time.Time, other *newcomer) {
	other.table.Add(now, c.record, Told)
	c.table.Alive(now, other.record.ID(), time.Millisecond)
}

// look does a step of a search, one question at a time.
func (c *newcomer) look(now time.Time, byID map[id.ID]*newcomer, rng *rand.Rand) {
	self := c.record.ID()
	if c.search == nil {
		if now.Before(c.again) {
			return
		}
		target := self
		if now.After(start) {
			target = Random(rng)
		}
		c.search = NewSearch(now, SearchConfig{Self: self, Target: target, Localnet: true}, c.table.Closest(target, BucketMax, false))
	}
	for _, r := range slices.Clone(c.search.Next(now)) {
		other := byID[r.ID()]
		c.reach(now, other)
		found := other.table.At(Distances(c.search.cfg.Target, r.ID()), BucketMax)
		c.search.Answered(now, r.ID(), found)
	}
	if !c.search.Done() {
		return
	}
	for _, r := range c.search.Met() {
		c.table.Add(now, r, Found)
	}
	c.search, c.again = nil, now.Add(time.Second+time.Duration(rng.Int64N(int64(2*time.Second))))
}
