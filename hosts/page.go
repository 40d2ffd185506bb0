package hosts

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Counts is how many hosts stand in each list, and how many bans are in force.
type Counts struct{ Grey, White, Gold, Dark, Black, Bans int }

// Counts counts.
func (b *Book) Counts() Counts {
	return Counts{
		Grey: b.lists[index(Grey)].n, White: b.lists[index(White)].n, Gold: b.lists[index(Gold)].n,
		Dark: b.lists[index(Dark)].n, Black: b.lists[index(Black)].n, Bans: b.bans.until.Len(),
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
		total += b.lists[i].n
		for _, who := range b.lists[i].members() {
			if offset > 0 {
				offset--
				continue
			}
			if len(out) >= limit {
				break
			}
			h, _ := b.Get(who)
			out = append(out, h)
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
		for _, g := range b.lists[index(c)].groups.All() {
			var pool []*entry
			for who, e := range g.All() {
				if b.shared(now, e) && (skip == nil || !skip(who)) {
					pool = append(pool, e)
				}
			}
			if len(pool) > 0 {
				b.rng.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
				pools, total = append(pools, pool), total+len(pool)
			}
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
