package hosts

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// 10,000 addresses of nobody, from as many groups and hundreds of sources, cost less than
// 5 MB and push out no host that we reached.
func TestTenThousandBogusAddresses(t *testing.T) {
	b := newBook(Config{})
	var proven []id.ID
	for n := range 500 {
		a := testAddr(n, fmt.Sprintf("8.%d.%d.1", n%250, n/250))
		if err := b.Seen(t0, outInfo(a)); err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			_ = b.Move(t0, a.ID(), White)
		}
		proven = append(proven, a.ID())
	}
	bogus := make([]link.Addr, 10_000)
	for n := range bogus {
		bogus[n] = testAddr(1000+n, fmt.Sprintf("%d.%d.%d.1", 20+n%100, n/100%250, n%199))
	}
	before := heap()
	for n, a := range bogus {
		now := t0.Add(time.Duration(n) * time.Second)
		_ = b.HearAddr(now, fmt.Sprint("source ", n%400), a)
		b.Dialled(now, a)
		b.Blame(now, a.ID(), 1)
	}
	cost := heap() - before
	runtime.KeepAlive(bogus)
	runtime.KeepAlive(b)
	t.Logf("10,000 bogus addresses cost %.2f MB; %d are in the book", float64(cost)/1e6, b.Len()-len(proven))
	if cost > 5_000_000 {
		t.Errorf("they cost %d bytes", cost)
	}
	for _, who := range proven {
		if _, ok := b.Get(who); !ok {
			t.Fatal("a host we reached was pushed out")
		}
	}
	checkInvariants(t, b)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Who fills the book in some hours has few of the picks of proven hosts: as many groups as
// the honest ones have, or 32 with 256 addresses each, against a book that knew the others
// before.
func TestPicksUnderFlood(t *testing.T) {
	for _, c := range []struct {
		name string
		ip   func(n int) string
		many int
		most float64 // of the picks
	}{
		{"8,192 addresses in 32 /24s", func(n int) string { return fmt.Sprintf("%d.1.1.%d", 100+n%32, n/32) }, 8192, 0.1},
		{"4,600 scattered", func(n int) string { return fmt.Sprintf("%d.%d.1.1", 100+n/200, n%200) }, 4600, 0.35},
	} {
		b := newBook(Config{})
		now := t0
		for n := range 1000 {
			a := testAddr(n, fmt.Sprintf("%d.%d.1.1", 8+n/200, n%200))
			_ = b.HearAddr(now, "", a)
			b.Tried(now, a.ID(), true)
			_ = b.Move(now, a.ID(), White)
			now = now.Add(time.Minute)
		}
		for n := range c.many { // all of them answer
			a := testAddr(10_000+n, c.ip(n))
			if b.HearAddr(now, fmt.Sprint("source ", n%400), a) == nil {
				b.Tried(now, a.ID(), true)
				_ = b.Move(now, a.ID(), White)
			}
			now = now.Add(time.Second)
		}
		b = restarted(t, b, now)
		bad := 0
		const picks = 4000
		for range picks {
			h, ok := b.Pick(now, []Colour{White}, nil)
			if !ok {
				t.Fatal("nobody to pick")
			}
			if h.Addrs[0].IP().As4()[0] >= 100 {
				bad++
			}
		}
		share := float64(bad) / picks
		t.Logf("%s: %d of %d proven hosts are theirs, %.3f of the picks", c.name, b.Counts().White-1000, b.Counts().White, share)
		if share > c.most {
			t.Errorf("%s: %.3f of the picks, at most %.2f", c.name, share, c.most)
		}
	}
}

func restarted(t *testing.T, b *Book, now time.Time) *Book {
	t.Helper()
	again := New(Config{}, rand.New(rand.NewPCG(3, 4)))
	if err := again.Load(now, b.Encode(true)); err != nil {
		t.Fatal(err)
	}
	return again
}
