package interop

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/ropewalk/ropewalk/interop/rig"
)

// TestMixedMesh: ten nodes of each kind in a random sparse graph over TCP and
// QUIC, hosts by default and held to a version; every node publishes, every node
// receives each message exactly once.
// Rule: F11
func TestMixedMesh(t *testing.T) {
	for _, proto := range []protocol.ID{pubsub.GossipSubID_v11, pubsub.GossipSubID_v12, pubsub.GossipSubID_v13} {
		for _, sign := range []string{"strict", "none"} {
			t.Run(strings.Trim(string(proto), "/")+" "+sign, func(t *testing.T) {
				all := crewOf(t, 10, 10, sign, hostOptions{sign: sign, options: heldTo(proto)})
				mixedMesh(t, all)
				for _, m := range all {
					if h, ok := m.(*theirs); ok {
						heldStreams(t, h, all, proto)
					}
				}
			})
		}
	}
}

// crew starts so many nodes of each kind and shuffles them.
func crew(t *testing.T, ropes, hosts int, sign string) []member {
	t.Helper()
	return crewOf(t, ropes, hosts, sign, hostOptions{sign: sign})
}

// crewOf is crew with hosts that differ from the usual.
func crewOf(t *testing.T, ropes, hosts int, sign string, o hostOptions) []member {
	t.Helper()
	var all []member
	for i := range ropes {
		all = append(all, startRope(t, fmt.Sprint("rope", i), "t", sign))
	}
	for i := range hosts {
		all = append(all, startHost(t, fmt.Sprint("host", i), "t", o))
	}
	shuffle(all)
	return all
}

func shuffle(all []member) {
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}

func mixedMesh(t *testing.T, all []member) {
	degree := weave(t, all, rand.New(rand.NewPCG(7, 7)))
	usesBoth(t, all)
	rig.Until(t, "all know their neighbours", func() string {
		var out []string
		for i, m := range all {
			// The program also dials what it hears of.
			if n := m.topicPeers(); n < degree[i] {
				out = append(out, fmt.Sprintf("%s knows %d of %d topic peers", m.name(), n, degree[i]))
			}
		}
		return few(out)
	})
	rig.Until(t, "meshes agree", func() string { return few(lopsided(all, degree)) })

	// Each round proves that the round before brought no late copies.
	var want []string
	for round := range 3 {
		for i, m := range all {
			text := fmt.Sprintf("round %d of %s", round, m.name())
			if round == 1 && i < 2 {
				text += strings.Repeat(".", 64<<10)
			}
			m.publish(t, text)
			want = append(want, text)
		}
		receiveAll(t, all, want)
	}
	mixes(t, all)
	for _, m := range all {
		x, ok := m.(*theirs)
		if !ok {
			continue
		}
		got := x.tracer.rejected()
		if slices.ContainsFunc(all, isJS) {
			// js-libp2p forwards a message to its author, too, if another brought it.
			delete(got, pubsub.RejectSelfOrigin)
		}
		if len(got) > 0 {
			t.Errorf("%s rejected messages: %v", x.label, got)
		}
	}
}

// weave connects all members: a ring, so that nobody is left out, and three more
// dials each, by turns over TCP and QUIC. It returns everybody's degree.
func weave(t *testing.T, all []member, rng *rand.Rand) []int {
	t.Helper()
	degree := make([]int, len(all))
	linked := map[[2]int]bool{}
	dial := func(from, to int) {
		if from == to || linked[[2]int{from, to}] || linked[[2]int{to, from}] {
			return
		}
		linked[[2]int{from, to}] = true
		transport := "tcp"
		if len(linked)%2 == 0 && !isJS(all[from]) && !isJS(all[to]) {
			transport = "quic-v1"
		}
		all[from].dial(t, all[to].addr(transport))
		degree[from]++
		degree[to]++
	}
	for i := range all {
		dial(i, (i+1)%len(all))
		for range 3 {
			dial(i, rng.IntN(len(all)))
		}
	}
	return degree
}

// usesBoth fails unless our links run over TCP and over QUIC, in and out.
func usesBoth(t *testing.T, all []member) {
	t.Helper()
	got := map[string]int{}
	for _, m := range all {
		r, ok := m.(*rope)
		if !ok {
			continue
		}
		sessions, err := r.node.Sessions(rig.Within(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sessions {
			transport := "tcp"
			if strings.Contains(s.Addr, "quic") {
				transport = "quic"
			}
			got[transport+" "+s.Direction]++
		}
	}
	for _, want := range []string{"tcp in", "tcp out", "quic in", "quic out"} {
		if got[want] == 0 {
			t.Errorf("no session over %s: %v", want, got)
		}
	}
}

// lopsided lists mesh links that only one side has, and nodes whose mesh is
// smaller than it could be.
func lopsided(all []member, degree []int) (out []string) {
	for i, a := range all {
		if n := len(a.mesh()); n < min(5, degree[i]) || n > 12 {
			out = append(out, fmt.Sprintf("%s has %d of %d in its mesh", a.name(), n, degree[i]))
		}
		for _, b := range all {
			if inMesh(a, b) && !inMesh(b, a) {
				out = append(out, fmt.Sprintf("%s has %s in its mesh, not the other way", a.name(), b.name()))
			}
		}
	}
	return out
}

// mixes fails unless mesh links of every kind exist.
func mixes(t *testing.T, all []member) {
	t.Helper()
	got := map[string]int{}
	for _, a := range all {
		for _, b := range all {
			if inMesh(a, b) {
				got[a.name()[:4]+"-"+b.name()[:4]]++
			}
		}
	}
	t.Logf("mesh links: %v", got)
	for _, want := range []string{"rope-rope", "rope-host", "host-rope", "host-host"} {
		if got[want] == 0 {
			t.Errorf("no mesh link %s", want)
		}
	}
}
