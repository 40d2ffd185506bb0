package node

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// traces are the places of a node from which an identity can be reached.
func traces(n *Node, who id.ID) []string {
	w := walker{want: who, seen: map[unsafe.Pointer]bool{}}
	w.walk("node", reflect.ValueOf(n))
	return w.found
}

type walker struct {
	want  id.ID
	seen  map[unsafe.Pointer]bool
	found []string
}

func (w *walker) walk(at string, v reflect.Value) {
	if v.Type() == reflect.TypeFor[Handler]() {
		return // the user's
	}
	if v.Type() == reflect.TypeFor[id.ID]() {
		same := true
		for i := range v.Len() {
			same = same && byte(v.Index(i).Uint()) == w.want[i]
		}
		if same {
			w.found = append(w.found, at)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || w.seen[v.UnsafePointer()] {
			return
		}
		w.seen[v.UnsafePointer()] = true
		w.walk(at, v.Elem())
	case reflect.Interface:
		if !v.IsNil() {
			w.walk(at, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			w.walk(at+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k >= reflect.Bool && k <= reflect.Complex128 {
			return
		}
		for i := range v.Len() {
			w.walk(at+"[]", v.Index(i))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			w.walk(at+"{key}", it.Key())
			w.walk(at+"{}", it.Value())
		}
	}
}

// stays are the places where something of a peer may stay when its link is gone,
// and why.
var stays = []struct{ place, why string }{
	{`^node\.book\.`, "a host is remembered; that is what the book is for"},
	{`^node\.gossip\..*back`, "a backoff outlives the link, or reconnecting would end it"},
	{`^node\.gossip\.mcache\..*served`, "how often it fetched a message, or reconnecting would start a new count"},
	{`^node\.chat\.rooms\..*\.who\.node$`, "what it said is in the room, under its name"},
	{`^node\.chat\.rooms\..*\.acks\[\]$`, "that it has a line is counted once, however often it connects"},
}

// When all links are down nothing of a peer is left in any strand, whatever went on.
func TestResidue(t *testing.T) {
	w := newWorld(t)
	quiet := func(c *Config) { c.Session.RefineEvery = -1 } // a probe would be one link more
	a, b, c := w.add("a", quiet), w.add("b", quiet), w.add("c", quiet)
	for _, h := range w.hosts {
		h.n.Join(w.now, id.Ticket{}, "lobby", 0)
		if err := h.n.Follow(w.now, "news"); err != nil {
			t.Fatal(err)
		}
	}
	w.settle()
	first := w.connect(a, b)
	second := w.connect(c, a)
	w.connect(c, b)
	for i := range 5 {
		for j, h := range w.hosts {
			h.n.Say(w.now, id.Ticket{Owner: Owner, N: uint64(1000 + 10*i + j)}, "lobby", fmt.Sprintf("line %d of %s", i, h.name))
			h.n.Publish(w.now, id.Ticket{}, "news", []byte{byte(i), byte(j)})
		}
		w.pass(3 * time.Second)
	}
	if len(a.messages) != 15 || len(a.lines) < 15 {
		t.Fatalf("a saw %d messages and %d lines; the network does not work", len(a.messages), len(a.lines))
	}
	if len(traces(a.n, b.key.ID())) == 0 {
		t.Fatal("the walker finds nothing of a connected peer")
	}
	// One link ends in the midst of talk, the other after a message that is heard
	// before its lane is open.
	a.n.Publish(w.now, id.Ticket{}, "news", []byte("last words"))
	w.cut(first, link.NetworkError)
	a.n.LinkMsg(w.now, second.other.conn, link.Msg{Lane: lanePex, Op: link.Shut})
	a.n.LinkMsg(w.now, second.other.conn, link.Msg{Lane: lanePex, Code: 1, Data: []byte{0xc2, 1, 2}})
	w.cut(second, link.NetworkError)
	w.settle()
	w.pass(time.Second)

	if a.n.PeerCount() != 0 {
		t.Fatalf("%d peers", a.n.PeerCount())
	}
	for _, h := range []*host{b, c} {
		who := h.key.ID()
		for _, at := range traces(a.n, who) {
			ok := strings.HasPrefix(at, "node.out.") // not taken yet
			for _, s := range stays {
				ok = ok || regexp.MustCompile(s.place).MatchString(at)
			}
			if !ok {
				t.Errorf("of %s there is left: %s", h.name, at)
			}
		}
		if k := a.n.session.Kind(who); k != "" {
			t.Errorf("session says %q", k)
		}
		if a.n.pulse.RTT(who) != 0 {
			t.Error("pulse knows a round trip")
		}
		if got := a.handler.up[who]; got != 0 {
			t.Errorf("the user's protocol holds %d Ups of %s", got, h.name)
		}
	}
	for _, topic := range a.n.Topics() {
		if topic.Peers != 0 || topic.Mesh != 0 || topic.Fanout != 0 {
			t.Errorf("topic %+v", topic)
		}
	}
	for _, room := range a.n.Rooms() {
		if room.Peers != 0 {
			t.Errorf("room %+v", room)
		}
	}
}
