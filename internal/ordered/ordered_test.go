package ordered

import (
	"testing"

	"pgregory.net/rapid"
)

// The map behaves as a built-in map does, and two equal histories iterate alike.
func TestMapAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b Map[int, int]
		model := map[int]int{}
		for _, op := range rapid.SliceOfN(rapid.IntRange(-60, 60), 0, 400).Draw(t, "ops") {
			if op < 0 {
				_, want := model[-op]
				if got := a.Delete(-op); got != want {
					t.Fatalf("Delete(%d) = %v, want %v", -op, got, want)
				}
				b.Delete(-op)
				delete(model, -op)
				continue
			}
			a.Put(op, op*op)
			b.Put(op, op*op)
			model[op] = op * op
		}
		if a.Len() != len(model) {
			t.Fatalf("Len = %d, want %d", a.Len(), len(model))
		}
		i := 0
		for k, v := range a.All() {
			if want, ok := model[k]; !ok || v != want {
				t.Fatalf("holds %d=%d, model has %d, %v", k, v, want, ok)
			}
			if other, _ := b.At(i); other != k {
				t.Fatalf("equal histories differ at %d: %d and %d", i, k, other)
			}
			i++
		}
	})
}

func TestSet(t *testing.T) {
	var s Set[string]
	if !s.Add("a") || s.Add("a") || !s.Add("b") || s.Len() != 2 {
		t.Fatal("Add")
	}
	if !s.Delete("a") || s.Delete("a") || s.Has("a") || !s.Has("b") || s.At(0) != "b" {
		t.Fatal("Delete")
	}
}
