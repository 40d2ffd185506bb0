package ropewalk

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link/mem"
)

// A peer becomes direct while the node runs, leaves the meshes, gets what we say all
// the same, and becomes an ordinary one again.
func TestSetDirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		a, b := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
		x, y := joined(t, a, "t"), joined(t, b, "t")
		join(t, a, b)
		meshed(t, a, "t", 1)
		for _, side := range [][2]*Node{{a, b}, {b, a}} {
			if err := side[0].SetDirect(t.Context(), side[1].Info().ID, true); err != nil {
				t.Fatal(err)
			}
		}
		if all, err := a.Direct(t.Context()); err != nil || !slices.Equal(all, []id.ID{b.Info().ID}) {
			t.Errorf("direct peers %v %v", all, err)
		}
		p, err := x.Publish(t.Context(), []byte("hi"))
		if err != nil || p.Direct != 1 || p.Mesh != 0 {
			t.Errorf("%+v %v", p, err)
		}
		for range y.Messages(t.Context()) {
			break
		}
		if err := a.SetDirect(t.Context(), b.Info().ID, false); err != nil {
			t.Fatal(err)
		}
		if p, err = x.Publish(t.Context(), []byte("again")); err != nil || p.Direct != 0 {
			t.Errorf("an ordinary peer again: %+v %v", p, err)
		}
	})
}

func TestDirectPeersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := started(t, memConfig(mem.NewNetwork(), "a"))
		if err := n.SetDirect(t.Context(), n.Info().ID, true); !errors.Is(err, ErrBadTarget) {
			t.Errorf("itself: %v", err)
		}
		var err error
		for i := 0; i <= directMax && err == nil; i++ {
			err = n.SetDirect(t.Context(), id.ID{byte(i), byte(i >> 8), 1}, true)
		}
		if all, _ := n.Direct(t.Context()); !errors.Is(err, ErrBusy) || len(all) != directMax {
			t.Errorf("%d direct peers, %v", len(all), err)
		}
	})
}
