package gossipsub

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/gater"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
)

type sink struct{ n int }

func (s *sink) Send(id.ID, Frame) bool    { s.n++; return true }
func (s *sink) Cancel(id.ID, uint64) bool { return false }
func (s *sink) Drop(id.ID, error)         {}

// judging turns scores and gater on as a node has them.
func judging(c *Config) {
	s := score.DefaultConfig()
	c.Score, c.Gater = &s, &gater.Config{}
}

// meshRouter is a router with a mesh of n, nobody tracing.
func meshRouter(t testing.TB, n int, edit ...func(*Config)) (*Router, *sink, []id.ID) {
	s := &sink{}
	self := nodeKey("self")
	cfg := Config{Self: self.ID(), PeerID: self.Public().PeerID(), Sign: StrictNoSign, Params: Params{Dhi: 12}}
	for _, e := range edit {
		e(&cfg)
	}
	r, err := New(cfg, rand.New(rand.NewPCG(1, 2)), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Join(epoch, "t", TopicConfig{}); err != nil {
		t.Fatal(err)
	}
	var who []id.ID
	for i := range n {
		a := newAuthor(fmt.Sprint(i))
		who = append(who, a.id)
		r.Up(epoch, a.id, Remote{PeerID: a.pid, Stream: Meshsub11})
		frame := append(rpc.AppendSub(nil, true, "t"), rpc.AppendControl(nil, rpc.AppendGraft(nil, "t"))...)
		if _, err := r.Recv(epoch, a.id, frame); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.Mesh("t")) != n {
		t.Fatalf("mesh of %d", len(r.Mesh("t")))
	}
	return r, s, who
}

// Forwarding one new message of 256 bytes from one mesh peer to eleven others,
// heartbeats included.
func BenchmarkForwardNew(b *testing.B) {
	for name, edit := range map[string]func(*Config){"plain": func(*Config) {}, "judged": judging} {
		b.Run(name, func(b *testing.B) {
			r, s, who := meshRouter(b, 12, edit)
			forward := forwarder(b, r, who[0])
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				forward()
				i++
			}
			if s.n < 11*i {
				b.Fatalf("%d sent for %d", s.n, i)
			}
		})
	}
}

// forwarder hands r one new message of 256 bytes at each call, with a heartbeat's
// forgetting now and then.
func forwarder(t testing.TB, r *Router, from id.ID) func() {
	now := epoch
	var data [256]byte
	i := 0
	return func() {
		i++
		binary.LittleEndian.PutUint64(data[:], uint64(i))
		frame := rpc.AppendPublish(nil, rpc.AppendMessage(nil, &rpc.Message{Data: data[:], Topic: []byte("t")}, false))
		if n, err := r.Recv(now, from, frame); err != nil || len(n.Deliveries) != 1 {
			t.Fatal(err)
		}
		if now = now.Add(200 * time.Microsecond); i%5000 == 0 {
			r.cache.shift(r.beat+3, 1<<30)
			r.beat++
			r.seen.expire(now)
			if r.board != nil {
				r.board.Advance(now)
			}
		}
	}
}

// Judging costs a new message no more than one allocation.
func TestJudgingAllocatesLittle(t *testing.T) {
	allocs := func(edit func(*Config)) float64 {
		r, _, who := meshRouter(t, 12, edit)
		forward := forwarder(t, r, who[0])
		return testing.AllocsPerRun(20_000, forward)
	}
	plain, judged := allocs(func(*Config) {}), allocs(judging)
	t.Logf("%v allocations, %v when judged", plain, judged)
	if judged > plain+1 {
		t.Errorf("%v allocations, %v when judged", plain, judged)
	}
}

func BenchmarkDuplicate(b *testing.B) {
	for _, policy := range []Policy{StrictNoSign, StrictSign} {
		b.Run(policy.String(), func(b *testing.B) {
			r, _, who := meshRouter(b, 12)
			_ = r.Join(epoch, "s", TopicConfig{})
			frame := plain("t", string(make([]byte, 256)))
			if policy == StrictSign {
				r.byName["t"].own.policy = StrictSign
				frame = rpc.AppendPublish(nil, newAuthor("a").message("t", 1, make([]byte, 256)))
			}
			n, _ := r.Recv(epoch, who[0], frame)
			for _, j := range n.Jobs {
				r.Done(epoch, j.Ticket, j.Run())
			}
			b.ReportAllocs()
			for b.Loop() {
				_, _ = r.Recv(epoch, who[1], frame)
			}
		})
	}
}

func BenchmarkHeartbeatQuiet(b *testing.B) {
	r, _, _ := meshRouter(b, 8)
	now := epoch
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		r.Advance(now)
	}
}

// A duplicate allocates nothing, whatever the policy, judged or not.
// Rule: F9
func TestDuplicateAllocatesNothing(t *testing.T) {
	duplicateAllocatesNothing(t, func(*Config) {})
	duplicateAllocatesNothing(t, judging)
}

func duplicateAllocatesNothing(t *testing.T, edit func(*Config)) {
	r, _, who := meshRouter(t, 12, edit)
	frame := plain("t", string(make([]byte, 256)))
	must(r.Recv(epoch, who[0], frame))
	if n := testing.AllocsPerRun(100, func() { must(r.Recv(epoch, who[1], frame)) }); n > 0 {
		t.Fatalf("%v allocations for a duplicate", n)
	}
	sign := newAuthor("a").message("t", 1, make([]byte, 256))
	r.byName["t"].own.policy = StrictSign
	frame = rpc.AppendPublish(nil, sign)
	n := must(r.Recv(epoch, who[0], frame))
	must(r.Recv(epoch, who[1], frame))
	if n := testing.AllocsPerRun(100, func() { must(r.Recv(epoch, who[1], frame)) }); n > 0 {
		t.Fatalf("%v allocations for a duplicate in checking", n)
	}
	r.Done(epoch, n.Jobs[0].Ticket, n.Jobs[0].Run())
	if n := testing.AllocsPerRun(100, func() { must(r.Recv(epoch, who[1], frame)) }); n > 0 {
		t.Fatalf("%v allocations for a signed duplicate", n)
	}
}

// All forwards of a message are the one buffer it came in.
// Rule: W7, F7
func TestForwardsShareTheFrame(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(5, Meshsub11, "t")
	g.sent = nil
	frame := plain("t", "x")
	g.recv("n0", frame)
	if len(g.sent) != 4 {
		t.Fatalf("%d sent", len(g.sent))
	}
	for _, s := range g.sent {
		if &s.frame[0] != &frame[0] {
			t.Fatal("a copy was made")
		}
	}
}

// An idle router stays under 20 KB, so that a simulator holds thousands.
func TestIdleRouterIsSmall(t *testing.T) {
	const n = 500
	self := nodeKey("self")
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	routers := make([]*Router, n)
	s := &sink{}
	pids := make([]author, 10)
	for i := range pids {
		pids[i] = newAuthor(fmt.Sprint(i))
	}
	sub := rpc.AppendSub(nil, true, "t")
	before := heap()
	for i := range routers {
		r, err := New(Config{Self: self.ID(), PeerID: self.Public().PeerID(), Sign: StrictNoSign}, rand.New(rand.NewPCG(1, uint64(i))), s)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Join(epoch, "t", TopicConfig{})
		for _, a := range pids {
			r.Up(epoch, a.id, Remote{PeerID: a.pid, Stream: Meshsub11})
			must(r.Recv(epoch, a.id, sub))
		}
		r.Advance(epoch.Add(time.Second))
		routers[i] = r
	}
	if each := (heap() - before) / n; each > 20<<10 {
		t.Fatalf("%d bytes for a router with ten peers", each)
	} else {
		t.Logf("%d bytes for a router with ten peers", each)
	}
	runtime.KeepAlive(routers)
}

// The simulator's load: messages through many routers. 300 nodes here; the figure
// is calls a second.
func BenchmarkNetwork(b *testing.B) {
	for b.Loop() {
		w := newNetwork(b, 1, 300, nil)
		w.quick, w.hash = true, nil
		w.join("t", TopicConfig{})
		w.wire(5, all(Meshsub12))
		for k := range 60 {
			w.publish(w.nodes[k%len(w.nodes)], "t", fmt.Sprint(k))
			w.run(time.Second)
		}
		b.ReportMetric(float64(w.calls), "calls/op")
	}
}

// An IHAVE of 5,000 unknown IDs: asked for in one go.
func BenchmarkIHave5000(b *testing.B) {
	r, _, who := meshRouter(b, 2)
	ids := make([]string, 5000)
	frame := func(n int) []byte {
		for i := range ids {
			var id [32]byte
			binary.LittleEndian.PutUint64(id[:], uint64(n)<<32|uint64(i))
			ids[i] = string(id[:])
		}
		return rpc.AppendControl(nil, rpc.AppendIHave(nil, "t", ids))
	}
	frames := [][]byte{frame(1), frame(2)}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		r.beat++ // counters begin anew
		r.wants = wants{epoch: r.wants.epoch}
		if _, err := r.Recv(epoch, who[0], frames[n%2]); err != nil {
			b.Fatal(err)
		}
		if r.wants.len() != len(ids) {
			b.Fatalf("%d asked for", r.wants.len())
		}
	}
}

func BenchmarkMakeKey(b *testing.B) {
	id := make([]byte, 32)
	for b.Loop() {
		makeKey(1, id)
	}
}
