package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// member is a node of either side that follows the topic.
type member interface {
	addr() string
	dial(ctx context.Context, addr string) error
	// join follows the topic; got is called with every delivery, by one goroutine.
	join(ctx context.Context, got func(data []byte)) error
	publish(ctx context.Context, data []byte) error
	// topicPeers is how many connected peers follow the topic.
	topicPeers() int
	// counted are counters of the router: copies that came too often, and messages
	// dropped because too many were in checking; and how many peers its mesh has now.
	counted() counted
}

type counted struct{ duplicates, throttled, mesh float64 }

// load says what a network does.
type load struct {
	nodes, degree int
	size          int // bytes of a message
	signed        bool
	ed25519       bool // by Ed25519 keys, which are theirs by default; else by secp256k1, ours
	messages      int
	window        int           // in flight, when every is zero
	every         time.Duration // timetable, when set
	oneAuthor     bool          // only the first node publishes
	plain         bool          // their queues as their defaults say
	meshOnly      bool          // no flood publishing: theirs has none by default, ours has
	counting      bool          // the routers' decisions are counted, which costs a little
	warmup        int           // messages before the measured ones
}

const topicName = "bench"

// late is a delivery that did not come by the mesh but was fetched.
const late = 500 * time.Millisecond

// giveUp bounds each phase of a measurement.
const giveUp = 60 * time.Second

// mesh is a running network under a load.
type mesh struct {
	load    load
	members []member
	flights []flight
	slots   chan struct{}
	begun   time.Time
	done    sync.WaitGroup // messages that have not reached everybody
}

// flight is one message on its way.
type flight struct {
	left  atomic.Int32 // members without it
	delay []atomic.Int64
}

// runNetwork builds a network, drives the load through it and says what it cost.
func runNetwork(s side, seed uint64, l load) (values, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*giveUp)
	defer cancel()
	n := &mesh{load: l}
	for i := range l.nodes {
		m, err := newMember(s, seed, i, l)
		if err != nil {
			return nil, err
		}
		n.members = append(n.members, m)
	}
	for _, e := range graph(l.nodes, l.degree, seed) {
		if err := n.members[e[0]].dial(ctx, n.members[e[1]].addr()); err != nil {
			return nil, fmt.Errorf("dial: %w", err)
		}
	}
	for i, m := range n.members {
		if err := m.join(ctx, func(data []byte) { n.got(i, data) }); err != nil {
			return nil, err
		}
	}
	if err := n.settle(); err != nil {
		return nil, err
	}
	if err := n.send(ctx, seed, l.warmup); err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	before := n.counted()
	stop := profile()
	m := read(true)
	if err := n.send(ctx, seed+1, l.messages); err != nil {
		return nil, err
	}
	used := m.used()
	stop()
	return n.values(used, before), nil
}

// graph is a random connected graph; each edge names who dials.
func graph(nodes, degree int, seed uint64) [][2]int {
	rng := rand.New(rand.NewPCG(seed, 0x6772617068))
	has := map[[2]int]bool{}
	var out [][2]int
	add := func(a, b int) {
		key := [2]int{min(a, b), max(a, b)}
		if a != b && !has[key] {
			has[key] = true
			out = append(out, [2]int{a, b})
		}
	}
	for i := range nodes {
		if i > 0 {
			add(i, rng.IntN(i))
		}
	}
	for want := min(nodes*degree/2, nodes*(nodes-1)/2); len(out) < want; {
		add(rng.IntN(nodes), rng.IntN(nodes))
	}
	return out
}

// settle waits until everybody knows about his neighbours and two heartbeats more.
func (n *mesh) settle() error {
	links := 0
	for _, e := range n.members {
		links += e.topicPeers()
	}
	for end, calm := time.Now().Add(giveUp), 0; calm < 25; time.Sleep(100 * time.Millisecond) {
		sum, least := 0, n.load.nodes
		for _, m := range n.members {
			p := m.topicPeers()
			sum, least = sum+p, min(least, p)
		}
		if calm++; sum != links || least == 0 {
			links, calm = sum, 0
		}
		if time.Now().After(end) {
			return errors.New("the network does not settle")
		}
	}
	return nil
}

// got counts a delivery at a member. Every message starts with its number.
func (n *mesh) got(at int, data []byte) {
	f := &n.flights[binary.BigEndian.Uint32(data)]
	sent := int64(binary.BigEndian.Uint64(data[4:]))
	f.delay[at].Store(int64(time.Since(n.begun)) - sent)
	if f.left.Add(-1) == 0 {
		n.done.Done()
		select {
		case <-n.slots:
		default: // the timetable decides, not the window
		}
	}
}

// send publishes messages and waits until all members have all of them.
func (n *mesh) send(ctx context.Context, seed uint64, messages int) error {
	n.flights = make([]flight, messages)
	for i := range n.flights {
		n.flights[i].left.Store(int32(n.load.nodes))
		n.flights[i].delay = make([]atomic.Int64, n.load.nodes)
	}
	n.slots = make(chan struct{}, max(1, n.load.window))
	n.begun = time.Now()
	n.done.Add(messages)
	authors := n.load.nodes
	if n.load.oneAuthor {
		authors = 1
	}
	failed := make(chan error, authors)
	for a := range authors {
		go func() {
			for i := a; i < messages; i += authors {
				if err := n.publish(ctx, seed, a, i); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	all := make(chan struct{})
	go func() { n.done.Wait(); close(all) }()
	select {
	case <-all:
		return nil
	case err := <-failed:
		return err
	case <-time.After(giveUp):
		return n.lost()
	}
}

// publish waits for the message's turn and publishes it.
func (n *mesh) publish(ctx context.Context, seed uint64, author, i int) error {
	if n.load.every > 0 {
		time.Sleep(time.Until(n.begun.Add(time.Duration(i) * n.load.every)))
	} else {
		n.slots <- struct{}{}
	}
	data := make([]byte, n.load.size)
	rng := rand.NewChaCha8([32]byte{0: byte(seed), 1: byte(seed >> 8), 4: byte(i), 5: byte(i >> 8), 6: byte(i >> 16)})
	_, _ = rng.Read(data)
	binary.BigEndian.PutUint32(data, uint32(i))
	binary.BigEndian.PutUint64(data[4:], uint64(time.Since(n.begun)))
	if err := n.members[author].publish(ctx, data); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// lost says what did not arrive.
func (n *mesh) lost() error {
	messages, copies := 0, 0
	for i := range n.flights {
		if left := int(n.flights[i].left.Load()); left > 0 {
			messages++
			copies += left
		}
	}
	return fmt.Errorf("%d messages did not reach everybody: %d deliveries missing", messages, copies)
}

func (n *mesh) counted() (sum counted) {
	for _, m := range n.members {
		c := m.counted()
		sum.duplicates += c.duplicates
		sum.throttled += c.throttled
		sum.mesh += c.mesh
	}
	return sum
}

// values are the figures per delivery to another node.
func (n *mesh) values(used meter, before counted) values {
	deliveries := float64(len(n.flights) * (n.load.nodes - 1))
	var delays []float64
	for i := range n.flights {
		for m := range n.load.nodes {
			if m != i%n.load.nodes || n.load.oneAuthor && m != 0 {
				delays = append(delays, float64(n.flights[i].delay[m].Load()))
			}
		}
	}
	slices.Sort(delays)
	after := n.counted()
	return values{
		"cpu":        float64(used.cpu) / deliveries,
		"mallocs":    float64(used.mallocs) / deliveries,
		"bytes":      float64(used.bytes) / deliveries,
		"late":       float64(len(delays) - sort.SearchFloat64s(delays, float64(late))),
		"p50":        delays[len(delays)/2],
		"p99":        delays[len(delays)*99/100],
		"duplicates": (after.duplicates - before.duplicates) / deliveries,
		"throttled":  after.throttled - before.throttled,
		"degree":     (before.mesh + after.mesh) / 2 / float64(n.load.nodes),
	}
}
