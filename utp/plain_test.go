package utp

import (
	"math/bits"
	"testing"
	"time"
)

// A remote of other software gets an acknowledgement of each packet of its, each by itself,
// and selective ones of four bytes, over a way that loses and mixes up.
func TestPlainAcknowledgements(t *testing.T) {
	for _, plain := range []bool{true, false} {
		w := newWorld(t, 3, line{trip: 80 * time.Millisecond, loss: 0.02, reorder: 0.02, rate: 4 << 20})
		a, b := w.host(Config{}), w.host(Config{})
		a.who.Plain = plain
		data, acks, longest := 0, 0, 0
		w.tap = func(from, _ *host, p []byte) bool {
			switch form(p[0] >> 4) {
			case stData:
				data++
			case stState:
				acks++
				if p[1] == extSack {
					longest = max(longest, int(p[21]))
				}
			}
			return true
		}
		x := w.send(a, b, noise(2<<20), false)
		w.run(time.Minute, x.over)
		x.check(t)
		if plain && (longest != sackPlain || acks < data*9/10) {
			t.Errorf("other software: %d acknowledgements of %d packets, the longest selective one of %d bytes", acks, data, longest)
		}
		if !plain && longest <= sackPlain {
			t.Errorf("ours: the longest selective acknowledgement has %d bytes; this shows nothing", longest)
		}
	}
}

// A remote of other software that is slow for a while gets nothing twice before a time-out.
func TestPlainTail(t *testing.T) {
	for _, plain := range []bool{true, false} {
		w := newWorld(t, 4, line{trip: time.Millisecond})
		a, b := w.host(Config{}), w.host(Config{})
		b.who.Plain = plain
		seen, twice := map[[2]byte]bool{}, 0
		w.tap = func(from, _ *host, p []byte) bool {
			if form(p[0]>>4) == stData {
				seq := [2]byte{p[16], p[17]}
				if seen[seq] {
					twice++
				}
				seen[seq] = true
				if len(seen) == 30 {
					w.line.trip = 600 * time.Millisecond // its answers take long from now on
				}
			}
			return true
		}
		x := w.send(a, b, noise(40*PayloadMax), false)
		w.run(400*time.Millisecond, x.over)
		if plain == (twice > 0) {
			t.Errorf("other software: %v; %d packets came twice", plain, twice)
		}
	}
}

// A remote that never says a word to our FIN has all the same all that we wrote.
func TestSilenceAfterTheFIN(t *testing.T) {
	w := newWorld(t, 5, line{trip: 20 * time.Millisecond})
	a, b := w.host(Config{}), w.host(Config{})
	fins := 0
	w.tap = func(from, _ *host, p []byte) bool {
		if from == a && form(p[0]>>4) == stFin {
			fins++
			return false
		}
		return true
	}
	x := w.send(a, b, noise(100_000), false)
	w.run(time.Minute, func() bool { return a.over(x.tFrom) })
	g := a.got[x.tFrom]
	if g == nil || !g.end || g.drained != 1 || g.at > 5*time.Second {
		t.Fatalf("%+v", g)
	}
	if fins < finTries || b.got[x.tTo].bytes != len(x.data) {
		t.Errorf("%d FINs, %d bytes of %d", fins, b.got[x.tTo].bytes, len(x.data))
	}
	// Where something that was written is missing, silence is a failure.
	x = w.send(a, b, noise(100_000), false)
	w.tap = func(from, _ *host, p []byte) bool { return from != a || form(p[0]>>4) == stState }
	w.run(time.Minute, func() bool { return a.over(x.tFrom) })
	if g := a.got[x.tFrom]; g == nil || g.err == nil {
		t.Errorf("nothing arrived: %+v", g)
	}
}

// A remote that reads the bits of a selective acknowledgement in reverse, as shisui does,
// names packets that it has not, and all arrives nevertheless.
func TestReversedBits(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t, seed, line{trip: 20 * time.Millisecond, loss: 0.02, reorder: 0.05})
		a, b := w.host(Config{}), w.host(Config{})
		reversed := 0
		w.tap = func(_, _ *host, p []byte) bool {
			if p[1] == extSack {
				for i := range p[22:] {
					p[22+i] = bits.Reverse8(p[22+i])
					reversed++
				}
			}
			return true
		}
		x := w.send(a, b, noise(500_000), seed%2 == 0)
		w.run(2*time.Minute, x.over)
		x.check(t)
		if reversed == 0 {
			t.Error("no selective acknowledgement")
		}
	}
}
