package content

import (
	"testing"

	"github.com/ropewalk/ropewalk/id"
)

func TestDistance(t *testing.T) {
	node, err := id.Parse("a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7")
	if err != nil {
		t.Fatal(err)
	}
	point, err := id.Parse("614e3d0000000000000000000000000000000000000000000000000000000000")
	if err != nil {
		t.Fatal(err)
	}
	const want = "c506cf4c6d18e575453db13171562b71999873db5b286df957af199ec94617f7"
	d := Between(node, point)
	if got := id.ID(d).String(); got != want && got != "0x"+want {
		t.Errorf("distance %s, want %s", got, want)
	}
	if !d.Covers(node, point) || !DistanceMax.Covers(node, point) {
		t.Error("a radius does not cover what lies on its rim")
	}
	d[31]--
	if d.Covers(node, point) || d.Cmp(DistanceMax) >= 0 {
		t.Error("a radius covers what lies beyond its rim")
	}
}
