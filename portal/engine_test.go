package portal

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Two nodes: ping, find nodes, and content of every size at which something changes.
func TestTwoNodes(t *testing.T) {
	w := village(t, 1, 2)
	a, b := w.nodes[0], w.nodes[1]
	if got := b.ask(func(t id.Ticket) News { return b.o.Ping(w.now, t, a.record, PingBest, nil) }); got.Err != nil || !got.Pong.HasRadius || got.Pong.Seq != 1 {
		t.Fatalf("%+v", got)
	}
	if got := b.ask(func(t id.Ticket) News { return b.o.FindNodes(w.now, t, a.record, []uint16{0}) }); got.Err != nil || len(got.Records) != 1 || got.Records[0].ID() != a.id {
		t.Fatalf("%+v", got)
	}
	looked := uint64(0)
	for _, n := range []int{1, 1164, 1165, 1166, 1175, 1176, 2 << 10, 100 << 10, 1_600_000, 4 << 20} {
		key, value := w.blob(n)
		put := a.put(key, value)
		if put.Err != nil || !put.Put.Stored || put.Put.Replicas() != 1 {
			t.Fatalf("%d bytes: %+v", n, put)
		}
		if got := b.get(key); got.Err != nil || !bytes.Equal(got.Value, value) {
			t.Fatalf("%d bytes: %v", n, got.Err)
		} else if d := got.Trace; d.From != b.id || len(d.Responses) != 1 || d.Responses[0].Node != b.id || len(d.Responses[0].With) != 0 || len(d.Nodes) != 1 || d.Nodes[0].Node != b.id {
			t.Fatalf("%d bytes that are here: %+v", n, d)
		}
		if b.o.Stats().Lookups != looked {
			t.Fatalf("%d bytes that are here count as looked for in the network", n)
		}
		looked++
		delete(b.store, id.ID(key[1:]))
		b.o.cache.drop(key)
		got := b.get(key)
		if got.Err != nil || !bytes.Equal(got.Value, value) || got.Streamed != (n > 1165) || got.From != a.id {
			t.Fatalf("%d bytes from the other: %v, streamed %v, %+v", n, got.Err, got.Streamed, got.Trace.Failures)
		}
	}
	key, _ := w.blob(10)
	if got := b.get(key); !errors.Is(got.Err, ErrNotFound) || got.Trace == nil {
		t.Fatalf("%+v", got)
	}
	w.settle()
}

// What is judged in microseconds needs no job, and what is not needs one.
func TestQuickCheck(t *testing.T) {
	w := village(t, 1, 1)
	h := w.nodes[0]
	for n, jobs := range map[int]int{1 << 10: 0, 1<<10 + 1: 1} {
		key, value := w.blob(n)
		if news := h.o.StoreLocal(w.now, h.tick.Next(), key, value); len(news.Jobs) != jobs || len(news.Answers) != 0 {
			t.Errorf("%d bytes: %d jobs, %d answers", n, len(news.Jobs), len(news.Answers))
		}
		value[0] ^= 1
		news := h.o.StoreLocal(w.now, h.tick.Next(), key, value)
		if refused := len(news.Answers) == 1 && errors.Is(news.Answers[0].Err, ErrInvalid); len(news.Jobs) != jobs || refused != (jobs == 0) {
			t.Errorf("%d wrong bytes: %d jobs, %+v", n, len(news.Jobs), news.Answers)
		}
	}
}

// Five nodes that know one of them know each other in seconds, and content put at one is
// found at all.
func TestFiveNodes(t *testing.T) {
	w := newWorld(t, 2)
	for range 5 {
		w.add(nil)
	}
	for _, h := range w.nodes {
		h.did(h.o.Start(w.now))
		h.did(h.o.Seed(w.now, []*enr.Record{w.nodes[0].record}))
	}
	if !w.until(w.now.Add(5*time.Second), func() bool {
		for _, h := range w.nodes {
			if h.o.table.Live() < 4 {
				return false
			}
		}
		return true
	}) {
		for _, h := range w.nodes {
			t.Log(h.o.table.Len(), h.o.table.Live())
		}
		t.Fatal("five nodes do not know each other after 5 s")
	}
	key, value := w.blob(300_000)
	put := w.nodes[3].put(key, value)
	if put.Err != nil || put.Put.Replicas() < 3 {
		t.Fatalf("%+v", put)
	}
	for _, h := range w.nodes {
		if got := h.get(key); got.Err != nil || !bytes.Equal(got.Value, value) {
			t.Fatal(got.Err)
		}
	}
	w.settle()
}
