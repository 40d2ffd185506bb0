//go:build !nopebble

package store

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// TestModel compares a store with a plain map: what the map has and the store has not was
// evicted, so it is of class Cache and not nearer than anything that is left.
func TestModel(t *testing.T) {
	suite(t, func(t *testing.T, open func(Config) Store) {
		rapid.Check(t, func(t *rapid.T) {
			capacity := rapid.Int64Range(2000, 20000).Draw(t, "capacity")
			s := open(Config{Self: point(77), Networks: []content.Network{blobs}, Capacity: capacity, Durable: 5000})
			model := map[id.ID]content.Item{}
			gone := func(p id.ID) { // checks that an item may have been evicted
				was := model[p]
				delete(model, p)
				if was.Class == content.Durable {
					t.Fatalf("durable %v is gone", p)
				}
				st := s.Stats().Networks[0]
				if st.Evicted == 0 {
					t.Fatalf("%v is gone, and nothing was evicted", p)
				}
			}
			t.Repeat(map[string]func(*rapid.T){
				"put": func(t *rapid.T) {
					p := point(rapid.Uint32Range(0, 60).Draw(t, "id") << 20)
					it := itemAt(p, rapid.IntRange(0, 1500).Draw(t, "size"), content.Class(rapid.IntRange(0, 1).Draw(t, "class")))
					it.Value = append(it.Value, rapid.Byte().Draw(t, "salt"))
					out := ask(s, content.Ask{Verb: content.Put, Item: it})
					was, had := model[p]
					switch {
					case out.Err == nil:
						if had && was.Class == content.Durable {
							it.Class = content.Durable
						}
						model[p] = it
					case errors.Is(out.Err, content.ErrFull), errors.Is(out.Err, content.ErrOutside) && it.Class == content.Cache:
					default:
						t.Fatal(out.Err)
					}
				},
				"drop": func(t *rapid.T) {
					p := point(rapid.Uint32Range(0, 60).Draw(t, "id") << 20)
					if err := ask(s, content.Ask{Verb: content.Drop, IDs: []id.ID{p}}).Err; err != nil {
						t.Fatal(err)
					}
					delete(model, p)
				},
				"get": func(t *rapid.T) {
					p := point(rapid.Uint32Range(0, 60).Draw(t, "id") << 20)
					out := ask(s, content.Ask{Verb: content.Get, IDs: []id.ID{p}})
					want, had := model[p]
					switch {
					case out.Err == nil && (!had || !bytes.Equal(out.Item.Value, want.Value) || out.Item.Class != want.Class):
						t.Fatalf("got %d bytes of class %d, want %d of %d (%v)", len(out.Item.Value), out.Item.Class, len(want.Value), want.Class, had)
					case out.Err != nil && !errors.Is(out.Err, content.ErrNotFound):
						t.Fatal(out.Err)
					case out.Err != nil && had:
						gone(p)
					}
				},
				"": func(t *rapid.T) {
					checkCounts(t, s, "blob")
					st := s.Stats().Networks[0]
					if st.Bytes > st.Capacity || st.Bytes < 0 {
						t.Fatalf("%+v", st)
					}
					page := ask(s, content.Ask{Verb: content.Page}).Items
					for _, it := range page {
						if it.Class == content.Cache && !st.Radius.Covers(point(77), it.ID) {
							t.Fatalf("radius %x is below what is stored, %v", st.Radius[:4], it.ID)
						}
					}
				},
			})
			s.Close()
		})
	})
}
