package portal

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// Who says that somebody else is sending the item just now is asked again until it has it.
func TestPutAsksAgain(t *testing.T) {
	w := village(t, 41, 4)
	a, busy := w.nodes[0], w.nodes[1]
	key, value := w.blob(5000)
	// Another offers the item there, and never sends it.
	m, err := wire.DecodeAccept(busy.reply(w.nodes[2], message(t, wire.Offer{Keys: [][]byte{key}})), 2, 1)
	if err != nil || !m.Any() {
		t.Fatal(err)
	}
	busy.o.cfg.Network.Gossip = content.Silent
	got := a.put(key, value)
	if got.Err != nil || got.Put.Replicas() != 3 || got.Put.InProgress == 0 {
		t.Errorf("%+v", got.Put)
	}
	w.settle()
}

// A table with too few who want the item is not the end: others are looked for.
func TestPutLooksFurther(t *testing.T) {
	w := newWorld(t, 42)
	none := content.Distance{}
	a := w.add(nil)
	for i := range 12 {
		w.add(func(c *Config) {
			if i < 6 {
				c.Radius = none
			}
		})
	}
	w.meet(10 * time.Second)
	for _, h := range w.nodes[3:] { // those it knows of are the wrong ones
		if h.radius != none {
			a.o.RemoveNode(w.now, h.id)
		}
	}
	a.o.looked = time.Time{}
	key, value := w.blob(3000)
	got := a.put(key, value)
	if got.Err != nil || got.Put.Replicas() < 3 {
		t.Errorf("%+v", got.Put)
	}
	w.settle()
}

// A put where nobody is says so, and is no error.
func TestPutAlone(t *testing.T) {
	w := newWorld(t, 43)
	a := w.add(nil)
	a.did(a.o.Start(w.now))
	key, value := w.blob(3000)
	from := w.now
	got := a.put(key, value)
	if got.Err != nil || !got.Put.Stored || got.Put.Replicas() != 0 || w.now.Sub(from) > time.Second {
		t.Errorf("%+v after %v", got, w.now.Sub(from))
	}
	if got := a.put(key, []byte("something else")); got.Err == nil {
		t.Error("what fails its check is put")
	}
	if got := a.ask(func(t id.Ticket) News { return a.o.LocalContent(w.now, t, key) }); got.Err != nil {
		t.Error(got.Err)
	}
}

// Puts and gossip of users share one bound.
func TestPutsAreBounded(t *testing.T) {
	w := newWorld(t, 44)
	a := w.add(nil)
	a.did(a.o.Start(w.now))
	key, value := w.blob(100)
	a.o.puts = putsMax
	for name, verb := range map[string]func(id.Ticket) News{
		"put":    func(t id.Ticket) News { return a.o.Put(w.now, t, key, value, content.Durable) },
		"gossip": func(t id.Ticket) News { return a.o.Gossip(w.now, t, key, value) },
	} {
		if got := a.ask(verb); !errors.Is(got.Err, ErrBusy) {
			t.Errorf("%s above the bound: %v", name, got.Err)
		}
	}
}

// However many say that they have an item already, it goes to one more that takes it: they
// may say so of everything.
func TestPutIsTaken(t *testing.T) {
	w := village(t, 44, 14)
	a := w.nodes[0]
	key, value := w.blob(3000)
	others := slices.Clone(w.nodes[1:])
	slices.SortFunc(others, func(a, b *host) int { return id.CompareDistance(id.ID(key[1:]), a.id, b.id) })
	w.meddle = func(_, to *host, request, answer []byte) ([]byte, bool) {
		if wire.Kind(request[0]) == wire.KindOffer && slices.Index(others, to) < 10 {
			b, err := wire.Accept{Codes: []wire.Code{wire.Stored}}.Append(nil, 2)
			return b, err == nil
		}
		return answer, true
	}
	got := a.put(key, value)
	if got.Err != nil || got.Put.Peers == 0 || got.Put.Already != 10 {
		t.Errorf("%+v", got.Put)
	}
	// Where nobody takes it, because all have it, that is all right too.
	w.meddle = nil
	if got := a.put(key, value); got.Err != nil || got.Put.Replicas() < 2 {
		t.Errorf("%+v", got.Put)
	}
	w.settle()
}

// Where the nodes around an item are denser than by chance it is offered to many of the
// region, and not to the nearest alone.
func TestPutScatters(t *testing.T) {
	w := village(t, 45, 2)
	a := w.nodes[0]
	key, value := w.blob(300)
	p := &putting{o: a.o, item: content.Item{ID: id.ID(key[1:]), Key: key, Value: value}, want: 3}
	for range 40 {
		p.next = append(p.next, sign(t, w.newKey(), 1, 4000, wire.Entries(1)))
	}
	nearest := slices.Clone(p.next[:20])
	beyond := p.next[36]
	p.scatter(36)
	if p.want != replicaTries || p.next[36] != beyond {
		t.Errorf("%d are wanted", p.want)
	}
	n := 0
	for _, r := range p.next[:replicaTries] {
		if slices.Contains(nearest, r) {
			n++
		}
	}
	if n == 0 || n == 20 {
		t.Errorf("%d of the nearest 20 are among those that are tried", n)
	}
}

// Who wrote to us unasked has a share of the table, and whom we found the rest.
func TestMetNodesHaveAShare(t *testing.T) {
	w := newWorld(t, 46)
	a := w.add(nil)
	a.did(a.o.Start(w.now))
	var all []*enr.Record
	for len(all) < 120 {
		all = append(all, sign(t, w.newKey(), 1, uint16(4000+len(all)), wire.Entries(1)))
	}
	a.did(a.o.Met(w.now, all))
	met := a.o.table.Len()
	if met == 0 || met > kad.BucketMax {
		t.Errorf("%d nodes of those who wrote to us", met)
	}
	a.did(a.o.Seed(w.now, all))
	if n := a.o.table.Len(); n <= 2*met {
		t.Errorf("%d nodes of those we found", n)
	}
}

// One put after the other keeps to the pace of offers as one long put does: nobody is
// offered so much that it says "rate limited".
func TestPutsInARowKeepThePace(t *testing.T) {
	w := village(t, 46, 2)
	w.latency = time.Millisecond
	a := w.nodes[0]
	from := w.now
	for range 60 {
		if got := a.put(w.blob(3000)); got.Err != nil || got.Put.Replicas() != 1 || got.Put.Limited != 0 {
			t.Fatalf("%+v", got)
		}
	}
	if d := w.now.Sub(from); d > 60*time.Second/ourOffersPerSecond+time.Second {
		t.Errorf("it took %v", d)
	}
	w.settle()
}
