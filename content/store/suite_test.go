//go:build !nopebble

package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// kinds are the stores that pass the suite.
var kinds = []struct {
	name string
	open func(*testing.T, Config) Store
}{
	{"memory", func(t *testing.T, c Config) Store {
		s, err := NewMemory(c)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}},
	{"disk", func(t *testing.T, c Config) Store {
		c.Disk.fs = vfs.NewMem()
		c.Disk.Memory = 4 << 20
		return opened(t, "/content", c)
	}},
}

// opened is a store in a folder.
func opened(t *testing.T, dir string, c Config) Store {
	t.Helper()
	s, err := Open(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// suite runs a test on every kind of store.
func suite(t *testing.T, f func(t *testing.T, open func(Config) Store)) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			f(t, func(c Config) Store {
				s := kind.open(t, c)
				t.Cleanup(func() { s.Close() })
				return s
			})
		})
	}
}

var (
	blobs = content.Network{Name: "blob"}
	other = content.Network{Name: "other"}
)

// point is a point of the ring that begins with a number.
func point(n uint32) (p id.ID) {
	binary.BigEndian.PutUint32(p[:], n)
	p[31] = 1
	return p
}

func keyOf(p id.ID) []byte { return append([]byte{0}, p[:]...) }

func itemAt(p id.ID, size int, class content.Class) content.Item {
	return content.Item{ID: p, Key: keyOf(p), Value: bytes.Repeat([]byte{p[3] + 1}, size), Class: class}
}

func do(t *testing.T, s Store, a content.Ask) content.Answer {
	t.Helper()
	out := ask(s, a)
	if out.Err != nil {
		t.Fatalf("verb %d: %v", a.Verb, out.Err)
	}
	return out
}

func ask(s Store, a content.Ask) content.Answer {
	if a.Network == "" {
		a.Network = "blob"
	}
	return s.Do(a)
}

func put(t *testing.T, s Store, i content.Item) content.Answer {
	t.Helper()
	return do(t, s, content.Ask{Verb: content.Put, Item: i})
}

func refused(t *testing.T, s Store, i content.Item, want error) {
	t.Helper()
	if got := ask(s, content.Ask{Verb: content.Put, Item: i}).Err; !errors.Is(got, want) {
		t.Fatalf("put: %v, want %v", got, want)
	}
}

func has(t *testing.T, s Store, ids ...id.ID) []bool {
	t.Helper()
	return do(t, s, content.Ask{Verb: content.Has, IDs: ids}).Have
}

func network(t *testing.T, s Store, name string) NetworkStats {
	t.Helper()
	for _, n := range s.Stats().Networks {
		if n.Name == name {
			return n
		}
	}
	t.Fatalf("no network %q", name)
	return NetworkStats{}
}

func TestPutGetDrop(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		s := open(Config{Networks: []content.Network{blobs, other}})
		for _, class := range []content.Class{content.Cache, content.Durable} {
			for _, size := range []int{0, 1, 1000, 5000, 1 << 20} {
				p := point(uint32(size) + uint32(class) + 7)
				in := itemAt(p, size, class)
				ticket := id.Ticket{Owner: "app", N: 9}
				if got := do(t, s, content.Ask{Ticket: ticket, Verb: content.Put, Item: in}); got.Ticket != ticket || got.Radius != content.DistanceMax {
					t.Fatalf("answer %+v", got)
				}
				out := do(t, s, content.Ask{Verb: content.Get, IDs: []id.ID{p}}).Item
				if out.ID != p || !bytes.Equal(out.Key, in.Key) || !bytes.Equal(out.Value, in.Value) || out.Class != class {
					t.Fatalf("got %v %x class %d, %d bytes", out.ID, out.Key, out.Class, len(out.Value))
				}
				if got := ask(s, content.Ask{Network: "other", Verb: content.Get, IDs: []id.ID{p}}).Err; !errors.Is(got, content.ErrNotFound) {
					t.Fatalf("another network: %v", got)
				}
				if got := has(t, s, point(1), p); !slices.Equal(got, []bool{false, true}) {
					t.Fatalf("has %v", got)
				}
				do(t, s, content.Ask{Verb: content.Drop, IDs: []id.ID{p, point(1)}})
				if got := ask(s, content.Ask{Verb: content.Get, IDs: []id.ID{p}}).Err; !errors.Is(got, content.ErrNotFound) {
					t.Fatalf("after drop: %v", got)
				}
			}
		}
		if n := network(t, s, "blob"); n.Bytes != 0 || n.Items != 0 || n.DurableBytes != 0 || n.DurableItems != 0 || s.Stats().Durable != 0 {
			t.Fatalf("left %+v", n)
		}
	})
}

func TestOverwritingCountsOnce(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		s := open(Config{Networks: []content.Network{blobs}})
		p := point(5)
		for _, size := range []int{100, 5000, 100, 10} {
			put(t, s, itemAt(p, size, content.Cache))
			if n := network(t, s, "blob"); n.Items != 1 || n.Bytes != costOf(33, size) {
				t.Fatalf("%d bytes: %+v", size, n)
			}
		}
		put(t, s, itemAt(p, 20, content.Durable)) // out of the cache
		if n := network(t, s, "blob"); n.Items != 0 || n.Bytes != 0 || n.DurableItems != 1 || n.DurableBytes != costOf(33, 20) {
			t.Fatalf("durable: %+v", n)
		}
		put(t, s, itemAt(p, 30, content.Cache)) // kept stays kept
		if n := network(t, s, "blob"); n.Items != 0 || n.DurableItems != 1 || n.DurableBytes != costOf(33, 30) {
			t.Fatalf("new value: %+v", n)
		}
	})
}

func TestEvictionIsExactAndFarthestFirst(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		const n, size = 3000, 1000
		cost := costOf(33, size)
		s := open(Config{Networks: []content.Network{blobs}, Capacity: 1000 * cost})
		var order []uint32 // what was taken, in any order
		for i := range uint32(n) {
			x := i * 2654435761 // all over the ring
			radius := network(t, s, "blob").Radius
			out := ask(s, content.Ask{Verb: content.Put, Item: itemAt(point(x), size, content.Cache)})
			switch {
			case out.Err == nil:
				order = append(order, x)
			case !errors.Is(out.Err, content.ErrOutside):
				t.Fatal(out.Err)
			case out.Radius.Covers(id.ID{}, point(x)):
				t.Fatalf("refused within the radius (before: %x)", radius[:4])
			}
			st := network(t, s, "blob")
			if st.Bytes > st.Capacity {
				t.Fatalf("%d bytes above the capacity", st.Bytes-st.Capacity)
			}
		}
		slices.Sort(order)
		st := network(t, s, "blob")
		if st.Evicted == 0 || st.Bytes < st.Capacity*9/10 || st.Items*cost != st.Bytes {
			t.Fatalf("%+v", st)
		}
		for i, x := range order { // the nearest are there, and no other
			if got := has(t, s, point(x))[0]; got != (int64(i) < st.Items) {
				t.Fatalf("item %d of %d, %d are kept: %v", i, len(order), st.Items, got)
			}
		}
		// The radius lies between the farthest that is kept and the next that is not.
		if got := point(order[st.Items-1]); !st.Radius.Covers(id.ID{}, got) {
			t.Fatalf("radius %x is below what is stored, %x", st.Radius[:4], got[:4])
		}
	})
}

func TestBigItemAtTheCap(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		s := open(Config{Networks: []content.Network{blobs}, Capacity: 2000 * costOf(33, 100)})
		for i := range uint32(2000) {
			put(t, s, itemAt(point(1000+i), 100, content.Cache))
		}
		put(t, s, itemAt(point(1), 1500*100, content.Cache)) // several steps make room
		st := network(t, s, "blob")
		if st.Bytes > st.Capacity || !has(t, s, point(1))[0] {
			t.Fatalf("%+v", st)
		}
		refused(t, s, itemAt(point(2), int(st.Capacity), content.Cache), content.ErrFull)
	})
}

func TestDurableIsNeverEvicted(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		cost := costOf(33, 100)
		s := open(Config{Networks: []content.Network{blobs}, Capacity: 50 * cost, Durable: 20 * cost})
		for i := range uint32(20) {
			put(t, s, itemAt(point(0xffff0000+i), 100, content.Durable))
		}
		refused(t, s, itemAt(point(3), 100, content.Durable), content.ErrFull)
		put(t, s, itemAt(point(0xffff0000), 100, content.Durable)) // again is no more
		for i := range uint32(500) {
			ask(s, content.Ask{Verb: content.Put, Item: itemAt(point(10000-i), 100, content.Cache)})
		}
		for i := range uint32(20) {
			if !has(t, s, point(0xffff0000+i))[0] {
				t.Fatalf("durable item %d is gone", i)
			}
		}
		if st := network(t, s, "blob"); st.Evicted == 0 || st.DurableItems != 20 {
			t.Fatalf("%+v", st)
		}
		do(t, s, content.Ask{Verb: content.Drop, IDs: []id.ID{point(0xffff0001)}})
		put(t, s, itemAt(point(3), 100, content.Durable))
	})
}

func TestCapacityZero(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		s := open(Config{Networks: []content.Network{blobs}, Capacity: None})
		if r := network(t, s, "blob").Radius; r != (content.Distance{}) {
			t.Fatalf("radius %x", r)
		}
		refused(t, s, itemAt(id.ID{}, 1, content.Cache), content.ErrOutside)
		if got := put(t, s, itemAt(point(1), 1, content.Durable)); got.Radius != (content.Distance{}) {
			t.Fatalf("radius %x", got.Radius)
		}
		do(t, s, content.Ask{Verb: content.Drop, IDs: []id.ID{point(1)}})
		if r := network(t, s, "blob").Radius; r != (content.Distance{}) {
			t.Fatalf("radius after a drop %x", r)
		}
	})
}

func TestRadiusOfConfigAndRadiusless(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		var r content.Distance
		r[0] = 0x0f
		all := content.Network{Name: "beacon", Radiusless: true}
		s := open(Config{Networks: []content.Network{blobs, all}, Radius: &r, Capacity: 200 * costOf(33, 100)})
		refused(t, s, itemAt(point(0x10000000), 1, content.Cache), content.ErrOutside)
		put(t, s, itemAt(point(0x0e000000), 1, content.Cache))
		for i := range uint32(300) {
			do(t, s, content.Ask{Network: "beacon", Verb: content.Put, Item: itemAt(point(0xf0000000+i), 100, content.Cache)})
		}
		if n := network(t, s, "beacon"); n.Bytes > n.Capacity || n.Evicted == 0 || n.Items < 90 {
			t.Fatalf("%+v", n)
		}
		nothing := open(Config{Networks: []content.Network{blobs, all}, Radius: &content.Distance{}})
		refused(t, nothing, itemAt(point(1), 1, content.Cache), content.ErrOutside)
		put(t, nothing, itemAt(point(1), 1, content.Durable))
		do(t, nothing, content.Ask{Network: "beacon", Verb: content.Put, Item: itemAt(point(2), 1, content.Cache)})
		if a, b := network(t, nothing, "blob"), network(t, nothing, "beacon"); a.Items != 0 || a.DurableItems != 1 || b.Items != 1 {
			t.Fatalf("%+v, %+v", a, b)
		}
	})
}

func TestRadiusWidensAfterDrops(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		s := open(Config{Networks: []content.Network{blobs}, Capacity: 100 * costOf(33, 100)})
		var ids []id.ID
		for i := range uint32(101) {
			put(t, s, itemAt(point(1000-i), 100, content.Cache))
			ids = append(ids, point(1000-i))
		}
		if network(t, s, "blob").Radius == content.DistanceMax {
			t.Fatal("full, and the radius is the greatest")
		}
		if got := do(t, s, content.Ask{Verb: content.Drop, IDs: ids[80:]}).Radius; got != content.DistanceMax {
			t.Fatalf("radius %x", got)
		}
		put(t, s, itemAt(point(0xff000000), 100, content.Cache))
		for i := range uint32(50) { // what came beyond is the first to go
			put(t, s, itemAt(point(100+i), 100, content.Cache))
		}
		if has(t, s, point(0xff000000))[0] {
			t.Fatal("the farthest is still there")
		}
	})
}

func TestShareOfAPeer(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		now := time.Unix(1_800_000_000, 0)
		cost := costOf(33, 100)
		s := open(Config{Networks: []content.Network{blobs}, Capacity: 1000 * cost, Now: func() time.Time { return now }})
		from := func(i uint32, who byte) content.Item {
			it := itemAt(point(i), 100, content.Cache)
			it.From = id.ID{who}
			return it
		}
		for i := range uint32(50) { // a tenth of half the room
			put(t, s, from(i, 1))
		}
		refused(t, s, from(51, 1), content.ErrShare)
		put(t, s, from(52, 2))
		put(t, s, itemAt(point(53), 100, content.Cache)) // the user's
		now = now.Add(50 * time.Minute)
		refused(t, s, from(54, 1), content.ErrShare)
		now = now.Add(21 * time.Minute)
		put(t, s, from(54, 1))
	})
}

func TestPage(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		self := point(0x80000000)
		s := open(Config{Self: self, Networks: []content.Network{blobs, other}})
		for i := range uint32(700) {
			put(t, s, itemAt(point(i<<22), 10, content.Class(i%2)))
		}
		do(t, s, content.Ask{Network: "other", Verb: content.Put, Item: itemAt(point(1), 1, content.Cache)})
		var all []content.Item
		for after := []id.ID(nil); ; {
			page := do(t, s, content.Ask{Verb: content.Page, IDs: after, Limit: 100}).Items
			all = append(all, page...)
			if len(page) < 100 {
				break
			}
			after = []id.ID{page[99].ID}
		}
		if len(all) != 700 {
			t.Fatalf("%d keys", len(all))
		}
		if !slices.IsSortedFunc(all, func(a, b content.Item) int {
			return content.Between(self, a.ID).Cmp(content.Between(self, b.ID))
		}) {
			t.Error("not in order of distance")
		}
		for _, it := range all {
			if !bytes.Equal(it.Key, keyOf(it.ID)) || it.Value != nil || it.Size != 10 || it.Class != content.Class(binary.BigEndian.Uint32(it.ID[:])>>22%2) {
				t.Fatalf("%+v", it)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		s := open(Config{Networks: []content.Network{{Name: "blob", KeyMax: 40, ValueMax: 100}}})
		refused(t, s, content.Item{Key: make([]byte, 41)}, ErrSize)
		refused(t, s, content.Item{Value: make([]byte, 101)}, ErrSize)
		if err := ask(s, content.Ask{Network: "no", Verb: content.Page}).Err; !errors.Is(err, ErrNetwork) {
			t.Fatal(err)
		}
		if err := ask(s, content.Ask{Verb: content.Get}).Err; err == nil {
			t.Fatal("get of nothing")
		}
		if err := s.Add(content.Network{Name: string(make([]byte, NameMax+1))}); err == nil {
			t.Fatal("a name too long")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := ask(s, content.Ask{Verb: content.Page}).Err; !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
		if err := s.Add(other); !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestMoreNetworksShareTheRoom(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		s := open(Config{Networks: []content.Network{blobs}, Capacity: 100 * costOf(33, 100)})
		for i := range uint32(90) {
			put(t, s, itemAt(point(i), 100, content.Cache))
		}
		if err := s.Add(other); err != nil {
			t.Fatal(err)
		}
		st := network(t, s, "blob")
		if st.Capacity != 50*costOf(33, 100) || st.Radius.Covers(id.ID{}, point(90)) {
			t.Fatalf("%+v", st)
		}
		put(t, s, itemAt(point(0), 100, content.Cache))
		if st = network(t, s, "blob"); st.Bytes > st.Capacity {
			t.Fatalf("%+v", st)
		}
	})
}

// TestManyAtOnce: eight goroutines do everything; the counts are right afterwards.
func TestManyAtOnce(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		cost := costOf(33, 100)
		s := open(Config{Networks: []content.Network{blobs, other}, Capacity: 1000 * cost})
		var wg sync.WaitGroup
		for w := range uint32(8) {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := range uint32(300) {
					p := point((w%4*300 + i) * 2654435761) // two write the same
					class := content.Cache
					if i%50 == 0 {
						class = content.Durable
					}
					name := []string{"blob", "other"}[i%2]
					err := ask(s, content.Ask{Network: name, Verb: content.Put, Item: itemAt(p, 100, class)}).Err
					if err != nil && !errors.Is(err, content.ErrOutside) {
						t.Error(err)
					}
					switch i % 10 {
					case 3:
						ask(s, content.Ask{Network: name, Verb: content.Drop, IDs: []id.ID{p}})
					case 5:
						ask(s, content.Ask{Network: name, Verb: content.Page, Limit: 10})
					default:
						if out := ask(s, content.Ask{Network: name, Verb: content.Get, IDs: []id.ID{p}}); out.Err == nil && !bytes.Equal(out.Item.Value, itemAt(p, 100, class).Value) {
							t.Error("another value")
						}
					}
				}
			}()
		}
		wg.Wait()
		for _, name := range []string{"blob", "other"} {
			checkCounts(t, s, name)
		}
	})
}

// checkCounts compares a network's tally with what is there (D7).
func checkCounts(t interface{ Fatalf(string, ...any) }, s Store, name string) {
	var want [2]tally
	for after := []id.ID(nil); ; {
		page := s.Do(content.Ask{Network: name, Verb: content.Page, IDs: after})
		if page.Err != nil {
			t.Fatalf("page: %v", page.Err)
		}
		for _, it := range page.Items {
			got := s.Do(content.Ask{Network: name, Verb: content.Get, IDs: []id.ID{it.ID}})
			if got.Err != nil {
				t.Fatalf("get: %v", got.Err)
			}
			want[it.Class].items++
			want[it.Class].bytes += costOf(len(got.Item.Key), len(got.Item.Value))
		}
		if len(page.Items) < PageMax {
			break
		}
		after = []id.ID{page.Items[len(page.Items)-1].ID}
	}
	for _, n := range s.Stats().Networks {
		if n.Name != name {
			continue
		}
		if got := fmt.Sprint(n.Bytes, n.Items, n.DurableBytes, n.DurableItems); got != fmt.Sprint(want[0].bytes, want[0].items, want[1].bytes, want[1].items) {
			t.Fatalf("counted %s, there are %+v", got, want)
		}
	}
}
