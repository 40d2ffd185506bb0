package score

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// town is honest peers around one router: eight of forty in its mesh, one in twenty
// slow.
type town struct {
	*rig
	rng   *rand.Rand
	topic *Topic
	peers []*Peer
	shift int // mesh: peers[shift:shift+8], around
	late  []arrival
}

type arrival struct {
	at   time.Time
	peer int
	key  Key
}

const townPeers, townMesh = 40, 8

func (w *town) ip(i int) string  { return fmt.Sprintf("198.51.100.%d", i%9) } // some share an address
func (w *town) slow(i int) bool  { return i%20 == 0 }
func (w *town) member(j int) int { return (j + w.shift) % townPeers }

// threats G17: honest peers of a router that hears each message from most of its
// mesh, for a day; links break, the mesh changes. None is ever below zero or seen
// to starve, with the parameters we ship and with P3 derived from the rate.
// Rule: C17
func TestHonestDay(t *testing.T) {
	withP3 := DefaultConfig()
	p3, err := withP3.Topic.Expect(Expect{Rate: 1, Mesh: townMesh})
	if err != nil {
		t.Fatal(err)
	}
	withP3.Topic = p3
	for _, tc := range []struct {
		name string
		cfg  Config
		rate float64
	}{
		{"shipped", DefaultConfig(), 1},
		{"shipped, quiet", DefaultConfig(), 0.02},
		{"with P3", withP3, 1},
		{"with P3, busier than expected", withP3, 5},
	} {
		t.Run(tc.name, func(t *testing.T) { honestDay(t, tc.cfg, tc.rate) })
	}
}

func honestDay(t *testing.T, cfg Config, rate float64) {
	seconds := 24 * 3600
	if testing.Short() {
		seconds = 2 * 3600
	}
	w := &town{rig: newRig(t, cfg), rng: rand.New(rand.NewPCG(3, 4))}
	w.topic = w.rig.topic("t", nil)
	for i := range townPeers {
		w.peers = append(w.peers, w.up(i, w.ip(i)))
	}
	lowest, starving := 0.0, 0
	for s := range seconds {
		w.shift = s / 600 // the mesh moves on by one peer in ten minutes
		w.upkeep()
		for r := rate; r > 0 && w.rng.Float64() < r; r-- {
			w.message()
		}
		w.until(epoch.Add(time.Duration(s+1) * time.Second))
		for _, p := range w.peers {
			lowest = min(lowest, w.b.Score(w.now, p))
			if w.b.Starves(w.now, p, w.topic) {
				starving++
			}
		}
	}
	sound(t, w.b)
	if lowest < 0 || starving > 0 {
		t.Errorf("lowest score %v, %d times starving", lowest, starving)
	}
}

// upkeep lets the mesh move, and each link break once in half an hour or so.
func (w *town) upkeep() {
	if n := w.rng.IntN(1800); n < townPeers {
		w.b.Down(w.now, w.peers[n])
		w.peers[n] = w.up(n, w.ip(n))
	}
	for j := range townPeers {
		if p := w.peers[w.member(j)]; j < townMesh {
			w.b.Graft(w.now, p, w.topic)
		} else {
			w.b.Prune(w.now, p, w.topic)
		}
	}
}

// message comes from one peer first, then from most of the mesh, twice: what we
// sent to them before they had it, they do not send back. Slow peers are late by up
// to two seconds.
func (w *town) message() {
	k, mesh := w.key(), w.rng.Perm(townMesh)
	for w.slow(w.member(mesh[0])) { // is never first
		mesh = w.rng.Perm(townMesh)
	}
	w.b.Copy(w.now, w.peers[w.member(mesh[0])], w.topic, k)
	w.wait(20 * time.Millisecond)
	w.b.Judge(w.now, w.topic, k, Accepted)
	for _, j := range mesh[1:] {
		i := w.member(j)
		if w.rng.Float64() >= 0.7 {
			continue
		}
		if w.slow(i) {
			w.late = append(w.late, arrival{w.now.Add(time.Duration(w.rng.IntN(2000)) * time.Millisecond), i, k})
			continue
		}
		w.b.Copy(w.now, w.peers[i], w.topic, k)
		w.b.Copy(w.now, w.peers[i], w.topic, k)
	}
}

// until lets time pass, and late copies arrive.
func (w *town) until(end time.Time) {
	var still []arrival
	for _, a := range w.late {
		if a.at.After(end) {
			still = append(still, a)
			continue
		}
		w.wait(max(0, a.at.Sub(w.now)))
		w.b.Copy(w.now, w.peers[a.peer], w.topic, a.key)
	}
	w.late = still
	w.wait(end.Sub(w.now))
}
