package chat

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

const testNetwork = "test"

var epoch = time.Unix(1_800_000_000, 0)

// world is a network of halls in memory: links with latency, topics that flood,
// disks that forget what is not synced.
type world struct {
	t      testing.TB
	now    time.Time
	rng    *rand.Rand
	events eventHeap
	nth    int
	nodes  []*vnode
	lag    time.Duration // of a link
	sync   time.Duration // of a disk
	job    time.Duration // of a job
	shelf  *shelf        // of pages; nil: no archive
	drop   func(from, to *vnode, topic string) bool
	tap    func(from, to *vnode, code uint64, data []byte) []byte // nil result: lost
}

type event struct {
	at  time.Time
	nth int
	do  func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].nth < h[j].nth
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}

func newWorld(t testing.TB) *world {
	return &world{t: t, now: epoch, rng: rand.New(rand.NewPCG(1, 2)), lag: 10 * time.Millisecond, sync: 5 * time.Millisecond, job: time.Millisecond}
}

func (w *world) after(d time.Duration, do func()) {
	w.nth++
	heap.Push(&w.events, event{w.now.Add(d), w.nth, do})
}

// run lets d pass.
func (w *world) run(d time.Duration) {
	end := w.now.Add(d)
	for {
		next := end
		if len(w.events) > 0 && w.events[0].at.Before(next) {
			next = w.events[0].at
		}
		var who *vnode
		for _, n := range w.nodes {
			if due := n.hall.Deadline(); n.up && !due.IsZero() && due.Before(next) {
				next, who = due, n
			}
		}
		if next.After(w.now) {
			w.now = next
		}
		switch {
		case who != nil:
			who.news(who.hall.Advance(w.now))
			if due := who.hall.Deadline(); !due.IsZero() && due.Before(w.now) {
				w.t.Fatalf("%s: Advance at %v leaves a deadline in the past", who.name, w.now)
			}
		case len(w.events) > 0 && w.events[0].at.Before(end):
			heap.Pop(&w.events).(event).do()
		default:
			w.now = end
			return
		}
	}
}

// vnode is a node with one hall.
type vnode struct {
	w       *world
	name    string
	key     *id.Key
	author  *Author
	id      id.ID
	cfg     Config
	hall    *Hall
	up      bool
	gen     int // counts lives; events of former ones are void
	disk    map[string][]byte
	diskErr error
	follows map[string]bool
	seen    map[LineID]bool
	links   map[id.ID]*vnode
	order   []*vnode // links in order
	lines   []Line
	answers map[id.Ticket]Answer
	tickets id.Tickets
	dropped []string // reasons
	saves   int
}

func (w *world) node(name string, change ...func(*Config)) *vnode {
	seed := make([]byte, 32)
	copy(seed[8:], name)
	seed[31] = 1
	key, err := id.KeyFromBytes(seed)
	if err != nil {
		w.t.Fatal(err)
	}
	n := &vnode{w: w, name: name, key: key, author: NewAuthor(key), id: key.ID(), disk: map[string][]byte{}, tickets: id.Tickets{Owner: "test"}}
	n.cfg = Config{Self: n.id, Network: testNetwork, Author: n.author}
	if w.shelf != nil {
		n.cfg.Pages = reader{w.shelf, n}
	}
	for _, f := range change {
		f(&n.cfg)
	}
	w.nodes = append(w.nodes, n)
	n.start()
	return n
}

func (n *vnode) start() {
	n.gen++
	n.up = true
	n.follows, n.seen, n.links = map[string]bool{}, map[LineID]bool{}, map[id.ID]*vnode{}
	n.order, n.lines, n.answers = nil, nil, map[id.Ticket]Answer{}
	n.hall = New(n.cfg, n, n)
	n.news(n.hall.Load(n.w.now, func(name string) ([]byte, bool) { b, ok := n.disk[name]; return b, ok }))
}

// kill ends the node: what is not synced is lost, and all links go down.
func (n *vnode) kill() {
	for _, o := range append([]*vnode(nil), n.order...) {
		n.w.cut(n, o)
	}
	n.up = false
	n.gen++
}

func (n *vnode) later(d time.Duration, do func()) {
	gen := n.gen
	n.w.after(d, func() {
		if n.gen == gen && n.up {
			do()
		}
	})
}

func (w *world) link(a, b *vnode) {
	for _, p := range [][2]*vnode{{a, b}, {b, a}} {
		p[0].links[p[1].id] = p[1]
		p[0].order = append(p[0].order, p[1])
	}
	a.hall.Up(w.now, b.id)
	b.hall.Up(w.now, a.id)
}

func (w *world) cut(a, b *vnode) {
	for _, p := range [][2]*vnode{{a, b}, {b, a}} {
		delete(p[0].links, p[1].id)
		for i, o := range p[0].order {
			if o == p[1] {
				p[0].order = append(p[0].order[:i:i], p[0].order[i+1:]...)
				break
			}
		}
		if p[0].up {
			p[0].hall.Down(w.now, p[1].id)
		}
	}
}

func (n *vnode) topicPeers(topic string) (out []*vnode) {
	for _, o := range n.order {
		if o.follows[topic] {
			out = append(out, o)
		}
	}
	return out
}

func (n *vnode) Follow(_ time.Time, topic string) {
	n.follows[topic] = true
}

func (n *vnode) Unfollow(_ time.Time, topic string) {
	delete(n.follows, topic)
}

func (n *vnode) Publish(_ time.Time, t id.Ticket, topic string, data []byte) {
	n.seen[idOf(data)] = true
	peers := n.topicPeers(topic)
	n.flood(topic, data, nil)
	n.later(0, func() {
		n.news(n.hall.Delivered(n.w.now, topic, data, id.ID{}))
		n.news(n.hall.Published(n.w.now, t, len(peers), nil))
	})
}

func (n *vnode) flood(topic string, data []byte, except *vnode) {
	for _, o := range n.topicPeers(topic) {
		if o == except || n.w.drop != nil && n.w.drop(n, o, topic) {
			continue
		}
		o.later(n.w.lag, func() { o.gossip(topic, data, n) })
	}
}

// gossip is a message that arrives at o.
func (n *vnode) gossip(topic string, data []byte, from *vnode) {
	if n.seen[idOf(data)] || !Check(topic, data) {
		return
	}
	n.seen[idOf(data)] = true
	n.news(n.hall.Delivered(n.w.now, topic, data, from.id))
	n.flood(topic, data, from)
}

func (n *vnode) Send(to id.ID, code uint64, data []byte) error {
	o, ok := n.links[to]
	if !ok {
		return fmt.Errorf("not connected")
	}
	if len(data) > Protocol.BytesMax || code >= Protocol.Length {
		n.w.t.Fatalf("%s sends code %d of %d bytes", n.name, code, len(data))
	}
	if n.w.tap != nil {
		if data = n.w.tap(n, o, code, data); data == nil {
			return nil
		}
	}
	data = append([]byte(nil), data...)
	o.later(n.w.lag, func() {
		if o.links[n.id] == nil {
			return
		}
		news, err := o.hall.Recv(n.w.now, n.id, code, data)
		o.news(news)
		if err != nil {
			o.Drop(n.id, err)
		}
	})
	return nil
}

func (n *vnode) Drop(to id.ID, why error) {
	n.dropped = append(n.dropped, why.Error())
	if o := n.links[to]; o != nil {
		n.w.after(0, func() { n.w.cut(n, o) })
	}
}

func (n *vnode) news(x News) {
	for _, j := range x.Jobs {
		n.later(n.w.job, func() { n.news(n.hall.Done(n.w.now, j.Ticket, j.Run())) })
	}
	for _, s := range x.Saves {
		n.saves++
		n.later(n.w.sync, func() { n.save(s) })
	}
	n.lines = append(n.lines, x.Lines...)
	for _, a := range x.Answers {
		if _, twice := n.answers[a.Ticket]; twice {
			n.w.t.Fatalf("%s answered %v twice", n.name, a.Ticket)
		}
		n.answers[a.Ticket] = a
	}
}

func (n *vnode) save(s work.Save) {
	if strings.Contains(s.File, "..") || strings.HasPrefix(s.File, "/") {
		n.w.t.Fatalf("file %q", s.File)
	}
	switch {
	case n.diskErr != nil && s.Append: // a failed append leaves half of it
		n.disk[s.File] = append(n.disk[s.File], s.Data[:len(s.Data)/2]...)
	case n.diskErr != nil:
	case s.Append:
		n.disk[s.File] = append(n.disk[s.File], s.Data...)
	default:
		n.disk[s.File] = append([]byte(nil), s.Data...)
	}
	if !s.Ticket.IsZero() {
		n.news(n.hall.Saved(n.w.now, s.Ticket, n.diskErr))
	}
}

func (n *vnode) join(room string) id.Ticket {
	t := n.tickets.Next()
	n.news(n.hall.Join(n.w.now, t, room, 0))
	return t
}

func (n *vnode) say(room, text string) id.Ticket {
	t := n.tickets.Next()
	n.news(n.hall.Say(n.w.now, t, room, text))
	return t
}

// mustSay says a line and waits for the answer.
func (n *vnode) mustSay(room, text string) Line {
	n.w.t.Helper()
	t := n.say(room, text)
	n.w.run(100 * time.Millisecond)
	a, ok := n.answers[t]
	if !ok || a.Err != nil || a.Line == nil {
		n.w.t.Fatalf("%s says %q: answered %v, %v", n.name, text, ok, a.Err)
	}
	return *a.Line
}

// all pages through the whole history.
func (n *vnode) all(room string) (out []Line) {
	n.w.t.Helper()
	since := ""
	for {
		page, next, err := n.hall.History(room, since, 7)
		if err != nil {
			n.w.t.Fatal(err)
		}
		if len(page) == 0 {
			return out
		}
		out, since = append(out, page...), next
	}
}

func (n *vnode) texts(room string) string {
	n.w.t.Helper()
	var out []string
	for _, l := range n.all(room) {
		out = append(out, l.Text)
	}
	return strings.Join(out, " ")
}

func (n *vnode) state(room string, l LineID) (State, int) {
	for _, x := range n.all(room) {
		if x.ID == l {
			return x.State, x.Peers
		}
	}
	return "", 0
}

// two are nodes a and b with a link, both in a room.
func (w *world) two(room string) (a, b *vnode) {
	a, b = w.node("a"), w.node("b")
	w.link(a, b)
	a.join(room)
	b.join(room)
	w.run(time.Second)
	return a, b
}

func (w *world) same(room, want string, nodes ...*vnode) {
	w.t.Helper()
	for _, n := range nodes {
		if got := n.texts(room); got != want {
			w.t.Errorf("%s has %q, want %q", n.name, got, want)
		}
		if err := n.hall.checkInvariants(); err != nil {
			w.t.Errorf("%s: %v", n.name, err)
		}
	}
}
