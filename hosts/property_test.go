package hosts

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
	"pgregory.net/rapid"
)

// drawAddr is an address of one of a few dozen hosts in a few groups.
func drawAddr(t *rapid.T) link.Addr {
	n := rapid.IntRange(0, 60).Draw(t, "host")
	ip := fmt.Sprintf("8.%d.%d.%d", rapid.IntRange(1, 4).Draw(t, "group"), rapid.IntRange(1, 2).Draw(t, "subnet"), n%9+1)
	return testAddr(n, ip)
}

// TestCapsHold: whatever happens, lists, quotas and bans keep their bounds, every
// step of a host is in the table, and when all are forgotten nothing is left.
func TestCapsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{GreyMax: 12, WhiteMax: 5, GoldMax: 3, DarkMax: 3, BansMax: 4, SourceMax: 6, Kinds: []link.Kind{link.LibP2P}}
		cfg.Trace = func(_ time.Time, e trace.Event) {
			if !legalText(e.Topic) {
				t.Fatalf("step %s is not in the table", e.Topic)
			}
		}
		b := New(cfg, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		now := t0
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { checkInvariants(t, b) },
			"hear": func(t *rapid.T) {
				_ = b.HearAddr(now, rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "source"), drawAddr(t))
			},
			"enode": func(t *rapid.T) {
				pub, _ := testKey(rapid.IntRange(0, 9).Draw(t, "key")).Public().Uncompressed()
				_ = b.HearAddr(now, "a", link.MustAddr(fmt.Sprintf("enode://%x@8.9.9.9:30303", pub)))
			},
			"seen": func(t *rapid.T) {
				info := outInfo(drawAddr(t))
				info.Dir = rapid.SampledFrom([]link.Direction{link.In, link.Out}).Draw(t, "dir")
				_ = b.Seen(now, info)
			},
			"move": func(t *rapid.T) {
				_ = b.Move(now, drawAddr(t).ID(), rapid.SampledFrom(append(Colours[:], None)).Draw(t, "to"))
			},
			"tried": func(t *rapid.T) { b.Tried(now, drawAddr(t).ID(), rapid.Bool().Draw(t, "ok")) },
			"ended": func(t *rapid.T) {
				b.Ended(now, drawAddr(t).ID(), time.Duration(rapid.IntRange(0, 100).Draw(t, "s"))*time.Second)
			},
			"ban": func(t *rapid.T) {
				a := drawAddr(t)
				_ = b.Ban(now, rapid.SampledFrom([]Target{OfID(a.ID()), OfIP(a.IP())}).Draw(t, "target"), time.Minute)
			},
			"time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "s")) * time.Second)
				b.Advance(now)
			},
			"pick": func(t *rapid.T) {
				not := drawAddr(t).ID()
				h, ok := b.Pick(now, []Colour{Gold, White, Grey}, func(who id.ID) bool { return who == not })
				if ok && (h.ID == not || b.Banned(now, h.ID, h.Addrs[0]) || now.Before(h.RetryAt) || h.Colour == Dark || h.Colour == Black) {
					t.Fatalf("picked %+v", h)
				}
				if next := b.NextTry(now, []Colour{Gold, White, Grey}, func(who id.ID) bool { return who == not }); ok != next.Equal(now) {
					t.Fatalf("pick %v, next try %v", ok, next)
				}
			},
		})
		now = now.Add(2 * DarkFor)
		b.Advance(now)
		for _, who := range b.entries.Keys() {
			if e, ok := b.entries.Get(who); ok && e.Colour == Gold { // the last one may have taken its place
				b.Ended(now, who, 0)
			}
			if b.entries.Has(who) && b.Move(now, who, None) != nil {
				t.Fatal("a host cannot be forgotten")
			}
		}
		if b.entries.Len()+b.sources.Len()+b.ips.Len()+b.bans.len() != 0 {
			t.Fatalf("residue: %d %d %d %d", b.entries.Len(), b.sources.Len(), b.ips.Len(), b.bans.len())
		}
		for i := range b.lists {
			l := &b.lists[i]
			if len(l.all)+len(l.resting)+len(l.elders) != 0 {
				t.Fatalf("residue in list %s", Colours[i])
			}
			for j := range l.pools {
				if l.pools[j].crowds.Len() != 0 {
					t.Fatalf("residue in a pool of %s", Colours[i])
				}
			}
		}
	})
}

// TestProvenOutlastFloods: a flood of hearsay from many sources and
// groups displaces no host we reached, and takes no more than its share.
func TestProvenOutlastFloods(t *testing.T) {
	b := newBook(Config{})
	var proven []id.ID
	for n := range 200 {
		a := testAddr(n, fmt.Sprintf("8.%d.1.1", n))
		if err := b.Seen(t0, outInfo(a)); err != nil {
			t.Fatal(err)
		}
		proven = append(proven, a.ID())
		if n%4 == 0 {
			_ = b.Move(t0, a.ID(), White)
		}
	}
	for n := range 20_000 {
		ip := fmt.Sprintf("9.%d.%d.%d", n%32, n/32%200+1, n/6400+1)
		_ = b.HearAddr(t0, fmt.Sprintf("source %d", n%500), testAddr(1000+n, ip))
	}
	for _, who := range proven {
		if _, ok := b.Get(who); !ok {
			t.Fatal("a proven host was displaced by hearsay")
		}
	}
	if c := b.Counts(); c.Grey < GreyMax*9/10 || c.White != 50 {
		t.Fatalf("counts %+v", c)
	}
	checkInvariants(t, b)
}

// TestOneSourceIsBounded.
func TestOneSourceIsBounded(t *testing.T) {
	b := newBook(Config{})
	for n := range 1000 {
		_ = b.HearAddr(t0, "6.6.0.0/16", testAddr(n, fmt.Sprintf("8.%d.%d.1", n%250, n/250)))
	}
	if got := b.Counts().Grey; got != SourceMax {
		t.Fatalf("one source placed %d", got)
	}
	for n := range 100 {
		_ = b.HearAddr(t0, fmt.Sprint(n), testAddr(2000+n, "8.1.1.1"))
	}
	if got := b.Counts().Grey; got != SourceMax+perIPMax {
		t.Fatalf("one IP address holds %d", got-SourceMax)
	}
}

// TestLocalnetHasNoGroups: on loopback a thousand hosts share one address.
func TestLocalnetHasNoGroups(t *testing.T) {
	b := newBook(Config{Localnet: true})
	for n := range 1000 {
		if err := b.HearAddr(t0, "", testAddr(n, "127.0.0.1")); err != nil {
			t.Fatal(err)
		}
	}
	checkInvariants(t, b)
}

// TestPickIsUniformOverGroups: a hundred hosts in one group are worth
// one host in another.
func TestPickIsUniformOverGroups(t *testing.T) {
	b := newBook(Config{})
	for n := range 100 {
		_ = b.HearAddr(t0, fmt.Sprint(n%3), testAddr(n, fmt.Sprintf("9.9.%d.1", n)))
	}
	for n := range 3 {
		_ = b.HearAddr(t0, "", testAddr(200+n, fmt.Sprintf("8.%d.1.1", n)))
	}
	hits := map[string]int{}
	for range 4000 {
		h, _ := b.Pick(t0, []Colour{White, Grey}, nil)
		hits[h.Addrs[0].Group()]++
	}
	for g, n := range hits {
		if n < 850 || n > 1150 {
			t.Errorf("group %s picked %d times of 4000, want 1000", g, n)
		}
	}
	if len(hits) != 4 {
		t.Errorf("%d groups picked", len(hits))
	}
}

// TestPickFallsThrough: when all gold is skipped, white is
// next, then grey.
func TestPickFallsThrough(t *testing.T) {
	b := newBook(Config{})
	var who []id.ID
	for n, c := range []Colour{Gold, White, Grey} {
		a := testAddr(n, fmt.Sprintf("8.%d.1.1", n))
		_ = b.HearAddr(t0, "", a)
		_ = b.Move(t0, a.ID(), c)
		who = append(who, a.ID())
	}
	skipped := map[id.ID]bool{}
	for _, want := range who {
		h, ok := b.Pick(t0, []Colour{Gold, White, Grey}, func(x id.ID) bool { return skipped[x] })
		if !ok || h.ID != want {
			t.Fatalf("picked %s %s", h.Colour, h.ID.Short())
		}
		skipped[h.ID] = true
	}
}

// TestSampleIsBounded: no more than asked, than SampleMax, than a quarter of a large
// book; only shareable hosts; nobody twice.
func TestSampleIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.Bool().Draw(t, "localnet")
		b := New(Config{Localnet: local}, rand.New(rand.NewPCG(1, 1)))
		total := rapid.IntRange(0, 80).Draw(t, "hosts")
		may := map[id.ID]bool{}
		for n := range total {
			r := sampleRecords[n]
			_ = b.Hear(t0, "", r)
			colour := rapid.SampledFrom([]Colour{Grey, White, Gold}).Draw(t, "colour")
			_ = b.Move(t0, r.ID(), colour)
			may[r.ID()] = local || colour != Grey
		}
		limit := rapid.IntRange(0, 100).Draw(t, "limit")
		got := b.Sample(t0, limit, nil)
		if len(got) > limit || len(got) > max(sampleFloor, total/4) {
			t.Fatalf("%d of %d hosts for limit %d", len(got), total, limit)
		}
		seen := map[id.ID]bool{}
		for _, h := range got {
			if seen[h.ID] || !may[h.ID] {
				t.Fatalf("host %s: twice %v, shareable %v", h.ID.Short(), seen[h.ID], may[h.ID])
			}
			seen[h.ID] = true
		}
	})
}
