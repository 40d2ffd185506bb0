package sim

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/trace"
)

// T1: a hundred ground IDs on four addresses of two networks, all in the far half of the seeds'
// space, write to everybody. They hold eight places of a table at most, and lookups find
// whom they should.
func TestT1PoisonedTables(t *testing.T) {
	s := beset(t, 30)
	far := func(who id.ID) bool { return who[0]>>7 != s.hosts[0].key.ID()[0]>>7 }
	for i := range 100 {
		ip := netip.AddrFrom4([4]byte{5, byte(i & 1), 7, byte(1 + i>>1&1)})
		s.sybil(s.key(far), netip.AddrPortFrom(ip, uint16(5000+i)), friends)
	}
	all := slices.Clone(s.hosts[:contentSeeds+30])
	s.hunt(all, 40*time.Second)
	told := 0
	for _, h := range all {
		discovery, overlay, _ := s.held(h)
		if told += discovery; discovery > 8 || overlay > 8 {
			t.Errorf("host %d has %d of them in discv5's table, %d in the network's", h.i, discovery, overlay)
		}
	}
	if told == 0 {
		t.Error("nobody has heard of any: the test is wrong")
	}
	if got := s.nearestFound(2); got < 0.99 {
		t.Errorf("%.3f of the lookups find the nearest", got)
	}
}

// T2: sixty nodes, each on a network of its own and twice as many as the honest ones, that
// nobody asked for write to a node whenever it comes back, and name their friends when it
// asks them. They stand beside the honest ones where there is room, and push nobody out of
// its tables; it finds what was put, each time.
func TestT2RestartUnderAttack(t *testing.T) {
	s := beset(t, 30)
	victim := s.honest()[7]
	for i := range 60 {
		s.sybil(s.key(anybody), alone(i), friends)
	}
	key, put := s.item(s.honest()[3])
	s.wait([]id.Ticket{put})
	for life := range 3 {
		victim.kill()
		s.pass(2 * time.Second)
		victim.launch()
		s.hunt([]*host{victim}, 30*time.Second)
		theirs, overlay, all := s.held(victim)
		honest := s.tabled(victim) - theirs // fewer than there are: of theirs those in wait count, too
		t.Logf("life %d: %d honest and %d of them in discv5's table; %d and %d in the network's", life, honest, theirs, all-overlay, overlay)
		if honest < 16 || all-overlay < 16 {
			t.Errorf("life %d: the tables are theirs", life)
		}
		if got := s.found([]*host{victim}, key); got < 1 {
			t.Errorf("life %d: eclipsed", life)
		}
	}
	if got := s.nearestFound(1); got < 0.95 {
		t.Errorf("%.3f of the lookups find the nearest", got)
	}
}

// T3: a node that hears nobody for ten minutes has its tables when the line is back.
func TestT3CutOff(t *testing.T) {
	s := beset(t, 30)
	victim := s.honest()[7]
	nodes := func() (discovery, overlay int) {
		_, _, overlay = s.held(victim)
		return s.tabled(victim), overlay
	}
	discovery, overlay := nodes()
	others, one := make([]bool, len(s.hosts)), make([]bool, len(s.hosts))
	for i := range others {
		others[i], one[i] = s.hosts[i] != victim, s.hosts[i] == victim
	}
	s.cuts = append(s.cuts, [2][]bool{others, one})
	s.pass(10 * time.Minute)
	d, o := nodes()
	if d < discovery*8/10 || o < overlay*8/10 || discovery < 16 || overlay < 16 {
		t.Errorf("of %d and %d nodes %d and %d are left", discovery, overlay, d, o)
	}
	s.cuts = nil
	s.pass(2 * time.Minute)
	key, put := s.item(s.honest()[3])
	s.wait([]id.Ticket{put})
	if got := s.found([]*host{victim}, key); got < 1 {
		t.Error("it finds nothing two minutes after")
	}
}

// T4: one node in five names only its friends, whatever it is asked, and puts into its
// answers what no table should take: a record at another distance, one twice, the asker's
// own, one that nobody signed, one of a local network. Lookups find whom they should, and
// none of that is in any table.
func TestT4LiarsInAnswers(t *testing.T) {
	s := beset(t, 60)
	for i := range 15 {
		s.sybil(s.key(anybody), alone(i), friends)
	}
	local := recordAt(s.key(anybody), netip.MustParseAddrPort("192.168.7.7:9000"))
	forged := slices.Clone(recordAt(s.key(anybody), alone(900)).Bytes())
	forged[20] ^= 1
	s.plot.garbage = [][]byte{forged, local.Bytes()}
	blamed := 0
	s.world.heard = func(_ *host, e trace.Event) {
		if e.Kind == "blame" {
			blamed++
		}
	}
	s.hunt(s.honest(), 20*time.Second)
	if got := s.nearestFound(3); got < 0.99 {
		t.Errorf("%.3f of the lookups find the nearest", got)
	}
	people := s.honest()
	key, put := s.item(people[3])
	s.wait([]id.Ticket{put})
	if got := s.found(people, key); got < 0.99 {
		t.Errorf("%.3f of the nodes find what was put", got)
	}
	for _, h := range people {
		s.verb(h, func(o *portal.Overlay) portal.News {
			for _, b := range o.Buckets() {
				for _, e := range b {
					if e.Record.ID() == h.key.ID() || e.Record.ID() == local.ID() || e.Record.Verify() != nil {
						t.Errorf("host %d has %v in its table", h.i, e.Record)
					}
				}
			}
			return portal.News{}
		})
	}
	if blamed < len(people) {
		t.Errorf("%d times was somebody blamed for it", blamed)
	}
}

// T5: twenty nodes are nearer to an item than all others, say of everything that they have
// it and name each other. What is put all the same is found.
func TestT5RegionOfSybils(t *testing.T) {
	s := beset(t, 100)
	people := s.honest()
	value := []byte("what somebody wants to hide")
	key := blob.KeyOf(blob.Chunk, value).Bytes()
	point, err := s.network.ID(key)
	if err != nil {
		t.Fatal(err)
	}
	nearest := people[0]
	for _, h := range people {
		if id.CompareDistance(point, h.key.ID(), nearest.key.ID()) < 0 {
			nearest = h
		}
	}
	nearer := func(who id.ID) bool { return id.CompareDistance(point, who, nearest.key.ID()) < 0 }
	for i := range 20 {
		s.sybil(s.key(nearer), alone(i), friends)
	}
	s.hunt(people, 20*time.Second)
	put := s.ask(people[5], func(o *portal.Overlay, t id.Ticket) portal.News {
		return o.Put(s.time(), t, key, value, content.Durable)
	})
	s.wait([]id.Ticket{put})
	if a := s.answers[put]; a.Err != nil || a.Put.Peers == 0 {
		t.Errorf("%+v, %v", a.Put, a.Err)
	}
	people[5].kill() // who put it does not count
	if got := s.found(s.honest(), key); got < 0.99 {
		t.Errorf("%.3f of the nodes find it", got)
	}
}
