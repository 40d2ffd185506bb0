package session

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"pgregory.net/rapid"
)

// door is a Keeper with inbound links only and a world that ends what it drops at the
// end of each step.
type door struct {
	k       *Keeper
	now     time.Time
	conduct map[id.ID]Conduct
	dropped map[id.ID]link.Reason // and not down yet
	evicted int
}

func newDoor(cfg Config) *door {
	d := &door{now: t0, conduct: map[id.ID]Conduct{}, dropped: map[id.ID]link.Reason{}}
	cfg.Self, cfg.Witness, cfg.Outbound, cfg.RefineEvery = testKey(0).ID(), d, -1, -1
	book := hosts.New(hosts.Config{Self: cfg.Self}, rand.New(rand.NewPCG(1, 1)))
	d.k = New(cfg, book, rand.New(rand.NewPCG(1, 2)), d, d)
	d.k.Start(d.now)
	return d
}

func (d *door) Dial(id.Ticket, link.Addr)       {}
func (d *door) GiveUp(id.Ticket)                {}
func (d *door) Find(time.Time, id.Ticket)       {}
func (d *door) Conduct(who id.ID) Conduct       { return d.conduct[who] }
func (d *door) Drop(who id.ID, why link.Reason) { d.dropped[who] = why; d.evicted++ }
func (d *door) at(ip string) link.Addr          { return link.MustAddr("/ip4/" + ip + "/tcp/4001") }
func (d *door) has(who id.ID) bool              { return d.k.there(who) }
func (d *door) leave(who id.ID)                 { d.k.Down(d.now, who, id.Ticket{}, "gone", 0); delete(d.dropped, who) }
func (d *door) step(by time.Duration)           { d.settle(); d.now = d.now.Add(by) }
func (d *door) info(who id.ID, ip string) link.Info {
	return link.Info{ID: who, Addr: d.at(ip), Dir: link.In}
}

// come dials in and tells whether it was let in.
func (d *door) come(who id.ID, ip string) bool {
	kind, _, ok := d.k.Admit(d.now, d.info(who, ip))
	if ok {
		d.k.Up(d.now, d.info(who, ip), kind)
	}
	return ok
}

// settle ends the links that were dropped.
func (d *door) settle() {
	for _, who := range d.k.links.Keys() {
		if _, ok := d.dropped[who]; ok {
			d.leave(who)
		}
	}
}

func nobody(n int) id.ID {
	var who id.ID
	who[0], who[1], who[2], who[3] = byte(n>>24)|0x80, byte(n>>16), byte(n>>8), byte(n)
	return who
}

// Each class keeps its own from going, and the newest of the largest group goes.
func TestEvictionSparesEachClass(t *testing.T) {
	d := newDoor(Config{Inbound: 96})
	for n := range 92 {
		d.step(time.Second)
		ip := fmt.Sprintf("9.%d.1.1", n) // a group each
		if n >= 60 {
			ip = fmt.Sprintf("7.7.%d.1", n) // one group
		}
		if !d.come(nobody(n), ip) {
			t.Fatalf("link %d refused with places free", n)
		}
	}
	for n := range 8 {
		d.conduct[nobody(84+n)] = Conduct{RTT: time.Duration(n+1) * time.Millisecond}
	}
	for n := range 4 {
		d.conduct[nobody(80+n)] = Conduct{Useful: d.now}
		d.conduct[nobody(76+n)] = Conduct{Content: d.now}
	}
	for n := range 4 {
		if err := d.k.Value(d.now, nobody(72+n), "app", 10); err != nil {
			t.Fatal(err)
		}
	}
	for n := 71; n >= 60; n-- {
		d.step(time.Second)
		if !d.come(nobody(1000+n), fmt.Sprintf("8.%d.1.1", n)) {
			t.Fatalf("newcomer refused while %d may go", n)
		}
		if d.has(nobody(n)) || d.dropped[nobody(n)] != link.TooManyPeers {
			t.Fatalf("%d stays, the newest of the largest group; dropped %v", n, d.dropped)
		}
		if n == 66 {
			break // below, groups of one are as large
		}
	}
	for n := range 60 {
		if !d.has(nobody(n)) {
			t.Errorf("%d has gone, of a group of its own and older", n)
		}
	}
	for n := 72; n < 92; n++ {
		if !d.has(nobody(n)) {
			t.Errorf("%d has gone, of a class that is kept", n)
		}
	}
}

// Whoever the user named is never evicted, the caps hold, and newcomers come in while
// anybody else is there.
func TestEvictionKeepsThoseNamed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		inbound := rapid.IntRange(1, 60).Draw(rt, "inbound")
		d := newDoor(Config{Inbound: inbound})
		named := map[id.ID]bool{}
		for n := range rapid.IntRange(10, 300).Draw(rt, "steps") {
			who := nobody(rapid.IntRange(0, 120).Draw(rt, "who"))
			ip := fmt.Sprintf("%d.%d.1.1", rapid.IntRange(1, 8).Draw(rt, "net"), rapid.IntRange(0, 20).Draw(rt, "group"))
			d.now = d.now.Add(time.Second)
			var before []id.ID
			for old := range d.k.links.All() {
				if named[old] && d.has(old) {
					before = append(before, old)
				}
			}
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				d.settle()
			case 1:
				if d.k.Protect(d.now, who, "app") == nil {
					named[who] = true
				}
			case 2:
				if d.k.Trust(d.now, who) == nil {
					named[who] = true
				}
			case 3:
				if n%3 == 0 && d.has(who) {
					d.leave(who)
				}
			case 4:
				if d.k.Unprotect(d.now, who, "app") && !d.k.Trusted(who) {
					named[who] = false
				}
			case 5:
				d.conduct[who] = Conduct{RTT: time.Duration(rapid.IntRange(0, 300).Draw(rt, "rtt")) * time.Millisecond}
			default:
				d.come(who, ip)
				for _, old := range before {
					if !d.has(old) {
						rt.Fatalf("%s was evicted", old.Short())
					}
				}
			}
			if d.k.inbound() > inbound || d.k.links.Len() > inbound+leavingMax+d.k.trusted.Len() {
				rt.Fatalf("%d inbound links of %d, %d in all", d.k.inbound(), inbound, d.k.links.Len())
			}
		}
	})
}

// besieged plays an hour in which honest peers come and stay, and attackers come, as
// many as are given, from as many networks, and go as they please. It returns how many
// honest peers are left.
func besieged(seed uint64, attackers, groups int, good bool) (honest int) {
	rng := rand.New(rand.NewPCG(seed, 7))
	d := newDoor(Config{Inbound: 96})
	friends := map[id.ID]bool{}
	for n := range 92 { // strangers leave four places
		d.step(time.Duration(rng.IntN(20)) * time.Second)
		who := nobody(1<<20 + n)
		friends[who] = true
		d.come(who, fmt.Sprintf("%d.%d.1.1", 20+n%40, rng.IntN(250)))
		d.conduct[who] = Conduct{RTT: time.Duration(20+rng.IntN(200)) * time.Millisecond}
	}
	for n := range attackers {
		d.step(time.Duration(rng.IntN(720)) * time.Millisecond)
		who, g := nobody(n), rng.IntN(groups)
		d.come(who, fmt.Sprintf("%d.%d.%d.1", 100+g%100, g/100, n%256))
		c := Conduct{RTT: time.Duration(1+rng.IntN(400)) * time.Millisecond}
		if good { // the best that can be shown
			c = Conduct{RTT: time.Millisecond, Useful: d.now, Content: d.now}
		}
		d.conduct[who] = c
		if rng.IntN(3) == 0 { // and goes of its own will
			d.leave(nobody(rng.IntN(n + 1)))
		}
		if f := nobody(1<<20 + rng.IntN(92)); rng.IntN(100) == 0 && d.has(f) {
			d.conduct[f] = Conduct{RTT: d.conduct[f].RTT, Useful: d.now}
		}
	}
	d.settle()
	for who := range friends {
		if d.has(who) {
			honest++
		}
	}
	return honest
}

// TestSiege: of 96 places at least 24 stay with the honest, whoever else comes and
// goes 10,000 times, from few networks and from many, with the best conduct there is.
func TestSiege(t *testing.T) {
	const attackers = 10_000
	sieges := uint64(3)
	if testing.Short() {
		sieges = 1
	}
	for _, c := range []struct {
		groups int
		good   bool
	}{{1, false}, {32, false}, {10_000, false}, {32, true}, {10_000, true}} {
		least := 96
		for seed := range sieges {
			least = min(least, besieged(seed, attackers, c.groups, c.good))
		}
		t.Logf("%d attackers from %d networks, good conduct %v: %d honest peers left of 92", attackers, c.groups, c.good, least)
		if least < 24 {
			t.Errorf("%d networks, good conduct %v: %d honest peers left, want 24", c.groups, c.good, least)
		}
	}
}

// Networks have their shares of the inbound places, but not on loopback and not where
// the network is local.
func TestTrap21InboundShares(t *testing.T) {
	for _, c := range []struct {
		ips  string // %d is the number of the link
		most int
	}{
		{"/ip4/9.9.9.9/tcp/%d", 8},
		{"/ip4/9.9.9.%d/tcp/1", 16},
		{"/ip4/9.9.%d.1/tcp/1", 92},
		{"/ip6/2600:1:1:100::%x/tcp/1", 8},
		{"/ip6/2600:1:1:%x00::1/tcp/1", 64},
		{"/ip4/127.0.0.1/tcp/%d", 92},
	} {
		d := newDoor(Config{Inbound: 384})
		if c.most == 92 {
			d = newDoor(Config{Inbound: 96})
		}
		in := 0
		for n := range 92 {
			info := link.Info{ID: nobody(n), Addr: link.MustAddr(fmt.Sprintf(c.ips, n+1)), Dir: link.In}
			if kind, _, ok := d.k.Admit(d.now, info); ok {
				d.k.Up(d.now, info, kind)
				in++
			}
		}
		if in != c.most {
			t.Errorf("%s: %d links, want %d", c.ips, in, c.most)
		}
	}
	d := newDoor(Config{Inbound: 96, Localnet: true})
	for n := range 92 {
		if !d.come(nobody(n), "10.1.1.1") {
			t.Fatalf("local link %d refused", n)
		}
	}
}
