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

// Whatever is queued, pulled and cancelled in whatever order: the bounds hold, a
// class keeps its order among small and among bulk messages, a cancel takes exactly
// one, and what was accepted comes out unless an event says that it was dropped.
// Rule: Q1, Q3
func TestClassProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := t0
		dropped := 0
		cfg := Config{
			QueueMsgs:  rapid.IntRange(4, 64).Draw(t, "msgs"),
			QueueBytes: rapid.IntRange(1000, 2_000_000).Draw(t, "bytes"),
			BulkLinks:  rapid.SampledFrom([]int{-1, 1, 2}).Draw(t, "bulk links"),
			Trace: func(_ time.Time, e trace.Event) {
				if e.Kind == "evicted" || e.Kind == "expired" {
					dropped += int(e.N)
				}
			},
		}
		tab := newTable(cfg)
		const peers = 4
		for i := range peers {
			tab.Add(t0, link.Conn(i+1), info(member(i+1), link.Out, gossip))
		}
		type key struct {
			conn link.Conn
			cl   Class
			bulk bool
		}
		in := map[key][]uint32{}
		out, cancelled, accepted := 0, 0, 0
		writing := map[link.Conn]bool{}
		pull := func(c link.Conn) bool {
			m, ok := tab.Next(now, c, 0)
			delete(writing, c)
			if !ok {
				return false
			}
			out++
			bulk := len(m.Data) >= bulkBytes
			k := key{c, Class(m.Data[4]), bulk && Class(m.Data[4]) != Urgent}
			n := binary.BigEndian.Uint32(m.Data)
			q := in[k]
			for len(q) > 0 && q[0] != n && (k.cl != Urgent) { // those before it must have been dropped
				q = q[1:]
			}
			if len(q) == 0 || q[0] != n {
				t.Fatalf("%v: message %d out of order, waiting %v", k, n, in[k])
			}
			in[k] = q[1:]
			if k.bulk {
				writing[c] = true
			}
			if cfg.BulkLinks > 0 && len(writing) > cfg.BulkLinks {
				t.Fatalf("%d links write bulk", len(writing))
			}
			return true
		}
		var seq uint32
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			c := link.Conn(rapid.IntRange(1, peers).Draw(t, "peer"))
			p, _ := tab.ByConn(c)
			switch rapid.IntRange(0, 5).Draw(t, "op") {
			case 0, 1:
				pull(c)
			case 2:
				now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "ms")) * time.Millisecond)
			case 3:
				tag := rapid.Uint64Range(0, 8).Draw(t, "cancel")
				before, _ := p.Queued()
				had := tab.Cancel(p.ID(), gossip, tag)
				if after, _ := p.Queued(); had != (after == before-1) || !had && after != before {
					t.Fatalf("Cancel(%d) = %v took %d", tag, had, before-after)
				}
				if had {
					cancelled++
				}
			default:
				size := rapid.SampledFrom([]int{5, 300, 9000, bulkBytes, 2 * bulkBytes}).Draw(t, "size")
				m := Message{Data: make([]byte, size), Class: Class(rapid.IntRange(0, 2).Draw(t, "class")), Tag: rapid.Uint64Range(0, 8).Draw(t, "tag")}
				if rapid.Bool().Draw(t, "mortal") {
					m.Until = now.Add(time.Second)
				}
				binary.BigEndian.PutUint32(m.Data, seq)
				m.Data[4] = byte(m.Class)
				err := tab.Queue(now, p.ID(), gossip, m)
				if err != nil && !errors.Is(err, ErrQueueFull) {
					t.Fatal(err)
				}
				if err == nil {
					accepted++
					k := key{c, m.Class, size >= bulkBytes && m.Class != Urgent}
					in[k] = append(in[k], seq)
					seq++
				}
			}
			if p.msgs > tab.cfg.laneMsgsMax() || p.bytes > tab.cfg.laneBytesMax() && p.msgs > 1 {
				t.Fatalf("%d messages, %d bytes wait for a peer", p.msgs, p.bytes)
			}
		}
		for moved := true; moved; {
			moved = len(tab.TakeReady()) > 0
			for i := range peers {
				for pull(link.Conn(i + 1)) {
					moved = true
				}
			}
		}
		if accepted != out+cancelled+dropped {
			t.Fatalf("%d accepted, %d written, %d cancelled, %d dropped", accepted, out, cancelled, dropped)
		}
		if tab.bytes != 0 || len(tab.bulk.held) != 0 || tab.bulk.waiting != nil {
			t.Fatalf("%d bytes, %d places, %d waiting are left", tab.bytes, len(tab.bulk.held), len(tab.bulk.waiting))
		}
	})
}
