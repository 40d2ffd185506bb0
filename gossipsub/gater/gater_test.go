package gater

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newGater(t testing.TB) *Gater {
	t.Helper()
	g, err := New(Config{}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// overload turns a gater on.
func overload(g *Gater, now time.Time) {
	for range 2 {
		g.Checked(now)
	}
	g.Throttled(now)
}

// Rule: A1
func TestOnByRatio(t *testing.T) {
	g := newGater(t)
	if g.On(epoch) {
		t.Error("on before anything was turned away")
	}
	for range 3 {
		g.Checked(epoch)
	}
	g.Throttled(epoch) // one in three is above 0.33
	if !g.On(epoch) {
		t.Error("off at one in three")
	}
	g.Checked(epoch) // one in four
	if g.On(epoch) {
		t.Error("on at one in four")
	}
	g.Throttled(epoch)
	if !g.On(epoch.Add(time.Minute)) {
		t.Error("off within the quiet minute")
	}
	if g.On(epoch.Add(time.Minute + time.Nanosecond)) {
		t.Error("on after the quiet minute")
	}
	// Two minutes bring a count of one to nothing, even if something was turned
	// away a moment ago under other settings.
	g.cfg.Quiet = time.Hour
	if g.On(epoch.Add(5 * time.Minute)) {
		t.Error("on with counts that faded")
	}
}

// Rule: A1
func TestGoodput(t *testing.T) {
	tests := []struct {
		name                                    string
		delivered, duplicate, ignored, rejected int
		want                                    float64
	}{
		{"new", 0, 0, 0, 0, 1},
		{"good", 99, 0, 0, 0, 1},
		{"duplicates", 0, 8, 0, 0, 0.5},
		{"ignored", 0, 0, 1, 0, 0.5},
		{"rejected", 0, 0, 0, 1, 1.0 / 17},
		{"mixed", 9, 16, 4, 1, 10.0 / 32},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			g := newGater(t)
			s := g.Up(epoch, addr("192.0.2.1"))
			for o, n := range []int{tc.delivered, tc.duplicate, tc.ignored, tc.rejected} {
				for range n {
					g.Count(epoch, s, Outcome(o), 1)
				}
			}
			if got := g.Goodput(s); math.Abs(got-tc.want) > 1e-9 {
				t.Errorf("goodput %v, want %v", got, tc.want)
			}
			for range 100 {
				if !g.Admit(epoch, s) {
					t.Fatal("refused while off")
				}
			}
			overload(g, epoch)
			admitted := 0
			for range 10000 {
				if g.Admit(epoch, s) {
					admitted++
				}
			}
			if got := float64(admitted) / 10000; math.Abs(got-tc.want) > 0.02 {
				t.Errorf("admitted %v, want %v", got, tc.want)
			}
		})
	}
}

func TestTopicWeight(t *testing.T) {
	g := newGater(t)
	s := g.Up(epoch, addr("192.0.2.1"))
	g.Count(epoch, s, Delivered, 5)
	for _, w := range []float64{0, -1, math.NaN()} {
		g.Count(epoch, s, Delivered, w)
	}
	g.Count(epoch, s, Rejected, 100)
	if s.delivered != 5 || s.rejected != 1 {
		t.Errorf("delivered %v, rejected %v", s.delivered, s.rejected)
	}
}

// Rule: A2
func TestFade(t *testing.T) {
	g := newGater(t)
	s := g.Up(epoch, addr("192.0.2.1"))
	for range 10 {
		g.Count(epoch, s, Rejected, 1)
	}
	half := epoch.Add(30 * time.Minute)
	g.Count(half, s, Duplicate, 1)
	if math.Abs(s.rejected-1) > 1e-6 { // an hour divides by a hundred, half an hour by ten
		t.Errorf("after half the time: %v", s.rejected)
	}
	g.Count(epoch.Add(3*time.Hour), s, Duplicate, 1)
	if s.rejected != 0 {
		t.Errorf("never zero: %v", s.rejected)
	}
}

// Counts stand still without a connection and are gone after six hours.
// Rule: A2
func TestRetain(t *testing.T) {
	g := newGater(t)
	s := g.Up(epoch, addr("192.0.2.1"))
	other := g.Up(epoch, addr("::ffff:192.0.2.1"))
	if s != other {
		t.Error("one address, two records")
	}
	g.Count(epoch, s, Rejected, 1)
	g.Down(epoch, s)
	if !g.Deadline().IsZero() {
		t.Error("retained while connected")
	}
	g.Down(epoch, other)
	back := epoch.Add(6*time.Hour - time.Second)
	g.Advance(back)
	if again := g.Up(back, addr("192.0.2.1")); again != s || again.rejected != 1 {
		t.Errorf("came back as %+v", again)
	}
	g.Down(back, s)
	g.Advance(back.Add(6 * time.Hour))
	if len(g.sources) != 0 || g.gone != (queue{}) || !g.Deadline().IsZero() {
		t.Errorf("left: %d sources, %+v", len(g.sources), g.gone)
	}
}

// An IPv6 host has a whole /64; loopback and unknown addresses stand for nobody.
func TestNetworks(t *testing.T) {
	g := newGater(t)
	if g.Up(epoch, addr("2001:db8::1")) != g.Up(epoch, addr("2001:db8::2")) {
		t.Error("a /64 has two records")
	}
	if g.Up(epoch, addr("2001:db8::1")) == g.Up(epoch, addr("2001:db8:0:1::1")) {
		t.Error("two networks have one record")
	}
	n := len(g.sources)
	for _, ip := range []netip.Addr{{}, addr("127.0.0.1"), addr("::1"), addr("0.0.0.0")} {
		a, b := g.Up(epoch, ip), g.Up(epoch, ip)
		if a == b {
			t.Errorf("%v shares a record", ip)
		}
		g.Count(epoch, a, Rejected, 1)
		g.Down(epoch, a)
		g.Down(epoch, b)
	}
	if len(g.sources) != n || g.gone.n != 0 {
		t.Error("kept what stands for nobody")
	}
}

// A hundred thousand addresses come and go.
// Rule: A2
func TestResidue(t *testing.T) {
	g := newGater(t)
	now := epoch
	for i := range 100_000 {
		var raw [4]byte
		binary.BigEndian.PutUint32(raw[:], 0x0b000000+uint32(i))
		s := g.Up(now, netip.AddrFrom4(raw))
		g.Count(now, s, Rejected, 1)
		g.Down(now, s)
		now = now.Add(time.Millisecond)
		if g.gone.n > retainedMax || len(g.sources) > retainedMax {
			t.Fatalf("%d kept", g.gone.n)
		}
	}
	for !g.Deadline().IsZero() {
		if d := g.Deadline(); d.After(now) {
			now = d
		}
		g.Advance(now)
	}
	if g.sources != nil || g.gone != (queue{}) {
		t.Errorf("left: %d sources, %+v", len(g.sources), g.gone)
	}
}

func TestConfig(t *testing.T) {
	for _, tc := range []struct {
		cfg  Config
		name string
	}{
		{Config{Threshold: math.NaN()}, "Threshold"},
		{Config{Threshold: -1}, "Threshold"},
		{Config{RejectWeight: math.Inf(1)}, "RejectWeight"},
		{Config{IgnoreWeight: -1}, "IgnoreWeight"},
		{Config{DuplicateWeight: -1}, "DuplicateWeight"},
		{Config{Quiet: -time.Second}, "Quiet"},
		{Config{GlobalFade: time.Millisecond}, "GlobalFade"},
		{Config{SourceFade: math.MaxInt64}, "SourceFade"},
		{Config{Retain: -1}, "Retain"},
	} {
		if _, err := New(tc.cfg, nil); err == nil || !strings.Contains(err.Error(), tc.name+":") {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// Junk never makes a source more welcome, deliveries never less.
func TestGoodputMoves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newGater(t)
		now := epoch
		s := g.Up(now, addr("192.0.2.1"))
		for range rapid.IntRange(1, 50).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3_600_000).Draw(rt, "ms")) * time.Millisecond)
			s.fade(g, int64(now.Sub(epoch)/fadeEvery))
			before := g.Goodput(s)
			o := Outcome(rapid.IntRange(0, 3).Draw(rt, "outcome"))
			g.Count(now, s, o, rapid.Float64Range(0, 100).Draw(rt, "weight"))
			after := g.Goodput(s)
			const rounding = 1e-12
			if after <= 0 || after > 1 || o == Delivered && after < before-rounding || o != Delivered && after > before+rounding {
				rt.Fatalf("outcome %d: %v to %v", o, before, after)
			}
		}
	})
}

func BenchmarkCount(b *testing.B) {
	g := newGater(b)
	s := g.Up(epoch, addr("192.0.2.1"))
	b.ReportAllocs()
	for b.Loop() {
		g.Count(epoch, s, Duplicate, 1)
	}
}

func BenchmarkAdmit(b *testing.B) {
	g := newGater(b)
	s := g.Up(epoch, addr("192.0.2.1"))
	g.Count(epoch, s, Rejected, 1)
	overload(g, epoch)
	b.ReportAllocs()
	for b.Loop() {
		g.Admit(epoch, s)
	}
}
