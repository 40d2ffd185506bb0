package kad

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func draw(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 2)) }

// keyOf is a key that follows from a number.
func keyOf(n uint64) *id.Key {
	var raw [32]byte
	raw[0] = 1
	binary.BigEndian.PutUint64(raw[24:], n)
	k, err := id.KeyFromBytes(raw[:])
	if err != nil {
		panic(err)
	}
	return k
}

// addrOf spreads numbers over hosts of networks of their own.
func addrOf(n uint64) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(20 + n>>14), byte(n >> 6), byte(n << 2), 7})
}

func signed(k *id.Key, seq uint64, ip string, port uint16) *enr.Record {
	b := enr.Builder{Seq: seq, UDP: port}
	if a, err := netip.ParseAddr(ip); err == nil && a.Is4() {
		b.IP = a
	} else if err == nil {
		b.IP6 = a
	}
	r, err := b.Sign(k)
	if err != nil {
		panic(err)
	}
	return r
}

func recordOf(n uint64) *enr.Record { return signed(keyOf(n), 1, addrOf(n).String(), 9000) }

var pool []*enr.Record

// records are n records that are made once for all tests.
func records(n int) []*enr.Record {
	for len(pool) < n {
		pool = append(pool, recordOf(uint64(len(pool)+1)))
	}
	return pool[:n]
}

func newTable(seed uint64) *Table { return New(Config{Self: Random(draw(seed))}, draw(seed+1)) }

// enter adds nodes that have answered.
func enter(t *Table, all []*enr.Record) {
	for _, r := range all {
		if t.Add(start, r, Found) {
			t.Alive(start, r.ID(), 0)
		}
	}
}

// invariants are what holds of a table after every input.
func invariants(tb testing.TB, t *Table) {
	tb.Helper()
	members, live, known, tolds := 0, 0, 0, 0
	seen := census{}
	for i := range t.buckets {
		b := &t.buckets[i]
		tolds += told(b.members)
		if len(b.members) > BucketMax || len(b.cache) > cacheMax || told(b.members) > toldMax || told(b.cache) > toldCacheMax {
			tb.Fatalf("bucket %d: %d members, %d told; %d cached, %d told", i,
				len(b.members), told(b.members), len(b.cache), told(b.cache))
		}
		here := census{}
		for j, all := range [...][]*entry{b.members, b.cache} {
			for _, e := range all {
				known++
				if e.cached != (j == 1) || t.nodes[e.id] != e || e.bucket != i || e.id != e.record.ID() ||
					bucketOf(id.LogDistance(t.cfg.Self, e.id)) != i || e.id == t.cfg.Self {
					tb.Fatalf("bucket %d holds %+v", i, e)
				}
				if !e.cached {
					members++
					if e.live() {
						live++
					}
				}
				seen.count(e.where, +1)
				here.count(e.where, +1)
			}
		}
		for at, n := range here {
			if at.width == 24 && n > netBucketMax {
				tb.Fatalf("bucket %d has %d of one network", i, n)
			}
		}
	}
	for at, n := range seen {
		if t.census[at] != n || (at.width == 24 || at.width == 128+48) && n > netTableMax || (at.width == 32 || at.width == 128+64) && n > hostTableMax {
			tb.Fatalf("%d of place %v, %d counted", n, at, t.census[at])
		}
	}
	if tolds != t.told {
		tb.Fatalf("%d told, %d counted", tolds, t.told)
	}
	if len(seen) != len(t.census) || members != t.Len() || live != t.Live() || known != len(t.nodes) {
		tb.Fatalf("%d places of %d, %d members of %d, %d live of %d, %d nodes of %d",
			len(t.census), len(seen), t.Len(), members, t.Live(), live, len(t.nodes), known)
	}
	if t.Len() > 0 && t.Deadline().IsZero() {
		tb.Fatal("nobody is ever checked")
	}
}
