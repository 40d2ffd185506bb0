package portal

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Many lookups at once for what few nodes have: a node without room for a stream answers
// as one that has nothing, and is asked again.
func TestManyGetsFromFewHolders(t *testing.T) {
	for seed := range uint64(10) {
		manyGets(t, seed)
	}
}

func manyGets(t *testing.T, seed uint64) {
	w := village(t, seed, 4)
	a := w.nodes[0]
	keys := make([][]byte, 60)
	for i := range keys {
		key, value := w.blob(100 << 10)
		w.nodes[1].have(key, value)
		w.nodes[2].have(key, value)
		keys[i] = key
	}
	asked := make([]id.Ticket, len(keys))
	for i, key := range keys {
		asked[i] = a.tick.Next()
		a.did(a.o.Get(w.now, asked[i], key, false))
	}
	all := func() bool {
		for _, t := range asked {
			if a.times[t] == 0 {
				return false
			}
		}
		return true
	}
	from := w.now
	if !w.until(w.now.Add(time.Minute), all) {
		t.Fatal("not all are answered")
	}
	for _, ticket := range asked {
		if err := a.answers[ticket].Err; err != nil {
			t.Errorf("%v: %v", ticket, err)
		}
	}
	if d := w.now.Sub(from); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
	w.settle()
}

// What nobody has is asked for again in crowdedRounds rounds, and no more, however busy
// those are who lack it.
func TestManyGetsOfNothing(t *testing.T) {
	w := village(t, 1, 4)
	a := w.nodes[0]
	w.talks["findcontent"] = 0
	var asked []id.Ticket
	for range 60 {
		key, _ := w.blob(8)
		asked = append(asked, a.tick.Next())
		a.did(a.o.Get(w.now, asked[len(asked)-1], key, false))
	}
	w.run(10 * time.Second)
	for _, ticket := range asked {
		if a.times[ticket] == 0 {
			t.Fatal("a lookup goes on")
		}
	}
	others := len(w.nodes) - 1
	if n := w.talks["findcontent"]; n <= len(asked)*others || n > len(asked)*others*(1+crowdedRounds) {
		t.Errorf("%d requests to %d nodes", n, others)
	}
	w.settle()
}
