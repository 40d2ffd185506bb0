package hosts

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"pgregory.net/rapid"
)

// One source group reaches four buckets of the unproven, one address group four of the
// proven, and which they are depends on the secret.
func TestReachOfAGroup(t *testing.T) {
	for _, secret := range [][32]byte{{1}, {2}, {3}} {
		b := newBook(Config{Secret: secret})
		unproven, proven := map[*bucket]bool{}, map[*bucket]bool{}
		for n := range 5000 {
			e := &entry{Host: Host{ID: testPeer(n).ID(), Source: "6.6.0.0/16"}, group: fmt.Sprintf("8.%d.0.0/16", n%250)}
			unproven[b.bucket(Grey, e)] = true
			e.group = "9.9.0.0/16"
			proven[b.bucket(White, e)] = true
		}
		if len(unproven) > sourceBuckets || len(proven) > groupBuckets || len(unproven) < 2 || len(proven) < 2 {
			t.Errorf("a source reaches %d buckets, a group %d", len(unproven), len(proven))
		}
	}
	one, other := newBook(Config{Secret: [32]byte{1}}), newBook(Config{Secret: [32]byte{2}})
	same := 0
	for n := range 100 {
		e := &entry{Host: Host{ID: testPeer(n).ID()}, group: fmt.Sprintf("8.%d.0.0/16", n)}
		at := func(b *Book) int { return b.keyed(len(b.buckets.proven), e.group) }
		if at(one) == at(other) {
			same++
		}
	}
	if same > 20 {
		t.Errorf("%d of 100 groups have the same bucket under two secrets", same)
	}
}

// What one address group holds of the proven is bounded, whatever the number of its
// hosts that answer probes: all others are far from full.
func TestOneGroupHoldsFewProven(t *testing.T) {
	b := newBook(Config{})
	for n := range 2000 {
		a := testAddr(n, fmt.Sprintf("9.9.%d.%d", n/250, n%250+1))
		_ = b.Seen(t0, outInfo(a))
		_ = b.Move(t0, a.ID(), White)
	}
	if c := b.Counts(); c.White > groupBuckets*BucketMax || c.White*100 > WhiteMax*3 {
		t.Errorf("one group holds %d of the proven", c.White)
	}
	checkInvariants(t, b)
}

// A source that fills a bucket displaces none but its own there, and those of sources
// that have more.
func TestSourcesShareBuckets(t *testing.T) {
	b := newBook(Config{GreyMax: BucketMax, SourceMax: 1000}) // one bucket
	hear := func(n int, source string) error {
		return b.HearAddr(t0, source, testAddr(n, fmt.Sprintf("%d.%d.1.1", 8+n/200, n%200)))
	}
	for n := range 200 {
		_ = hear(n, "many")
	}
	for n := range 8 {
		if err := hear(200+n, fmt.Sprint("one ", n)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 200 {
		_ = hear(400+n, "many")
	}
	for n := range 8 {
		if _, ok := b.Get(testPeer(200 + n).ID()); !ok {
			t.Error("a host of a small source was displaced")
		}
	}
	checkInvariants(t, b)
}

// Whatever strangers tell, and whoever dials us, nobody whom we reached is displaced,
// and no source has more than its quota, no group more than its buckets hold.
func TestHearsayDisplacesNoProven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{GreyMax: 3 * BucketMax, WhiteMax: 3 * BucketMax, SourceMax: 20}
		copy(cfg.Secret[:], rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "secret"))
		b := New(cfg, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		now := t0
		proven := map[id.ID]bool{}
		for n := range rapid.IntRange(0, 60).Draw(t, "proven") {
			a := testAddr(n, fmt.Sprintf("8.%d.1.1", n%rapid.IntRange(1, 60).Draw(t, "groups")))
			if b.Seen(now, outInfo(a)) != nil {
				continue
			}
			_ = b.Move(now, a.ID(), rapid.SampledFrom([]Colour{Grey, White, Gold}).Draw(t, "colour"))
			if rapid.Bool().Draw(t, "fails") {
				b.Tried(now, a.ID(), false)
			}
			proven[a.ID()] = true
		}
		for who := range proven {
			if _, ok := b.Get(who); !ok {
				delete(proven, who) // more than half of grey: it went before the flood
			}
		}
		for n := range rapid.IntRange(0, 600).Draw(t, "flood") {
			a := testAddr(1000+n, fmt.Sprintf("9.%d.%d.1", n%40, n/40))
			source := fmt.Sprint("source ", n%rapid.IntRange(1, 50).Draw(t, "sources"))
			if n%7 == 0 {
				source = ""
			}
			_ = b.HearAddr(now, source, a)
			now = now.Add(time.Second)
		}
		for who := range proven {
			if _, ok := b.Get(who); !ok {
				t.Fatal("hearsay displaced a host we reached")
			}
		}
		checkInvariants(t, b)
	})
}

// Hosts that were reached and have gone leave half of grey to others.
func TestTheFormerLeaveRoom(t *testing.T) {
	b := newBook(Config{})
	for n := range 3 * GreyMax / 2 {
		a := testAddr(n, fmt.Sprintf("%d.%d.1.1", 8+n/250, n%250))
		_ = b.Seen(t0, outInfo(a))
		_ = b.Move(t0, a.ID(), White)
		b.Tried(t0, a.ID(), false)
	}
	if c := b.Counts(); c.Grey != GreyMax/2 {
		t.Errorf("%d former", c.Grey)
	}
	if err := b.HearAddr(t0, "", testAddr(10_000, "100.1.1.1")); err != nil {
		t.Errorf("nobody new is taken: %v", err)
	}
	checkInvariants(t, b)
}
