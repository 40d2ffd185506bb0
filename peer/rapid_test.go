package peer

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
	"pgregory.net/rapid"
)

// Whatever is sent and pulled in whatever order: the bounds hold, each lane and
// class keeps its order, and what was accepted comes out (but for what urgent
// messages push out of a bare lane).
func TestQueueProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evictable := 0
		cfg := Config{
			QueueMsgs:  rapid.IntRange(4, 64).Draw(t, "msgs"),
			QueueBytes: rapid.IntRange(1000, 200_000).Draw(t, "bytes"),
			Trace: func(_ time.Time, e trace.Event) {
				if e.Kind == "evicted" {
					evictable += int(e.N)
				}
			},
		}
		tab := newTable(cfg)
		tab.Add(t0, 1, info(low, link.Out, gossip, chat, echo))
		p, _ := tab.ByConn(1)
		type key struct {
			lane  link.Lane
			class bool
		}
		var seq uint32
		accepted := map[key][]uint32{} // in the order they were accepted

		check := func(m link.Msg) {
			pressing := m.Data[4] == 1
			k := key{m.Lane, pressing}
			n := binary.BigEndian.Uint32(m.Data)
			want := accepted[k]
			if m.Lane == gossip && !pressing { // some of the oldest may have been pushed out
				for len(want) > 0 && want[0] < n && evictable > 0 {
					want, evictable = want[1:], evictable-1
				}
			}
			if len(want) == 0 || want[0] != n {
				t.Fatalf("lane %d urgent %v: message %d out of order, waiting %v", m.Lane, pressing, n, want)
			}
			accepted[k] = want[1:]
		}
		pull := func(busy link.LaneSet) bool {
			m, ok := tab.Next(t0, 1, busy)
			if !ok {
				return false
			}
			if busy.Has(m.Lane) {
				t.Fatalf("busy lane %d was served", m.Lane)
			}
			check(m)
			return true
		}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "op") == 0 {
				pull(link.LaneSet(rapid.Uint64Range(0, 7).Draw(t, "busy")))
				continue
			}
			l := link.Lane(rapid.IntRange(0, 2).Draw(t, "lane"))
			pressing := rapid.Bool().Draw(t, "urgent")
			data := make([]byte, 5+rapid.IntRange(0, 40_000).Draw(t, "size"))
			binary.BigEndian.PutUint32(data, seq)
			if pressing {
				data[4] = 1
			}
			err := tab.Send(t0, low, l, 0, data, pressing)
			if err == nil {
				accepted[key{l, pressing}] = append(accepted[key{l, pressing}], seq)
				seq++
			} else if !errors.Is(err, ErrQueueFull) {
				t.Fatal(err)
			}
			// No refusal of what fits in every bound.
			at := p.lane(l)
			if err != nil && p.msgs < cfg.QueueMsgs && p.bytes+costOf(len(data)) <= cfg.QueueBytes &&
				at.msgs() < tab.cfg.laneMsgsMax() && at.bytes()+costOf(len(data)) <= tab.cfg.laneBytesMax() {
				t.Fatalf("refused below the bounds: %v", err)
			}
			if p.msgs > cfg.QueueMsgs || (p.bytes > cfg.QueueBytes && p.msgs > 1) { // one message alone may be larger
				t.Fatalf("bounds broken: %d messages, %d bytes", p.msgs, p.bytes)
			}
		}
		for pull(0) {
		}
		left := 0
		for k, v := range accepted {
			if k.lane == gossip && !k.class {
				left += len(v)
				continue
			}
			if len(v) != 0 {
				t.Fatalf("lane %d urgent %v lost %v", k.lane, k.class, v)
			}
		}
		if left != evictable {
			t.Fatalf("%d messages missing, %d were pushed out", left, evictable)
		}
		if p.msgs != 0 || p.bytes != 0 || tab.bytes != 0 {
			t.Fatalf("empty queues count %d messages, %d and %d bytes", p.msgs, p.bytes, tab.bytes)
		}
	})
}

// While all lanes have messages waiting, their shares differ by no more than a
// quantum and a message each, whatever the sizes.
func TestFairnessProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := newTable(Config{QueueBytes: 1 << 30, QueueMsgs: 1 << 20, TotalBytes: 1 << 40})
		tab.Add(t0, 1, info(low, link.Out, gossip, chat, echo))
		p, _ := tab.ByConn(1)
		var size, sent [3]int
		largest := 0
		for l := range size {
			size[l] = rapid.IntRange(0, 100_000).Draw(t, "size")
			largest = max(largest, costOf(size[l]))
		}
		pressing := rapid.Bool().Draw(t, "urgent")
		for range 2000 {
			for l := range size {
				if p.lane(link.Lane(l)).msgs() == 0 {
					if err := tab.Send(t0, low, link.Lane(l), 0, make([]byte, size[l]), pressing); err != nil {
						t.Fatal(err)
					}
				}
				if p.lane(link.Lane(l)).msgs() == 1 { // always a second one: the lane never runs dry
					if err := tab.Send(t0, low, link.Lane(l), 0, make([]byte, size[l]), pressing); err != nil {
						t.Fatal(err)
					}
				}
			}
			m, ok := tab.Next(t0, 1, 0)
			if !ok {
				t.Fatal("nothing to send")
			}
			sent[m.Lane] += costOf(len(m.Data))
			lo, hi := min(sent[0], sent[1], sent[2]), max(sent[0], sent[1], sent[2])
			if hi-lo > quantumBytes+2*largest {
				t.Fatalf("sent %v with sizes %v", sent, size)
			}
		}
	})
}

// Each Next walks the lanes a bounded number of times even for a message of many
// quanta beside a flood of small ones.
func BenchmarkSendNext(b *testing.B) {
	for _, tc := range []struct {
		name string
		size int
	}{{"256B", 256}, {"64KiB", 64 << 10}, {"16MiB", 16<<20 - 1}} {
		b.Run(tc.name, func(b *testing.B) {
			tab := newTable(Config{QueueBytes: 1 << 30, TotalBytes: 1 << 40})
			tab.Add(t0, 1, info(low, link.Out, gossip, chat, echo))
			small, large := make([]byte, 256), make([]byte, tc.size)
			b.ReportAllocs()
			for b.Loop() {
				if err := tab.Send(t0, low, echo, 0, large, false); err != nil {
					b.Fatal(err)
				}
				if err := tab.Send(t0, low, gossip, 0, small, true); err != nil {
					b.Fatal(err)
				}
				tab.Next(t0, 1, 0)
				tab.Next(t0, 1, 0)
			}
		})
	}
}
