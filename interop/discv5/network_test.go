package discv5

import (
	"fmt"
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enode"
	gethenr "github.com/ethereum/go-ethereum/p2p/enr"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// members are nodes of both kinds that know one.
type members struct {
	ropes []*ropewalk.Node
	geths []geth
	ids   map[id.ID]string // of all, with the record
}

func gather(t *testing.T, each int, first string) *members {
	t.Helper()
	m := &members{ids: map[id.ID]string{}}
	known := []string{}
	note := func(record string) {
		r, err := enr.Parse(record)
		if err != nil {
			t.Fatalf("%q: %v", record, err)
		}
		m.ids[r.ID()] = record
		if len(known) == 0 {
			known = []string{record}
		}
	}
	addRope := func() { m.ropes = append(m.ropes, startRope(t, known...)); note(m.ropes[len(m.ropes)-1].Record()) }
	addGeth := func() {
		m.geths = append(m.geths, startGeth(t, known...))
		note(m.geths[len(m.geths)-1].Self().String())
	}
	if first == "geth" {
		addRope, addGeth = addGeth, addRope
	}
	for range each {
		addRope()
		addGeth()
	}
	return m
}

// Every node finds every other by its ID, whoever was there first.
func TestOneNetwork(t *testing.T) {
	for _, first := range []string{"ropewalk", "geth"} {
		t.Run(first+" first", func(t *testing.T) {
			m := gather(t, 6, first)
			for who, record := range m.ids {
				for i, n := range m.ropes {
					if n.Info().ID == who {
						continue
					}
					rig.Until(t, fmt.Sprintf("ropewalk %d finds %s", i, who.Short()), func() string {
						got, err := n.Discovery().LookupRecord(rig.Within(t), who)
						if err != nil {
							return err.Error()
						}
						return sameNode(t, got, record)
					})
				}
				for i, n := range m.geths {
					if n.Self().ID() == enode.ID(who) {
						continue
					}
					rig.Until(t, fmt.Sprintf("go-ethereum %d finds %s", i, who.Short()), func() string {
						got := n.ResolveNodeId(enode.ID(who))
						if got == nil {
							return "nobody"
						}
						return sameNode(t, got.String(), record)
					})
				}
			}
		})
	}
}

// sameNode is empty when two records are of one node at one address.
func sameNode(t *testing.T, got, want string) string {
	t.Helper()
	a, errA := enr.Parse(got)
	b, errB := enr.Parse(want)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if a.ID() != b.ID() || a.IP() != b.IP() || a.UDP(false) != b.UDP(false) {
		return "another node: " + got
	}
	return ""
}

// When a node of go-ethereum changes its record, ours notices when it asks.
func TestNewRecord(t *testing.T) {
	g := startGeth(t)
	n := startRope(t, g.Self().String())
	who := id.ID(g.Self().ID())
	rig.Until(t, "found", func() string {
		_, err := n.Discovery().LookupRecord(rig.Within(t), who)
		return text(err)
	})
	g.local.Set(gethenr.WithEntry("changed", uint(7)))
	rig.Until(t, "the new record", func() string {
		got, err := n.Discovery().LookupRecord(rig.Within(t), who)
		if err != nil {
			return err.Error()
		}
		r, err := enr.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := r.Get("changed"); !ok {
			return fmt.Sprintf("still seq %d", r.Seq())
		}
		return ""
	})
}

func text(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}
