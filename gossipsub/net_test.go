package gossipsub

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// network is many routers in virtual time, joined by links with latency and loss.
type network struct {
	t      testing.TB
	rng    *rand.Rand
	now    time.Time
	nodes  []*netNode
	queue  events
	order  int
	loss   func(from, to *netNode, frame []byte) bool
	frames int
	calls  int
	hash   hash.Hash // of all that was sent, nil to save time
	quick  bool      // no invariants
}

type netNode struct {
	net   *network
	i     int
	key   author
	r     *Router
	links map[id.ID]*netNode
	got   map[string]int // deliveries by data
	pubs  []Published
	wake  time.Time
}

type event struct {
	at time.Time
	n  int
	do func()
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].n < q[j].n
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	x := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return x
}

func newNetwork(t testing.TB, seed uint64, n int, edit func(i int, c *Config)) *network {
	w := &network{t: t, rng: rand.New(rand.NewPCG(seed, 0)), now: epoch, hash: sha256.New()}
	for i := range n {
		node := &netNode{net: w, i: i, key: newAuthor(fmt.Sprintf("node %d", i)), links: map[id.ID]*netNode{}, got: map[string]int{}}
		cfg := Config{Self: node.key.id, PeerID: node.key.pid, Sign: StrictNoSign}
		if edit != nil {
			edit(i, &cfg)
		}
		if cfg.Params.FloodPublish == nil {
			cfg.Params.FloodPublish = new(false)
		}
		r, err := New(cfg, rand.New(rand.NewPCG(seed, uint64(i+1))), node)
		if err != nil {
			t.Fatal(err)
		}
		node.r = r
		w.nodes = append(w.nodes, node)
	}
	return w
}

func (w *network) after(d time.Duration, do func()) {
	w.order++
	heap.Push(&w.queue, event{w.now.Add(d), w.order, do})
}

func (a *netNode) Send(to id.ID, f Frame) bool {
	frame := f.Data
	w := a.net
	b := a.links[to]
	if b == nil {
		w.t.Fatalf("node %d sends to somebody it has no link to", a.i)
	}
	w.frames++
	if w.hash != nil {
		w.hash.Write(frame)
		_ = binary.Write(w.hash, binary.BigEndian, []int64{int64(a.i), int64(b.i), int64(w.now.Sub(epoch))})
	}
	if w.loss != nil && w.loss(a, b, frame) {
		return true
	}
	w.after(20*time.Millisecond+time.Duration((a.i*7+b.i*13)%30)*time.Millisecond, func() {
		if b.links[a.key.id] == nil {
			return
		}
		n, err := b.r.Recv(w.now, a.key.id, frame)
		if err != nil {
			w.t.Fatalf("node %d refuses a frame of node %d: %v", b.i, a.i, err)
		}
		b.take(n)
	})
	return true
}

func (a *netNode) Cancel(id.ID, uint64) bool { return false }

func (a *netNode) Drop(id.ID, error) { a.net.t.Fatal("drop") }

func (a *netNode) take(n News) {
	a.net.calls++
	for _, m := range n.Deliveries {
		a.got[string(m.Data)]++
	}
	a.pubs = append(a.pubs, n.Published...)
	for _, j := range n.Jobs {
		a.net.after(time.Millisecond, func() { a.take(a.r.Done(a.net.now, j.Ticket, j.Run())) })
	}
	if !a.net.quick {
		checkInvariants(a.net.t, a.r)
	}
	a.plan()
}

// plan sees that Advance is called in time.
func (a *netNode) plan() {
	d := a.r.Deadline()
	if d.IsZero() || !a.wake.IsZero() && !a.wake.After(d) {
		return
	}
	a.wake = d
	a.net.after(d.Sub(a.net.now), func() {
		if !a.wake.Equal(d) {
			return
		}
		a.wake = time.Time{}
		a.take(a.r.Advance(a.net.now))
	})
}

// connect makes a link; a dialled.
func (w *network) connect(a, b *netNode, streamA, streamB string) {
	if a == b || a.links[b.key.id] != nil {
		return
	}
	a.links[b.key.id], b.links[a.key.id] = b, a
	a.take(a.r.Up(w.now, b.key.id, Remote{PeerID: b.key.pid, Stream: streamA, Outbound: true}))
	b.take(b.r.Up(w.now, a.key.id, Remote{PeerID: a.key.pid, Stream: streamB}))
}

func (w *network) cut(a, b *netNode) {
	if a.links[b.key.id] == nil {
		return
	}
	delete(a.links, b.key.id)
	delete(b.links, a.key.id)
	a.r.Down(w.now, b.key.id)
	b.r.Down(w.now, a.key.id)
	a.plan()
	b.plan()
}

// wire gives every node some random links.
func (w *network) wire(degree int, stream func(i int) string) {
	for i, a := range w.nodes {
		for range degree {
			j := w.rng.IntN(len(w.nodes))
			w.connect(a, w.nodes[j], lower(stream(i), stream(j)), lower(stream(i), stream(j)))
		}
		w.connect(a, w.nodes[(i+1)%len(w.nodes)], lower(stream(i), stream(i+1)), lower(stream(i), stream(i+1)))
	}
}

// lower is what two nodes of these versions negotiate.
func lower(a, b string) string {
	if a < b { // their IDs ascend with them
		return a
	}
	return b
}

func all(stream string) func(int) string { return func(int) string { return stream } }

func (w *network) join(topic string, tc TopicConfig) {
	for _, a := range w.nodes {
		if err := a.r.Join(w.now, topic, tc); err != nil {
			w.t.Fatal(err)
		}
		a.plan()
	}
}

func (w *network) publish(a *netNode, topic, data string) {
	a.take(a.r.Publish(w.now, id.Ticket{Owner: "test", N: 1}, topic, []byte(data)))
}

func (w *network) run(d time.Duration) {
	end := w.now.Add(d)
	for len(w.queue) > 0 && !w.queue[0].at.After(end) {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		e.do()
	}
	w.now = end
}

// everybodyGot checks that data was delivered to all, exactly once.
func (w *network) everybodyGot(data string) {
	w.t.Helper()
	for _, a := range w.nodes {
		if a.got[data] != 1 {
			w.t.Errorf("node %d got %q %d times", a.i, data, a.got[data])
		}
	}
}

// Rule: F11
func TestNetworkDeliversToAllExactlyOnce(t *testing.T) {
	for _, policy := range []Policy{StrictNoSign, StrictSign} {
		w := newNetwork(t, 1, 60, func(i int, c *Config) {
			key := nodeKey(fmt.Sprintf("node %d", i))
			c.Sign, c.Signer, c.PeerID = policy, key.SignDER, key.Public().PeerID()
		})
		w.join("t", TopicConfig{})
		w.wire(5, all(Meshsub12))
		w.run(5 * time.Second)
		for k := range 20 {
			w.publish(w.nodes[k], "t", fmt.Sprint("message ", k))
			w.run(100 * time.Millisecond)
		}
		w.run(5 * time.Second)
		for k := range 20 {
			w.everybodyGot(fmt.Sprint("message ", k))
		}
	}
}

// After the first heartbeats all meshes are in bounds and mutual.
// Rule: R3
func TestNetworkMeshBounds(t *testing.T) {
	w := newNetwork(t, 2, 80, nil)
	w.join("t", TopicConfig{})
	w.wire(10, all(Meshsub11))
	w.run(90 * time.Second)
	oneSided := 0
	for _, a := range w.nodes {
		p := a.r.p
		mesh := a.r.Mesh("t")
		if len(mesh) < p.Dlo || len(mesh) > p.Dhi+p.Dout {
			t.Errorf("node %d has a mesh of %d", a.i, len(mesh))
		}
		for _, b := range mesh {
			if a.links[b] == nil {
				t.Fatal("mesh member without a link")
			}
			if !a.links[b].r.byName["t"].own.mesh.has(a.links[b].r.peer(a.key.id)) {
				oneSided++
			}
		}
	}
	if oneSided > 0 {
		t.Errorf("%d mesh links are one-sided", oneSided)
	}
}

// Rule: F11
func TestNetworkLossIsRepairedByGossip(t *testing.T) {
	w := newNetwork(t, 3, 40, nil)
	w.join("t", TopicConfig{})
	w.wire(6, all(Meshsub11))
	w.run(5 * time.Second)
	lost := 0
	w.loss = func(_, _ *netNode, frame []byte) bool {
		var r rpc.RPC
		if r.Decode(frame, rpc.DefaultLimits(1)) == nil && len(r.Publish) > 0 && w.rng.Float64() < 0.5 {
			lost++
			return true
		}
		return false
	}
	for k := range 10 {
		w.publish(w.nodes[k], "t", fmt.Sprint(k))
		w.run(200 * time.Millisecond)
	}
	w.run(10 * time.Second)
	if lost == 0 {
		t.Fatal("nothing was lost")
	}
	for k := range 10 {
		w.everybodyGot(fmt.Sprint(k))
	}
}

// Old and new versions and floodsub in one network.
// Rule: F11
func TestNetworkMixedVersions(t *testing.T) {
	streams := []string{Meshsub12, Meshsub11, Meshsub10, Floodsub}
	w := newNetwork(t, 4, 40, func(_ int, c *Config) { c.Params.IDontWantThreshold = 10 })
	w.join("t", TopicConfig{})
	w.wire(5, func(i int) string { return streams[i%len(w.nodes)%len(streams)] })
	w.run(5 * time.Second)
	for k := range 12 {
		w.publish(w.nodes[k], "t", fmt.Sprintf("message number %d", k))
		w.run(300 * time.Millisecond)
	}
	w.run(5 * time.Second)
	for k := range 12 {
		w.everybodyGot(fmt.Sprintf("message number %d", k))
	}
}

// Nodes leave and come back all the time; who stays gets everything.
// Rule: F11
func TestNetworkChurn(t *testing.T) {
	w := newNetwork(t, 5, 60, nil)
	w.join("t", TopicConfig{})
	w.wire(8, all(Meshsub11))
	w.run(3 * time.Second)
	stable := w.nodes[:40]
	for k := range 30 {
		gone := w.nodes[40+w.rng.IntN(20)]
		for _, b := range w.nodes {
			w.cut(gone, b)
		}
		w.publish(stable[k], "t", fmt.Sprint(k))
		w.run(500 * time.Millisecond)
		for range 8 {
			w.connect(gone, stable[w.rng.IntN(len(stable))], Meshsub11, Meshsub11)
		}
		w.run(500 * time.Millisecond)
	}
	w.run(5 * time.Second)
	for _, a := range stable {
		for k := range 30 {
			if a.got[fmt.Sprint(k)] != 1 {
				t.Errorf("node %d got %d %d times", a.i, k, a.got[fmt.Sprint(k)])
			}
		}
	}
}

// Equal seeds give equal histories to the byte.
func TestNetworkReplays(t *testing.T) {
	history := func(seed uint64) string {
		w := newNetwork(t, seed, 30, nil)
		w.join("t", TopicConfig{})
		w.wire(6, all(Meshsub12))
		for k := range 10 {
			w.publish(w.nodes[k], "t", fmt.Sprint(k))
			w.run(time.Second)
		}
		return fmt.Sprintf("%x %d", w.hash.Sum(nil), w.frames)
	}
	if a, b := history(1), history(1); a != b {
		t.Fatalf("%s and %s", a, b)
	}
	if history(1) == history(2) {
		t.Fatal("the seed changes nothing")
	}
}
