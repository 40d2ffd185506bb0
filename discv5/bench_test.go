package discv5

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// wire is two machines that hand each other packets at once.
type direct struct {
	d     *Discovery
	rec   *enr.Record
	at    netip.AddrPort
	out   [][]byte
	spare [][]byte
}

func (s *direct) Send(_ time.Time, _ netip.AddrPort, packet []byte) {
	var b []byte
	if n := len(s.spare); n > 0 {
		b, s.spare = s.spare[n-1], s.spare[:n-1]
	}
	s.out = append(s.out, append(b[:0], packet...))
}

type duo struct {
	now  time.Time
	a, b *direct
	got  int
}

func newDuo(tb testing.TB, plain bool) *duo {
	p := &duo{now: time.Unix(1_700_000_000, 0)}
	for i, side := range []**direct{&p.a, &p.b} {
		k, at := testKey(i+1), public(i)
		s := &direct{at: at, rec: testRecord(tb, k, at, 1)}
		d, err := New(p.now, Config{Key: k, Record: s.rec, Seed: [32]byte{byte(i + 1)}, Plain: plain}, rand.New(rand.NewPCG(1, uint64(i))), s)
		if err != nil {
			tb.Fatal(err)
		}
		s.d = d
		*side = s
		p.take(s, d.Start(p.now))
	}
	if err := p.b.d.Register("ab"); err != nil {
		tb.Fatal(err)
	}
	if err := p.b.d.Hear("utp"); err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p *duo) take(s *direct, n News) {
	for _, j := range n.Jobs {
		p.take(s, s.d.Done(p.now, j.Ticket, j.Run()))
	}
	for _, r := range n.Requests {
		_ = s.d.Reply(p.now, r.N, r.Body)
	}
	p.got += len(n.Answers)
}

// settle delivers what is on its way.
func (p *duo) settle() {
	for len(p.a.out)+len(p.b.out) > 0 {
		for _, pair := range [2][2]*direct{{p.a, p.b}, {p.b, p.a}} {
			from, to := pair[0], pair[1]
			out := from.out
			from.out = nil
			for _, b := range out {
				p.take(to, to.d.Packet(p.now, from.at, b))
				from.spare = append(from.spare, b)
			}
			if from.out == nil {
				from.out = out[:0]
			}
		}
	}
}

func (p *duo) talk(n uint64, body []byte) {
	p.take(p.a, p.a.d.Talk(p.now, id.Ticket{Owner: "bench", N: n}, p.b.rec, "ab", body))
	p.settle()
}

// BenchmarkTalk is one round trip of TALK, both machines: request, answer, and what is
// made of them.
func BenchmarkTalk(b *testing.B) {
	p := newDuo(b, false)
	body := make([]byte, 32)
	p.talk(0, body)
	b.ReportAllocs()
	n := uint64(1)
	for b.Loop() {
		p.talk(n, body)
		n++
	}
	if p.got != int(n) {
		b.Fatalf("%d of %d answered", p.got, n)
	}
}

// BenchmarkTell is a packet of a stream, told.
func BenchmarkTell(b *testing.B) {
	p := newDuo(b, false)
	p.talk(0, nil)
	body := make([]byte, 1100)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	who := p.b.rec.ID()
	for b.Loop() {
		if err := p.a.d.Tell(p.now, who, p.b.at, "utp", body); err != nil {
			b.Fatal(err)
		}
		p.settle()
	}
}

// BenchmarkHandshake is a session from nothing, both sides, with a TALK in it.
func BenchmarkHandshake(b *testing.B) {
	p := newDuo(b, false)
	b.ReportAllocs()
	n := uint64(1)
	for b.Loop() {
		p.now = p.now.Add(time.Minute)
		p.a.d.Remove(p.now, p.b.rec.ID())
		p.b.d.Remove(p.now, p.a.rec.ID())
		p.talk(n, nil)
		n++
	}
	if p.got != int(n-1) {
		b.Fatalf("%d of %d answered", p.got, n-1)
	}
}

// BenchmarkStranger is a packet of a node that nobody knows, with all challenges pending.
func BenchmarkStranger(b *testing.B) {
	p := newDuo(b, false)
	rng := rand.New(rand.NewPCG(1, 2))
	packets := make([][]byte, 1<<14)
	for i := range packets {
		packets[i] = strange(rng, p.b.rec.ID())
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		p.now = p.now.Add(100 * time.Microsecond)
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{99, byte(i >> 16), byte(i >> 8), byte(i)}), 4000)
		p.take(p.b, p.b.d.Packet(p.now, from, packets[i%len(packets)]))
		p.b.spare = append(p.b.spare, p.b.out...)
		p.b.out = p.b.out[:0]
		i++
	}
}
