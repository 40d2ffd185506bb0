package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
)

// seedSet makes n seeds that know nobody.
func (w *network) seedSet(n int) (seeds []*member, addrs []link.Addr) {
	for i := range n {
		s := w.stranger(fmt.Sprintf("9.%d.1.1", i+1))
		seeds, addrs = append(seeds, s), append(addrs, s.addr)
	}
	return seeds, addrs
}

// contacts are the dials of a member to an address.
func (m *member) contacts(to link.Addr) (out []time.Time) {
	for i, a := range m.tos {
		if a == to {
			out = append(out, m.dials[i])
		}
	}
	return out
}

// TestTrap20SeedStorm: an hour with every seed dead, for a node that knows nobody else.
// Each is contacted less and less, in the end not twice in five minutes; the seeds take
// turns, and when they are back the node has peers within the turn of one: a minute with
// six seeds.
func TestTrap20SeedStorm(t *testing.T) {
	for _, mode := range []string{"connection refused", "hole", "answers nothing", "hangs up"} {
		for _, n := range []int{1, 2, 3, 6, 12} {
			w := newNetwork(t)
			seeds, addrs := w.seedSet(n)
			for _, s := range seeds {
				if s.mute = mode == "answers nothing" || mode == "hangs up"; !s.mute {
					s.mode = mode
				}
			}
			me := w.join("8.200.1.1", Config{Seeds: addrs})
			me.start()
			for range 3600 {
				w.run(time.Second)
				for _, x := range me.links {
					if mode == "hangs up" {
						w.cut(x, "connection reset")
					}
				}
			}
			for _, a := range addrs {
				all := me.contacts(a)
				if len(all) < 12 || len(all) > 24 {
					t.Errorf("%s, %d seeds: %d contacts with one in an hour", mode, n, len(all))
				}
				for i := 1; i < len(all); i++ {
					if gap := all[i].Sub(all[i-1]); all[i-1].Sub(t0) > 15*time.Minute && gap < seedGapAlone {
						t.Errorf("%s, %d seeds: one is asked again after %s", mode, n, gap)
					}
				}
			}
			noStorm(t, me)
			other := w.stranger("8.1.1.1")
			for _, s := range seeds {
				s.mode, s.mute, s.knows = "", false, []*member{other}
			}
			back := w.now
			for me.peers() == 0 && w.now.Sub(back) < time.Hour {
				w.run(time.Second)
			}
			if took := w.now.Sub(back); took > seedGapAlone*21/20/time.Duration(n)+2*seedFor || n >= 6 && took > time.Minute {
				t.Errorf("%s, %d seeds: the first peer %s after they are back", mode, n, took)
			}
		}
	}
}

// TestTrap20WithPeers: who has peers and wants more does not make up for it at dead
// seeds, however much comes and goes: once in 30 s at most, each seed ever less.
func TestTrap20WithPeers(t *testing.T) {
	w := newNetwork(t)
	seeds, addrs := w.seedSet(3)
	for _, s := range seeds {
		s.mode = "connection refused"
	}
	me := w.join("8.200.1.1", Config{Seeds: addrs, RefineEvery: -1})
	peers := w.spread(me, 1, 4, hosts.White)
	me.start()
	for i := range 120 { // one of them is always about to go or to come back
		m := peers[i%len(peers)]
		m.mode = "connection refused"
		if x := me.links[m.key.ID()]; x != nil {
			w.cut(x, "connection reset")
		}
		w.run(15 * time.Second)
		m.mode = ""
		w.run(15 * time.Second)
	}
	var all []time.Time
	for _, a := range addrs {
		mine := me.contacts(a)
		all = append(all, mine...)
		for i := 1; i < len(mine); i++ {
			if gap := mine[i].Sub(mine[i-1]); mine[i-1].Sub(t0) > 15*time.Minute && gap < seedGapAlone {
				t.Errorf("a seed is asked again after %s", gap)
			}
		}
	}
	if len(all) < 12 || len(all) > 40 {
		t.Errorf("%d contacts with three seeds in an hour", len(all))
	}
}

// TestSeedThatComesIsBack: a seed that was away for an hour looks at the hosts it knew
// when it is back; one that has nobody learns of it by that, and asks it at once.
func TestSeedThatComesIsBack(t *testing.T) {
	w := newNetwork(t)
	seed := w.join("9.1.1.1", Config{Outbound: -1, Inbound: 1000})
	me := w.join("8.200.1.1", Config{Seeds: []link.Addr{seed.addr}})
	seed.start()
	me.start()
	w.run(2 * time.Minute)
	if h, _ := seed.book.Get(me.key.ID()); h.Colour != hosts.White {
		t.Fatalf("the seed has us as %q", h.Colour)
	}
	data := seed.book.Encode(true)
	seed.kill()
	w.run(time.Hour)
	seed.setup(Config{Outbound: -1, Inbound: 1000})
	if err := seed.book.Load(w.now, data); err != nil {
		t.Fatal(err)
	}
	seed.down = false
	other := w.stranger("8.1.1.1")
	_ = seed.book.Hear(w.now, "", other.rec)
	seed.start()
	back := w.now
	for me.peers() == 0 && w.now.Sub(back) < time.Hour {
		w.run(time.Second)
	}
	w.run(5 * time.Second)
	if took := w.now.Sub(back); took > time.Minute || me.k.Kind(other.key.ID()) != Outbound {
		t.Errorf("%s after the seed is back the other is %q", took, me.k.Kind(other.key.ID()))
	}
}

// TestNetworkOutlivesItsSeeds: sixty nodes, all three seeds away for an hour. The others
// keep their slots and leave the seeds alone; those that began in the outage and know
// nobody else are in when a seed's turn comes.
func TestNetworkOutlivesItsSeeds(t *testing.T) {
	w := newNetwork(t)
	var addrs []link.Addr
	for range 3 {
		s := w.join("127.0.0.1", Config{Localnet: true, Outbound: -1, Inbound: 500})
		addrs = append(addrs, s.addr)
		s.start()
	}
	cfg := Config{Localnet: true, Seeds: addrs}
	for range 60 {
		w.join("127.0.0.1", cfg).start()
	}
	w.run(5 * time.Minute)
	seeds, nodes := w.members[:3], w.members[3:63]
	saved := map[*member][]byte{}
	for _, s := range seeds {
		saved[s] = s.book.Encode(true)
		s.kill()
	}
	for _, m := range nodes {
		m.dials, m.tos = nil, nil
	}
	for i := range 60 {
		w.run(time.Minute)
		if i%6 == 5 {
			w.join("127.0.0.1", cfg).start()
		}
		for _, m := range nodes {
			if m.k.filled() != OutboundDefault {
				t.Fatalf("minute %d: n%d has %d slots filled", i, m.n, m.k.filled())
			}
		}
	}
	for _, m := range nodes {
		for _, a := range addrs {
			if n := len(m.contacts(a)); n > 0 {
				t.Errorf("n%d has its slots full and contacted a seed %d times", m.n, n)
			}
		}
	}
	late := w.members[63:]
	for _, s := range seeds {
		s.setup(Config{Localnet: true, Outbound: -1, Inbound: 500})
		if err := s.book.Load(w.now, saved[s]); err != nil {
			t.Fatal(err)
		}
		s.down = false
		s.start()
	}
	back, worst := w.now, time.Duration(0)
	for _, m := range late {
		for m.k.filled() < OutboundDefault && w.now.Sub(back) < time.Hour {
			w.run(time.Second)
		}
		worst = w.now.Sub(back)
	}
	t.Logf("the last of the ten that came in the outage has its slots filled %s after the seeds are back", worst)
	if worst > seedGapAlone*21/20/3+10*time.Second {
		t.Errorf("that took too long")
	}
}
