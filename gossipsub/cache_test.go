package gossipsub

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/id"
)

func keyOf(i int) key {
	return makeKey(7, binary.BigEndian.AppendUint64(nil, uint64(i)))
}

// The seen cache against a plain map with times: what is younger than the TTL is
// there, what is older than nine eighths of it is not.
// Rule: V5
func TestSeenAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := seen{ttl: 80 * time.Second, bytesMax: 1 << 20}
		model := map[int]time.Time{}
		now := epoch
		for range rapid.IntRange(0, 300).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond)
			i := rapid.IntRange(0, 50).Draw(t, "key")
			got := s.has(now, keyOf(i))
			at, ok := model[i]
			age := now.Sub(at)
			if ok && age < s.ttl && !got || (!ok || age >= s.ttl+s.ttl/seenPagesPerTTL) && got {
				t.Fatalf("key %d of age %v: has = %v", i, age, got)
			}
			if !got {
				s.add(now, keyOf(i))
				model[i] = now
			} else if !ok {
				t.Fatalf("key %d never added", i)
			}
			if rapid.Bool().Draw(t, "expire") {
				s.expire(now)
			}
		}
		s.expire(now.Add(time.Hour))
		s.expire(now.Add(2 * time.Hour))
		if len(s.pages) != 0 || s.bytes != 0 {
			t.Fatalf("%d pages, %d bytes left", len(s.pages), s.bytes)
		}
	})
}

// Memory bounds the cache; the oldest go first, and the cut is counted.
// Rule: V5
func TestSeenIsBoundedByMemory(t *testing.T) {
	const n = 400000
	s := seen{ttl: time.Hour, bytesMax: 4 << 20}
	for i := range n {
		s.add(epoch, keyOf(i))
		if s.bytes > s.bytesMax {
			t.Fatalf("%d bytes", s.bytes)
		}
	}
	if s.cut == 0 || s.has(epoch, keyOf(0)) {
		t.Fatal("nothing was cut")
	}
	kept := 0
	for i := range n {
		if s.has(epoch, keyOf(i)) {
			kept++
		}
	}
	if kept != s.len() || kept < 100000 || !s.has(epoch, keyOf(n-1)) {
		t.Fatalf("%d kept, %d counted", kept, s.len())
	}
}

func BenchmarkSeenFull(b *testing.B) {
	s := seen{ttl: time.Hour, bytesMax: 64 << 20}
	for i := range 3000000 {
		s.add(epoch, keyOf(i))
	}
	i := 0
	for b.Loop() {
		i++
		s.has(epoch, keyOf(-i))
	}
	b.ReportMetric(float64(s.len()), "keys")
}

// The message cache against a list: windows, order, byte bound.
// Rule: I1
func TestMcacheAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := mcache{length: 5, bytesMax: 5000}
		type item struct {
			topic, id string
			beat      uint64
			size      int
		}
		var model []item
		beat := uint64(1)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			if rapid.IntRange(0, 4).Draw(t, "op") == 0 {
				beat++
				c.shift(beat, 1<<30)
				for len(model) > 0 && model[0].beat+5 <= beat {
					model = model[1:]
				}
			} else {
				topic := fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "topic"))
				mid := fmt.Sprint("id", rapid.IntRange(0, 100).Draw(t, "id"))
				frame := make([]byte, rapid.IntRange(0, 900).Draw(t, "size"))
				known := false
				for _, it := range model {
					known = known || it.id == mid
				}
				c.put(topic, mid, frame, beat, time.Time{})
				if !known {
					model = append(model, item{topic, mid, beat, entryCharge + len(frame) + len(topic) + len(mid)})
				}
				total := 0
				for _, it := range model {
					total += it.size
				}
				for total > 5000 {
					total -= model[0].size
					model = model[1:]
				}
				if total != c.bytes {
					t.Fatalf("%d bytes, want %d", c.bytes, total)
				}
			}
			for topic := range 4 {
				var want []string
				for _, it := range model {
					if it.topic == fmt.Sprint(topic) && it.beat+3 >= beat {
						want = append(want, it.id)
					}
				}
				if got := c.recent(epoch, fmt.Sprint(topic), beat, 3, 0); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("recent %v, want %v", got, want)
				}
			}
			for _, it := range model {
				if c.get([]byte(it.id)) == nil {
					t.Fatalf("%s is gone", it.id)
				}
			}
			if len(c.byID) != len(model) {
				t.Fatalf("%d cached, want %d", len(c.byID), len(model))
			}
		}
	})
}

type number int

func (n number) serial() uint64 { return uint64(n) }

func TestSetAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s set[number]
		model := map[number]bool{}
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			v := number(rapid.IntRange(0, 40).Draw(t, "v"))
			if rapid.Bool().Draw(t, "add") {
				if s.add(v) == model[v] {
					t.Fatal("add")
				}
				model[v] = true
			} else {
				if s.remove(v) != model[v] {
					t.Fatal("remove")
				}
				delete(model, v)
			}
			if s.len() != len(model) || s.has(v) != model[v] {
				t.Fatal("len or has")
			}
		}
	})
}

func TestQueueAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue[int]
		var model []int
		for i := range rapid.IntRange(0, 500).Draw(t, "steps") {
			if len(model) == 0 || rapid.IntRange(0, 2).Draw(t, "push") > 0 {
				q.push(i)
				model = append(model, i)
			} else {
				if q.pop() != model[0] {
					t.Fatal("order")
				}
				model = model[1:]
			}
			if q.len() != len(model) || q.len() > 0 && (q.at(0) != model[0] || q.at(q.len()-1) != model[len(model)-1]) {
				t.Fatal("content")
			}
		}
	})
}

// What the table gives up first when it is full.
// Rule: G9
func TestBackoffTableIsBounded(t *testing.T) {
	var b backoffs
	who := func(i int) id.ID { return id.ID{byte(i), byte(i >> 8)} }
	for i := range 100 {
		b.add(epoch, who(i), time.Minute, false, 64)
	}
	if b.m.Len() != 64 || b.m.Has(who(99)) {
		t.Fatal("one of ours pushed another out")
	}
	for i := 200; i < 230; i++ {
		b.add(epoch, who(i), time.Duration(i)*time.Second, true, 64)
	}
	for i := 200; i < 230; i++ {
		if !b.blocks(epoch, who(i), 0) {
			t.Fatal("one that protects us is missing")
		}
	}
	for i := 300; i < 400; i++ {
		b.add(epoch, who(i), time.Hour, true, 64)
	}
	if b.m.Len() != 64 || b.m.Has(who(200)) {
		t.Fatal("the one that ends first should go")
	}
	b.add(epoch, who(399), time.Second, true, 64)
	if e, _ := b.m.Get(who(399)); e.until != epoch.Add(time.Hour) {
		t.Fatal("a backoff was shortened")
	}
	if b.blocks(epoch.Add(time.Hour+time.Second), who(399), time.Second) || !b.blocks(epoch.Add(time.Hour), who(399), time.Second) {
		t.Fatal("slack")
	}
	if b.sweep(epoch.Add(2 * time.Hour)); b.m.Len() != 0 {
		t.Fatal("sweep")
	}
}

// len counts the keys, which only tests want to know.
func (s *seen) len() (n int) {
	for _, p := range s.pages {
		n += p.n
	}
	return n
}

// A large message is advertised one heartbeat later than others, unless there is only
// one in which it could be.
// Rule: I13
func TestLargeMessagesAreAdvertisedLater(t *testing.T) {
	c := mcache{length: 5, bytesMax: 1 << 20}
	c.put("t", "small", make([]byte, 99), 7, time.Time{})
	c.put("t", "large", make([]byte, 100), 7, time.Time{})
	for _, w := range []struct {
		beat         uint64
		window, late int
		want         string
	}{
		{8, 3, 100, "[small]"}, {9, 3, 100, "[small large]"}, {10, 3, 100, "[small large]"}, {11, 3, 100, "[]"},
		{8, 1, 100, "[small large]"}, {8, 3, 0, "[small large]"},
	} {
		if got := fmt.Sprint(c.recent(epoch, "t", w.beat, w.window, w.late)); got != w.want {
			t.Errorf("beat %d, window %d, late from %d: %s, want %s", w.beat, w.window, w.late, got, w.want)
		}
	}
}

// The cache holds no more than its bytes, whoever fills it; the oldest go first.
// Rule: I1
func TestCacheIsBoundedByMemory(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params.CacheBytes = 1 << 20 })
	g.join("t", TopicConfig{MessageID: func(m *Message) string { return string(m.Data[:4]) }})
	g.ups(1, Meshsub11, "t")
	for i := range 40 {
		g.recv("n0", plain("t", fmt.Sprintf("%04d", i)+big(100<<10)))
		if g.r.cache.bytes > 1<<20 {
			t.Fatalf("%d bytes", g.r.cache.bytes)
		}
	}
	if g.r.cache.get([]byte("0039")) == nil || g.r.cache.get([]byte("0000")) != nil {
		t.Fatal("not the newest are kept")
	}
}

// Who fetched a message is remembered at the cost of the cache: a crowd that comes
// and goes does not grow it.
//
// Rule: I5
func TestServedIsChargedToTheCache(t *testing.T) {
	c := mcache{length: 5, bytesMax: 64 << 10}
	for i := range 10 {
		c.put("t", fmt.Sprint("id", i), make([]byte, 100), 1, time.Time{})
	}
	last := c.get([]byte("id9"))
	for i := range 10_000 {
		c.serve(last, id.ID{1, byte(i), byte(i >> 8)}, 3)
		if c.bytes > c.bytesMax {
			t.Fatalf("%d bytes after %d askers", c.bytes, i+1)
		}
		if c.all.len() == 0 {
			break
		}
	}
	if c.all.len() != 0 || c.bytes != 0 {
		t.Fatalf("%d entries of %d bytes are left of a cache that askers filled", c.all.len(), c.bytes)
	}
}
