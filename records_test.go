package ropewalk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// A record that is named again is the one that was verified; what is none is never
// remembered, and no more are than there is room for.
func TestRecordsAreRemembered(t *testing.T) {
	key, err := id.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := (enr.Builder{Seq: 1}).Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	text := r.String()
	var k records
	first, err := k.parse(text)
	if err != nil || first.ID() != key.ID() {
		t.Fatal(first, err)
	}
	if again, err := k.parse(text); err != nil || again != first {
		t.Errorf("parsed again: %v", err)
	}
	forged := text[:20] + "AAAA" + text[24:]
	for range 2 {
		if _, err := k.parse(forged); !errors.Is(err, enr.ErrSignature) {
			t.Errorf("forged: %v", err)
		}
	}
	if len(k.known) != 1 {
		t.Errorf("%d records remembered, want 1", len(k.known))
	}
	for i := range recordsMax {
		k.known[fmt.Sprint(i)] = first
	}
	delete(k.known, text)
	if _, err := k.parse(text); err != nil || len(k.known) != 1 {
		t.Errorf("%d records remembered beyond the bound, %v", len(k.known), err)
	}
}
