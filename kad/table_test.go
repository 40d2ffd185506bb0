package kad

import (
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"pgregory.net/rapid"
)

// sameBucket are records that share a bucket of the table, each on a network of its own.
func sameBucket(t *Table, n int) (out []*enr.Record) {
	for _, r := range records(400) {
		if bucketOf(id.LogDistance(t.cfg.Self, r.ID())) == buckets-1 && len(out) < n {
			out = append(out, r)
		}
	}
	return out
}

// A table of its own with a bucket for each of the greatest distances, 16 nodes in each,
// and limits per address.
func TestA10TableWithPlacesPerAddress(t *testing.T) {
	table := newTable(1)
	enter(table, records(3000))
	invariants(t, table)
	got := table.Buckets()
	if len(got) != 17 || len(got[16]) != BucketMax+cacheMax || table.Len() < 100 {
		t.Fatalf("%d buckets, %d in the last, %d in all", len(got), len(got[16]), table.Len())
	}
	for i, b := range got {
		for _, e := range b {
			if d := id.LogDistance(table.cfg.Self, e.Record.ID()); i > 0 && d != 240+i || i == 0 && d > 240 {
				t.Errorf("distance %d in bucket %d", d, i)
			}
		}
	}
	for _, c := range []struct {
		name  string
		ip    func(i int) string
		local bool
		most  int
	}{
		{"one address", func(int) string { return "20.1.2.3" }, false, hostTableMax},
		{"one /24", func(i int) string { return addrIn("20.1.2.", i) }, false, netTableMax},
		{"one /64", func(i int) string { return addrIn("2a01:1:2:3::", i) }, false, hostTableMax},
		{"one /48", func(i int) string { return addrIn("2a01:1:2:", i) + "::1" }, false, netTableMax},
		{"loopback, not in a local network", func(i int) string { return addrIn("127.0.0.", i) }, false, netTableMax},
		{"loopback", func(int) string { return "127.0.0.1" }, true, 1 << 20},
		{"one public address in a local network", func(int) string { return "20.1.2.3" }, true, hostTableMax},
	} {
		table := New(Config{Self: id.ID{1}, Localnet: c.local}, draw(1))
		for i := range 60 {
			table.Add(start, signed(keyOf(uint64(5000+i)), 1, c.ip(i), 9000), Found)
			invariants(t, table)
		}
		known := len(table.nodes)
		if known > c.most || known < min(c.most, 4) && known < c.most {
			t.Errorf("%s: %d nodes, at most %d", c.name, known, c.most)
		}
	}
}

func addrIn(prefix string, i int) string {
	const digits = "123456789"
	return prefix + string(digits[i/9%9]) + string(digits[i%9])
}

// 384 ground IDs in one bucket's reach, on four addresses: they hold at most eight places.
// On addresses of their own, they hold half of a bucket as long as they only write to us.
func TestGroundIDs(t *testing.T) {
	table := newTable(1)
	for i := range 384 {
		r := signed(keyOf(uint64(10000+i)), 1, []string{"20.1.1.1", "20.1.1.2", "30.1.1.1", "30.9.1.1"}[i%4], 9000)
		if table.Add(start, r, Told) {
			table.Alive(start, r.ID(), 0)
		}
		invariants(t, table)
	}
	if table.Len() > 8 || len(table.nodes) > 8 {
		t.Errorf("%d places", table.Len())
	}

	table = newTable(1)
	all := sameBucket(table, 80)
	for _, r := range all[:60] {
		table.Add(start, r, Told)
		table.Alive(start, r.ID(), 0)
	}
	if table.Len() != toldMax || table.Live() != toldMax {
		t.Fatalf("%d places for who wrote to us", table.Len())
	}
	for _, r := range all[60:] {
		table.Add(start, r, Found)
	}
	if table.Len() != BucketMax {
		t.Errorf("%d places in all", table.Len())
	}
	invariants(t, table)
	for _, r := range all[:toldMax] {
		if e, ok := table.Get(r.ID()); !ok || e.Cached {
			t.Error("a live node was displaced")
		}
	}
}

// Nodes are unverified until they answer, and only live ones are given to others.
func TestLiveness(t *testing.T) {
	table := newTable(1)
	r := records(1)[0]
	who := r.ID()
	if !table.Add(start, r, Found) || table.Add(start, r, Found) || table.Len() != 1 || table.Live() != 0 {
		t.Fatal("not taken once")
	}
	d := []uint16{uint16(id.LogDistance(table.cfg.Self, who))}
	given := func() int { return len(table.Closest(who, 16, true)) + len(table.At(d, 16)) }
	if given() != 0 || len(table.Closest(who, 16, false)) != 1 {
		t.Error("an unverified node is given away")
	}
	table.Alive(start, who, time.Second)
	if e, _ := table.Get(who); given() != 2 || !e.Live || e.RTT != time.Second || !e.Seen.Equal(start) {
		t.Errorf("a live node is not: %+v", e)
	}
	table.Failed(start, who)
	if given() != 2 {
		t.Error("one lost packet, and it is not live any more")
	}
	table.Failed(start, who)
	if given() != 0 || table.Live() != 0 || table.Len() != 1 {
		t.Error("who failed twice is given away, or gone though nobody is there instead")
	}
	table.Alive(start, who, 0)
	if given() != 2 {
		t.Error("it came back and is not given")
	}
	table.Remove(start, who)
	if table.Len() != 0 || table.Has(who) || !table.outage.since.IsZero() {
		t.Error("still there")
	}
	invariants(t, table)
}

// The highest number wins; a new endpoint has to be proven again.
func TestNewerRecord(t *testing.T) {
	table, k := newTable(1), keyOf(7)
	at := func(seq uint64, ip string) *enr.Record { return signed(k, seq, ip, 9000) }
	table.Add(start, at(5, "20.1.1.1"), Told)
	table.Alive(start, k.ID(), 0)
	if table.Add(start, at(5, "20.1.1.2"), Told) || table.Add(start, at(4, "20.1.1.2"), Told) {
		t.Error("an older record, or another of that number, was taken")
	}
	if !table.Add(start, at(6, "20.1.1.1"), Told) || table.Live() != 1 {
		t.Error("a newer record at the same endpoint")
	}
	if !table.Add(start, at(7, "20.1.1.2"), Found) || table.Live() != 0 || table.Len() != 1 {
		t.Error("a newer record elsewhere is live without proof")
	}
	if e, _ := table.Get(k.ID()); e.How != Found || e.Record.Seq() != 7 {
		t.Errorf("%+v", e)
	}
	invariants(t, table)
	if r, ok := table.Due(start.Add(time.Second)); !ok || r.ID() != k.ID() {
		t.Error("its new endpoint is not checked")
	}
	for i := range uint64(hostTableMax) {
		table.Add(start, signed(keyOf(100+i), 1, "30.1.1.1", 9000), Found)
	}
	if !table.Add(start, at(8, "30.1.1.1"), Found) || table.Has(k.ID()) {
		t.Error("it moved to where there is no room, and is still here")
	}
	if r, _ := (enr.Builder{Seq: 9}).Sign(keyOf(8)); table.Add(start, r, Found) {
		t.Error("taken without an endpoint")
	}
	if self := New(Config{Self: k.ID()}, draw(1)); self.Add(start, at(1, "20.1.1.1"), Found) {
		t.Error("ourselves")
	}
	invariants(t, table)
}

// A record is fetched when its number rose, and not more than every five minutes.
func TestRefetch(t *testing.T) {
	table, r := newTable(1), records(1)[0]
	table.Add(start, r, Found)
	for _, c := range []struct {
		after time.Duration
		seq   uint64
		want  bool
	}{{0, 1, false}, {0, 2, true}, {0, 3, false}, {refetchEvery - 1, 9, false}, {refetchEvery, 9, true}} {
		if got := table.Refetch(start.Add(c.after), r.ID(), c.seq); got != c.want {
			t.Errorf("after %v, number %d: %v", c.after, c.seq, got)
		}
	}
	if table.Refetch(start, id.ID{9}, 9) {
		t.Error("of a stranger")
	}
}

// Who goes is followed by the newest replacement, who has to prove itself; a replacement
// that answers replaces who never did, and nobody who does.
func TestReplacements(t *testing.T) {
	table := newTable(1)
	all := sameBucket(table, BucketMax+cacheMax+1)
	enter(table, all[:BucketMax-1])
	for _, r := range all[BucketMax-1:] {
		table.Add(start, r, Found)
	}
	invariants(t, table)
	if table.Has(all[BucketMax].ID()) {
		t.Fatal("the oldest replacement is still there")
	}
	second := all[BucketMax+3].ID()
	table.Alive(start, second, 0)
	if e, _ := table.Get(second); !e.Live || table.Has(all[BucketMax-1].ID()) != true {
		t.Error("a replacement that answers did not take the place of who never did")
	}
	if e, _ := table.Get(all[BucketMax-1].ID()); !e.Cached {
		t.Error("who had to give way does not wait")
	}
	third := all[BucketMax+5].ID()
	table.Alive(start, third, 0)
	if e, _ := table.Get(third); !e.Cached {
		t.Error("it displaced a live node")
	}
	newest := all[len(all)-1].ID()
	table.Failed(start, newest)
	if table.Has(newest) {
		t.Error("a replacement that failed waits on")
	}
	first := all[0].ID()
	table.Failed(start, first)
	if table.Has(first) || table.Len() != BucketMax {
		t.Error("who failed is not followed by a replacement")
	}
	invariants(t, table)
}

// The uplink is lost for ten minutes: the table keeps nearly all, checks rarely meanwhile,
// and is whole again soon after.
func TestUplinkLost(t *testing.T) {
	table := newTable(1)
	for i, r := range records(1500) {
		if table.Add(start, r, How(i%2)) {
			table.Alive(start, r.ID(), 0)
		}
	}
	before, now := table.Len(), start
	was := sorted(table, id.ID{}, true)
	kept := func() (n int) { // of those that were there
		for _, r := range was {
			if e := table.nodes[r.ID()]; e != nil && !e.cached {
				n++
			}
		}
		return n
	}
	run := func(until time.Duration, answer bool) (checks int) {
		for end := start.Add(until); ; {
			now = later(now, table.Deadline())
			if now.After(end) {
				return checks
			}
			if r, ok := table.Due(now); ok {
				checks++
				if answer {
					table.Alive(now, r.ID(), 0)
				} else {
					table.Failed(now, r.ID())
				}
			}
		}
	}
	checks := run(10*time.Minute, false)
	t.Logf("%d nodes before, %d after, %d checks", before, kept(), checks)
	if kept() < before*8/10 || checks > 200 {
		t.Errorf("%d of %d kept, %d checks", kept(), before, checks)
	}
	run(25*time.Minute, true)
	if table.Live() < before*8/10 {
		t.Errorf("%d of %d live again", table.Live(), before)
	}
	invariants(t, table)
}

// Half of the checks fail, and there are replacements: no more than a tenth is dropped in a
// minute, and in the end all that do not answer are gone.
func TestDropsAreFew(t *testing.T) {
	table, now := newTable(1), start
	enter(table, records(3000))
	gone := func(who id.ID) bool { return who[31]&1 == 0 }
	was, most := table.members, 0
	for range 120 {
		var kept []id.ID
		for i := range table.buckets {
			for _, e := range table.buckets[i].members {
				kept = append(kept, e.id)
			}
		}
		for end := now.Add(time.Minute); now.Before(end); {
			now = later(now, table.Deadline())
			if r, ok := table.Due(now); ok && gone(r.ID()) {
				table.Failed(now, r.ID())
			} else if ok {
				table.Alive(now, r.ID(), 0)
			}
		}
		lost := 0
		for _, who := range kept {
			if e := table.nodes[who]; e == nil || e.cached {
				lost++
			}
		}
		most = max(most, lost)
		invariants(t, table)
	}
	dead := 0
	for _, r := range sorted(table, id.ID{}, true) {
		if gone(r.ID()) {
			dead++
		}
	}
	t.Logf("%d nodes, at most %d dropped in a minute, %d left live that are dead", was, most, dead)
	if most > was/dropShare+1 || dead > 3 {
		t.Errorf("%d of %d dropped in a minute, %d dead", most, was, dead)
	}
}

// At gives live nodes at the distances asked for, each once, at most so many.
func TestA3NodesAtDistances(t *testing.T) {
	table := newTable(1)
	enter(table, records(600))
	got := table.At([]uint16{256, 256, 0, 257, 65535, 255}, 100)
	if len(got) != 2*BucketMax {
		t.Fatalf("%d nodes", len(got))
	}
	for i, r := range got {
		if d := id.LogDistance(table.cfg.Self, r.ID()); d != 256-i/BucketMax || slices.Index(got, r) != i {
			t.Errorf("node %d at %d", i, d)
		}
	}
	if len(table.At([]uint16{256}, 5)) != 5 || len(table.At(nil, 5)) != 0 || len(table.At([]uint16{1, 2, 240}, 16)) != 0 {
		t.Error("bounds")
	}
}

// Who answers is checked again after half a minute at the earliest, newcomers soon, and
// nobody twice while a check is under way.
func TestSchedule(t *testing.T) {
	table := newTable(1)
	if _, ok := table.Due(start); ok || !table.Deadline().IsZero() {
		t.Error("an empty table checks somebody")
	}
	all := records(40)
	for _, r := range all {
		table.Add(start, r, Found)
	}
	now, last := start, map[id.ID]time.Time{}
	first := 0
	for now.Before(start.Add(3 * time.Minute)) {
		now = later(now, table.Deadline())
		r, ok := table.Due(now)
		if !ok {
			continue
		}
		at, again := last[r.ID()]
		if again && now.Sub(at) < checkEvery {
			t.Fatalf("checked again after %v", now.Sub(at))
		}
		if !again && now.Sub(start) < 10*time.Second {
			first++
		}
		last[r.ID()] = now
		table.Alive(now, r.ID(), 0)
	}
	if first < table.Len() || len(last) != table.Len() {
		t.Errorf("%d of %d were checked in 10 s, %d in all", first, table.Len(), len(last))
	}
	for now = now.Add(time.Hour); ; { // nobody answers, nobody says so
		r, ok := table.Due(now)
		if !ok && now.Before(table.Deadline()) {
			if table.Deadline().Sub(now) > patience {
				t.Errorf("nobody is checked for %v", table.Deadline().Sub(now))
			}
			now = table.Deadline()
			continue
		}
		if ok && now.Sub(last[r.ID()]) < patience {
			t.Errorf("checked twice in %v", now.Sub(last[r.ID()]))
		}
		if ok {
			last[r.ID()] = now
		}
		if now.After(start.Add(3 * time.Hour)) {
			break
		}
	}
}

// Whatever comes, in whatever order: the bounds hold.
func TestTableKeepsItsBounds(t *testing.T) {
	all := records(1200)
	var moved []*enr.Record
	for i := range 300 {
		moved = append(moved, signed(keyOf(uint64(i+1)), uint64(2+i%3), addrOf(uint64(i/5)).String(), 9000))
	}
	rapid.Check(t, func(rt *rapid.T) {
		rng := draw(rapid.Uint64().Draw(rt, "seed"))
		table := New(Config{Self: Random(rng)}, rng)
		few := all[:1+rng.IntN(len(all))]
		now := start
		for range 1000 {
			r := few[rng.IntN(len(few))]
			if rng.IntN(4) == 0 {
				r = moved[rng.IntN(len(moved))]
			}
			before := table.nodes[r.ID()]
			switch rng.IntN(8) {
			case 0, 1, 2, 3:
				table.Add(now, r, How(rng.IntN(2)))
				if e := table.nodes[r.ID()]; before != nil && e != nil && e.record.Seq() < r.Seq() {
					rt.Fatal("an older record was kept")
				}
			case 4:
				table.Alive(now, r.ID(), 0)
			case 5:
				table.Failed(now, r.ID())
			case 6:
				table.Remove(now, r.ID())
			case 7:
				now = now.Add(time.Duration(rng.IntN(20000)) * time.Millisecond)
				if got, ok := table.Due(now); ok && !table.Has(got.ID()) {
					rt.Fatal("checks a stranger")
				}
			}
		}
		invariants(t, table)
	})
}

func BenchmarkAdd(b *testing.B) {
	all := records(3000)
	table := newTable(1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		table.Add(start, all[i%len(all)], Found)
	}
}

func BenchmarkAlive(b *testing.B) {
	all := records(3000)
	table := newTable(1)
	enter(table, all)
	near := table.Closest(table.cfg.Self, 16, true)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		table.Alive(start, near[i%len(near)].ID(), 0)
		table.Deadline()
	}
}
