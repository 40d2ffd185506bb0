package portal

import (
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
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
