package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/content/store"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/session"
)

const (
	contentSeeds = 3
	// contentLiars and contentChurn are the shares of nodes that lie, and that go, for
	// others to come, between the last put and the first get.
	contentLiars = 0.10
	contentChurn = 0.20
	contentRise  = 20 * time.Second
	contentWarm  = 60 * time.Second
	contentRest  = 30 * time.Second
	contentAfter = 5 * time.Second
	// contentHolders is how many nodes' radius covers a point.
	contentHolders = 24
	// contentFound is the least share of gets that find what was put.
	contentFound = 99.5
	// contentGhosts are records of nobody, for liars to name.
	contentGhosts = 256
)

// larder is a run of the experiment on content.
type larder struct {
	*field
	network content.Network
	radius  content.Distance
	boot    []*enr.Record
	plot    plot
	liars   map[*host]bool
	stores  []*host // with a store, in the order of starting

	values  [][]byte
	keys    [][]byte
	puts    map[id.Ticket]int
	gets    map[id.Ticket]get
	copies  int
	putFail int
	found   int
	wrong   int
	times   []time.Duration
	lost    int
}

// get is a question for content that is not answered yet.
type get struct {
	item  int
	asked int64
}

// Content puts items into a network of content of which a tenth lies, has a fifth of the
// nodes go and others come, and then asks for the items everywhere.
func Content(opt Field) (Result, error) {
	if opt.Nodes == 0 {
		opt.Nodes = 1000
	}
	f, err := newField(opt, contentSeeds)
	if err != nil {
		return Result{}, err
	}
	l := newLarder(f, contentLiars)
	for _, phase := range []func() error{l.rise, l.put, l.churn, l.get} {
		if err := phase(); err != nil {
			return Result{}, err
		}
	}
	return l.result(), nil
}

// newLarder makes what exists before anybody runs: a share of the nodes will lie.
func newLarder(f *field, liars float64) *larder {
	l := &larder{field: f, network: blob.Network(), liars: map[*host]bool{}, puts: map[id.Ticket]int{}, gets: map[id.Ticket]get{}}
	l.radius = radiusOf(contentHolders, f.opt.Nodes)
	l.plot.network = l.network
	l.prepare(liars)
	return l
}

// radiusOf is a radius that covers a point for about k of n nodes.
func radiusOf(k, n int) content.Distance {
	if k >= n {
		return content.DistanceMax
	}
	var d content.Distance
	binary.BigEndian.PutUint64(d[:], uint64(float64(k)/float64(n)*math.MaxUint64))
	return d
}

func (l *larder) prepare(liars float64) {
	l.field.world.configure = l.configure
	l.field.world.answered = l.answered
	for _, h := range l.hosts[:contentSeeds] {
		l.boot = append(l.boot, h.record())
	}
	for i := range contentGhosts {
		l.plot.ghost(i)
	}
	people := l.hosts[contentSeeds:]
	for _, i := range l.rng.Perm(len(people))[:int(liars*float64(len(people)))] {
		l.liars[people[i]] = true
	}
}

// configure makes a node that takes part in content and nothing else.
func (l *larder) configure(h *host, c *node.Config) {
	c.Session = session.Config{Outbound: -1, RefineEvery: -1}
	c.Gossip = gossipsub.Config{}
	d := h.discovery(l.boot)
	c.Discovery = &d
	c.Overlays = []portal.Config{{Network: l.network, Radius: l.radius, Decode: l.decode}}
	if h.store == nil {
		s, err := store.NewMemory(store.Config{
			Self: h.key.ID(), Networks: []content.Network{l.network}, Radius: &l.radius, Share: 1, Now: l.time,
		})
		if err != nil {
			l.err = err
			return
		}
		h.store = s
		l.stores = append(l.stores, h)
	}
}

// rise starts everybody, and lets tables fill.
func (l *larder) rise() error {
	l.what = "start"
	began, all := l.now, l.hosts
	for n := 0; n < len(all); {
		for due := int64(len(all)) * (l.now - began + tick) / int64(contentRise); n < len(all) && int64(n) < due; n++ {
			l.bringUp(all[n], n)
		}
		if err := l.run(0, nil); err != nil {
			return err
		}
	}
	return l.run(contentRise+contentWarm, nil)
}

func (l *larder) bringUp(h *host, n int) {
	if l.liars[h] {
		l.plot.deceive(h, lie(n%int(lies)), l.boot)
		return
	}
	h.launch()
}

// honest are the nodes that run and do not lie.
func (l *larder) honest() (out []*host) {
	for _, h := range l.living() {
		if !l.liars[h] {
			out = append(out, h)
		}
	}
	return out
}

// contentSizes are those of the items: most fit a packet.
var contentSizes = [...]int{200, 1000, 1000, 1000, 5000}

// put has items put at random nodes.
func (l *larder) put() error {
	l.what = "put"
	n := max(20, l.opt.Nodes/5)
	people := l.honest()
	for i := range n {
		value := make([]byte, contentSizes[i%len(contentSizes)])
		for at := 0; at < len(value); at += 8 {
			var word [8]byte
			binary.BigEndian.PutUint64(word[:], l.rng.Uint64())
			copy(value[at:], word[:])
		}
		key := blob.KeyOf(blob.Chunk, value).Bytes()
		l.values, l.keys = append(l.values, value), append(l.keys, key)
		h := people[l.rng.IntN(len(people))]
		t := h.tickets.Next()
		l.puts[ticketOf(h, t)] = i
		l.verb(h, func(o *portal.Overlay) portal.News {
			return o.Put(l.time(), t, key, value, content.Durable)
		})
		if err := l.run(0, nil); err != nil {
			return err
		}
	}
	if err := l.run(time.Duration(l.now)+3*time.Minute, func() bool { return len(l.puts) == 0 }); err != nil {
		return err
	}
	return l.run(time.Duration(l.now)+contentRest, nil)
}

// churn ends a fifth of the nodes in one moment; as many new ones come.
func (l *larder) churn() error {
	l.what = "churn"
	people := l.honest()
	for _, i := range l.rng.Perm(len(people))[:int(contentChurn*float64(len(people)))] {
		people[i].kill()
	}
	for range int(contentChurn * float64(len(people))) {
		l.add(false).launch()
	}
	return l.run(time.Duration(l.now)+contentAfter, nil)
}

// get asks for items at random nodes.
func (l *larder) get() error {
	l.what = "get"
	people := l.honest()
	for i := range max(100, l.opt.Nodes) {
		h, item := people[l.rng.IntN(len(people))], i%len(l.keys)
		t := h.tickets.Next()
		l.gets[ticketOf(h, t)] = get{item, l.now}
		l.verb(h, func(o *portal.Overlay) portal.News { return o.Get(l.time(), t, l.keys[item], false) })
		if i%5 == 4 {
			if err := l.run(0, nil); err != nil {
				return err
			}
		}
	}
	return l.run(time.Duration(l.now)+2*time.Minute, func() bool { return len(l.gets) == 0 })
}

// verb has a node's overlay asked something.
func (l *larder) verb(h *host, ask func(*portal.Overlay) portal.News) {
	if err := h.node.Overlay(l.time(), l.network.Name, ask); err != nil {
		l.err = err
	}
	h.flush()
}

// ticketOf is a ticket that no other host has.
func ticketOf(h *host, t id.Ticket) id.Ticket {
	return id.Ticket{Owner: id.Owner(fmt.Sprint(h.i)), N: t.N}
}

// answered takes what a node says to a put or a get.
func (l *larder) answered(h *host, a portal.Answer) {
	t := ticketOf(h, a.Ticket)
	if _, ok := l.puts[t]; ok {
		delete(l.puts, t)
		l.copies += a.Put.Replicas()
		if a.Err != nil || a.Put.Replicas() == 0 {
			l.putFail++
		}
		return
	}
	g, ok := l.gets[t]
	if !ok {
		return
	}
	delete(l.gets, t)
	switch {
	case a.Err != nil:
		l.lost++
	case !bytes.Equal(a.Value, l.values[g.item]):
		l.wrong++
	default:
		l.found++
		l.times = append(l.times, time.Duration(l.now-g.asked))
	}
}

// result is what came of it.
func (l *larder) result() Result {
	r := l.field.result("content")
	asked := l.found + l.wrong + l.lost + len(l.gets)
	slices.Sort(l.times)
	at := func(share float64) float64 {
		if len(l.times) == 0 {
			return Never
		}
		return l.times[int(share*float64(len(l.times)-1))].Seconds()
	}
	r.least("of what was put is found", 100*float64(l.found)/float64(max(1, asked)), "%", contentFound)
	r.most("values that are not what was put", float64(l.wrong), "", 0)
	r.note("gets", float64(asked), "")
	r.note("a get, median", at(0.5), "s")
	r.note("a get, 95 of 100", at(0.95), "s")
	r.note("a get, the longest", at(1), "s")
	r.note("items put", float64(len(l.keys)), "")
	r.note("puts that reached nobody else", float64(l.putFail), "")
	r.note("nodes that took an item, at the put's word", float64(l.copies)/float64(len(l.keys)), "")
	r.note("nodes that have an item at the end", l.held(), "")
	r.note("lies told about content", float64(l.plot.told[0]+l.plot.told[1]+l.plot.told[2]+l.plot.told[3]), "")
	r.note("datagrams", float64(l.sent), "")
	return r
}

// held is how many running nodes have an item, on average.
func (l *larder) held() float64 {
	n := 0
	for _, h := range l.stores {
		if !h.alive {
			continue
		}
		for _, key := range l.keys {
			point, _ := l.network.ID(key)
			a := h.store.Do(content.Ask{Network: l.network.Name, Verb: content.Has, IDs: []id.ID{point}})
			if len(a.Have) == 1 && a.Have[0] {
				n++
			}
		}
	}
	return float64(n) / float64(len(l.keys))
}

// discovery is how a host takes part in discv5.
func (h *host) discovery(boot []*enr.Record) discv5.Config {
	w := h.w
	c := discv5.Config{Plain: true, Verify: w.verify, Bootnodes: slices.DeleteFunc(slices.Clone(boot), func(r *enr.Record) bool {
		return r.ID() == h.key.ID()
	})}
	rng := rand.New(rand.NewPCG(w.opt.Seed, uint64(h.i)<<32|uint64(h.lives)))
	for i := 0; i < len(c.Seed); i += 8 {
		binary.BigEndian.PutUint64(c.Seed[i:], rng.Uint64())
	}
	return c
}
