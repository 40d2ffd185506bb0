package hosts

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// fullBook has 5,000 proven hosts and 1,900 unproven ones, most of which failed and rest.
func fullBook(b *testing.B) (*Book, []link.Addr) {
	b.Helper()
	book := newBook(Config{})
	var all []link.Addr
	for n := range 5000 {
		a := testAddr(n, fmt.Sprintf("%d.%d.1.1", 8+n/200, n%200))
		all = append(all, a)
		_ = book.Seen(t0, outInfo(a))
		_ = book.Move(t0, a.ID(), White)
	}
	for n := range 1900 {
		a := testAddr(10_000+n, fmt.Sprintf("%d.%d.1.1", 60+n/200, n%200))
		all = append(all, a)
		_ = book.HearAddr(t0, fmt.Sprint(n%100), a)
		if n%10 != 0 {
			book.Tried(t0, a.ID(), false)
		}
	}
	return book, all
}

func BenchmarkPick(b *testing.B) {
	book, all := fullBook(b)
	taken := map[id.ID]bool{}
	for _, a := range all[:40] {
		taken[a.ID()] = true
	}
	skip := func(who id.ID) bool { return taken[who] }
	for _, c := range []Colour{White, Grey} {
		b.Run(string(c), func(b *testing.B) {
			for range b.N {
				if _, ok := book.Pick(t0, []Colour{c}, skip); !ok {
					b.Fatal("nobody")
				}
			}
		})
	}
	b.Run("nobody", func(b *testing.B) { // every slot asks, and nobody may be dialled
		none := newBook(Config{})
		for n, a := range all {
			_ = none.HearAddr(t0, fmt.Sprint(n%100), a)
			none.Tried(t0, a.ID(), false)
		}
		b.ResetTimer()
		for range b.N {
			none.Pick(t0, []Colour{Gold, White, Grey}, nil)
			none.NextTry(t0, []Colour{Gold, White, Grey}, nil)
		}
	})
}

func BenchmarkHear(b *testing.B) {
	book, all := fullBook(b)
	var fresh []link.Addr
	for n := range 4096 {
		fresh = append(fresh, testAddr(100_000+n, fmt.Sprintf("%d.%d.1.1", 100+n/200, n%200)))
	}
	b.Run("known", func(b *testing.B) {
		for n := range b.N {
			_ = book.HearAddr(t0, "1", all[n%len(all)])
		}
	})
	b.Run("new", func(b *testing.B) {
		sources := make([]string, 500)
		for i := range sources {
			sources[i] = fmt.Sprint("s", i)
		}
		for n := range b.N {
			_ = book.HearAddr(t0, sources[n%500], fresh[n%len(fresh)])
		}
	})
}

func BenchmarkSeen(b *testing.B) {
	book, all := fullBook(b)
	b.ResetTimer()
	for n := range b.N {
		_ = book.Seen(t0.Add(time.Duration(n)), outInfo(all[n%5000])) // some have lost their place
	}
}

func BenchmarkTried(b *testing.B) {
	book, all := fullBook(b)
	b.ResetTimer()
	for n := range b.N {
		book.Tried(t0.Add(time.Duration(n)), all[n%5000].ID(), true)
	}
}
