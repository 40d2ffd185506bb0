package hosts

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
)

// Counts is how many hosts stand in each list, and how many bans are in force.
type Counts struct{ Grey, White, Gold, Dark, Black, Bans int }

// Counts counts.
func (b *Book) Counts() Counts {
	return Counts{
		Grey: len(b.lists[index(Grey)].all), White: len(b.lists[index(White)].all), Gold: len(b.lists[index(Gold)].all),
		Dark: len(b.lists[index(Dark)].all), Black: len(b.lists[index(Black)].all), Bans: b.bans.len(),
	}
}

// Page shows part of the book: the hosts of a colour, or of all with None, from
// offset on, at most limit of them, and how many there are in total. The order is
// that of the lists and fixed while the book does not change.
func (b *Book) Page(c Colour, offset, limit int) (total int, out []Host) {
	for i, x := range Colours {
		if c != None && c != x {
			continue
		}
		all := b.lists[i].all
		total += len(all)
		from := min(max(offset, 0), len(all))
		offset -= from
		for _, e := range all[from:] {
			if len(out) >= limit {
				break
			}
			out = append(out, e.Host)
		}
	}
	return total, out
}

// Sample draws hosts for an answer to an address request: at most limit, at most
// SampleMax, and of a large book at most a quarter. Shared are white and gold, and
// grey within a local network or when we had a link with the host; only with a
// record, in no order that tells anything. Groups take turns, so that no group
// fills an answer.
func (b *Book) Sample(now time.Time, limit int, skip func(id.ID) bool) []Host {
	limit = min(limit, SampleMax, max(sampleFloor, b.entries.Len()/4))
	var pools [][]*entry // by group
	total := 0
	for _, c := range []Colour{Gold, White, Grey} {
		var groups ordered.Map[string, []*entry]
		for _, e := range b.lists[index(c)].all {
			if b.shared(now, e) && (skip == nil || !skip(e.ID)) {
				pool, _ := groups.Get(e.group)
				groups.Put(e.group, append(pool, e))
			}
		}
		for _, pool := range groups.All() {
			b.rng.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
			pools, total = append(pools, pool), total+len(pool)
		}
	}
	b.rng.Shuffle(len(pools), func(i, j int) { pools[i], pools[j] = pools[j], pools[i] })
	var out []Host
	for round := 0; len(out) < min(limit, total); round++ {
		for _, pool := range pools {
			if round < len(pool) && len(out) < limit {
				out = append(out, pool[round].Host)
			}
		}
	}
	b.rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (b *Book) shared(now time.Time, e *entry) bool {
	if e.Record == nil || b.Banned(now, e.ID, e.Addrs[0]) || b.strays(e.Record) {
		return false
	}
	return e.Colour == White || e.Colour == Gold || (e.Colour == Grey && (b.cfg.Localnet || e.Ever))
}

// strays tells whether a record names an address outside our networks: it is signed
// whole, so we tell of all of it or of nothing.
func (b *Book) strays(r *enr.Record) bool {
	if len(b.cfg.Restrict) == 0 {
		return false
	}
	return slices.ContainsFunc(link.RecordAddrs(r), func(a link.Addr) bool { return !b.cfg.Restrict.AllowsAddr(a) })
}
