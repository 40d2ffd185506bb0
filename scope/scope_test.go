package scope

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/id"
)

func who(n byte) (out id.ID) { out[0] = n; return out }

// find is a scope's row; a scope that holds nobody has none.
func find(s *Set, scope, name string) Row {
	for _, r := range s.Report() {
		if r.Scope == scope && r.Name == name {
			return r
		}
	}
	return Row{}
}

var conn = Cost{Conns: 1, Goroutines: 1}

func TestEveryScopeRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits Limits
		want   string
	}{
		{"system", Limits{System: Cost{Conns: 1}}, "system: connections, 1 of 1"},
		{"session", Limits{Session: map[string]Cost{Transient: {Conns: 1}}}, "session transient: connections, 1 of 1"},
		{"peer", Limits{Peer: Cost{Goroutines: 1}}, "peer " + who(1).String() + ": goroutines, 1 of 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(c.limits)
			if _, err := s.Link(who(1), conn); err != nil {
				t.Fatal(err)
			}
			_, err := s.Link(who(1), conn)
			if !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("second link: %v, want %q", err, c.want)
			}
			if got := find(s, System, "").Used; got != conn {
				t.Fatalf("a refused link holds something: %+v", got)
			}
		})
	}
}

func TestProtocolRefuses(t *testing.T) {
	s := New(Limits{Protocol: Cost{Streams: 1}})
	a, _ := s.Link(who(1), conn)
	b, _ := s.Link(who(2), conn)
	if _, err := a.Share("echo/1", Cost{Streams: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Share("echo/1", Cost{Streams: 1}); !errors.Is(err, ErrLimit) {
		t.Fatalf("a second stream of the protocol: %v", err)
	}
	if _, err := b.Share("other/1", Cost{Streams: 1}); err != nil {
		t.Fatalf("another protocol: %v", err)
	}
	if r := find(s, Protocol, "echo/1"); r.Refused != 1 {
		t.Fatalf("refused %d times, want 1", r.Refused)
	}
}

// TestTightIsTheWhole: one protocol that used up the bytes makes all shares tight when
// they are the system's, and only its own when they are the protocol's.
func TestTightIsTheWhole(t *testing.T) {
	s := New(Limits{System: Cost{Bytes: 100}, Protocol: Cost{Bytes: 50}})
	l, _ := s.Link(who(1), conn)
	a, _ := l.Share("a/1", Cost{})
	b, _ := l.Share("b/1", Cost{})
	if a.Add(Cost{Bytes: 50}); !a.Tight() || b.Tight() {
		t.Fatalf("50 of 50: a %v, b %v; want true, false", a.Tight(), b.Tight())
	}
	if a.Add(Cost{Bytes: 50}); !b.Tight() {
		t.Fatal("100 of 100 of the system and b is not tight")
	}
	if a.Close(); b.Tight() {
		t.Fatal("all is back and b is tight")
	}
}

func TestMoveTakesSharesAlong(t *testing.T) {
	s := New(Limits{})
	l, _ := s.Link(who(1), conn)
	h, _ := l.Share("a/1", Cost{Goroutines: 1})
	l.Move("inbound")
	h.Add(Cost{Bytes: 9})
	if got, want := find(s, Session, "inbound").Used, (Cost{Conns: 1, Goroutines: 2, Bytes: 9}); got != want {
		t.Fatalf("inbound has %+v, want %+v", got, want)
	}
	if got := find(s, Session, Transient).Used; !got.IsZero() {
		t.Fatalf("transient keeps %+v", got)
	}
	l.Close()
	if got := find(s, Peer, who(1).String()).Used; got.Goroutines != 1 {
		t.Fatalf("a share outlives its link: %+v", got)
	}
	h.Close()
	if rows := s.Report(); len(rows) != 3 { // system, transient, inbound
		t.Fatalf("left over: %+v", rows)
	}
}

// TestSums: whatever is taken, moved, given back and closed, the sessions' sum and the
// peers' sum are the system's, no limit is passed by a take, and at the end all is zero.
func TestSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(Limits{System: Cost{Conns: 6, Streams: 20}, Peer: Cost{Conns: 2}, Protocol: Cost{Streams: 8}})
		var links []*Link
		var shares []*Share
		amount := rapid.Custom(func(t *rapid.T) Cost {
			return Cost{Streams: rapid.IntRange(0, 3).Draw(t, "streams"), Bytes: int64(rapid.IntRange(0, 9).Draw(t, "bytes"))}
		})
		check := func() {
			var sums [2]Cost
			for _, r := range s.Report() {
				switch r.Scope {
				case Session:
					sums[0] = sums[0].Plus(r.Used)
				case Peer:
					sums[1] = sums[1].Plus(r.Used)
				}
			}
			all := s.Report()[0].Used
			if sums != [2]Cost{all, all} {
				t.Fatalf("system %+v, sessions and peers %+v", all, sums)
			}
			if all.Conns > 6 || all.Streams > 20 {
				t.Fatalf("above the limit: %+v", all)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { check() },
			"link": func(t *rapid.T) {
				if l, err := s.Link(who(byte(rapid.IntRange(1, 4).Draw(t, "who"))), conn); err == nil {
					links = append(links, l)
				}
			},
			"share": func(t *rapid.T) {
				if len(links) == 0 {
					t.Skip()
				}
				if h, err := rapid.SampledFrom(links).Draw(t, "link").Share(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), amount.Draw(t, "cost")); err == nil {
					shares = append(shares, h)
				}
			},
			"add": func(t *rapid.T) {
				if len(shares) == 0 {
					t.Skip()
				}
				rapid.SampledFrom(shares).Draw(t, "share").Add(Cost{Bytes: int64(rapid.IntRange(0, 99).Draw(t, "bytes"))})
			},
			"take": func(t *rapid.T) {
				if len(links) == 0 {
					t.Skip()
				}
				l, c := rapid.SampledFrom(links).Draw(t, "link"), amount.Draw(t, "cost")
				if l.Take(c) == nil && rapid.Bool().Draw(t, "back") {
					l.Give(c)
				}
			},
			"move": func(t *rapid.T) {
				if len(links) > 0 {
					rapid.SampledFrom(links).Draw(t, "link").Move(rapid.SampledFrom([]string{"inbound", "outbound", ""}).Draw(t, "to"))
				}
			},
			"close": func(t *rapid.T) {
				if len(shares) > 0 && rapid.Bool().Draw(t, "which") {
					rapid.SampledFrom(shares).Draw(t, "share").Close()
				} else if len(links) > 0 {
					rapid.SampledFrom(links).Draw(t, "link").Close()
				}
			},
		})
		for _, l := range links {
			l.Close()
		}
		for _, h := range shares {
			h.Close()
		}
		for _, r := range s.Report() {
			if !r.Used.IsZero() || r.Scope == Peer || r.Scope == Protocol {
				t.Fatalf("left over: %+v", r)
			}
		}
	})
}

func TestManyGoroutines(t *testing.T) {
	s := New(Limits{System: Cost{Conns: 8}})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 1000 {
				l, err := s.Link(who(byte(n%3+1)), conn)
				if err != nil {
					continue
				}
				h, _ := l.Share("a", Cost{Goroutines: 1})
				h.Add(Cost{Bytes: 5})
				_ = h.Tight()
				l.Move("inbound")
				l.Close()
				h.Close()
			}
		})
	}
	wg.Wait()
	if got := s.Report()[0].Used; !got.IsZero() {
		t.Fatalf("left over: %+v", got)
	}
}

func TestNil(t *testing.T) {
	var l *Link
	var h *Share
	if l.Take(conn) != nil || h.Tight() {
		t.Fatal("nil refuses")
	}
	l.Give(conn)
	l.Move("x")
	l.Close()
	h.Add(conn)
	h.Close()
	if got, err := l.Share("a", conn); got != nil || err != nil {
		t.Fatal("nil shares")
	}
}

func BenchmarkAdd(b *testing.B) {
	s := New(Limits{System: Cost{Bytes: 1 << 40}})
	l, _ := s.Link(who(1), conn)
	h, _ := l.Share("a", Cost{})
	for b.Loop() {
		h.Add(Cost{Bytes: 64})
		h.Add(Cost{Bytes: -64})
	}
}
