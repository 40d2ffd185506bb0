package utp

import (
	"math/rand/v2"
	"testing"
	"time"
)

// pipe is two endpoints with rings of packets between them: what the machine costs
// alone. Rounds are of up to 32 packets, as a world reads them.
type pipe struct {
	ends [2]*Endpoint
	who  [2]Remote
	out  [2]ring
	now  time.Time
	got  int
	end  [2]bool
	fail error
}

type ring struct {
	p    *pipe
	buf  [][]byte
	head int
}

func (r *ring) Send(now time.Time, to Remote, b []byte) {
	if len(r.buf) < cap(r.buf) {
		r.buf = r.buf[:len(r.buf)+1]
	} else {
		r.buf = append(r.buf, make([]byte, 0, 1280))
	}
	last := len(r.buf) - 1
	r.buf[last] = append(r.buf[last][:0], b...)
}

func newPipe() *pipe {
	p := &pipe{now: t0}
	for i := range p.ends {
		p.who[i] = Remote{ID: [32]byte{byte(i + 1)}}
		p.out[i].p = p
		p.ends[i] = New(Config{}, rand.New(rand.NewPCG(1, uint64(i))), &p.out[i])
	}
	return p
}

// round hands the packets of both ends over.
func (p *pipe) round() {
	p.now = p.now.Add(50 * time.Microsecond)
	for i := range p.ends {
		from, to := &p.out[i], p.ends[1-i]
		n := min(len(from.buf)-from.head, 32)
		for _, b := range from.buf[from.head : from.head+n] {
			p.take(1-i, to.Packet(p.now, p.who[i], b))
		}
		if from.head += n; from.head == len(from.buf) {
			from.buf, from.head = from.buf[:0], 0
		}
		if d := to.Deadline(); !d.IsZero() && !d.After(p.now) {
			p.take(1-i, to.Advance(p.now))
		}
	}
}

func (p *pipe) take(i int, n News) {
	for _, v := range n.Events {
		switch v.Kind {
		case Data:
			p.got += len(v.Data)
		case End:
			p.end[i] = true
		case Failed:
			p.fail = v.Err
		}
	}
}

// open makes a stream from end 0 to end 1.
func (p *pipe) open() (from, to ticketed) {
	a, b := tickets.Next(), tickets.Next()
	conn, _ := p.ends[1].Reserve(p.now, b, p.who[0].ID)
	p.ends[0].Dial(p.now, a, p.who[1], conn)
	p.end = [2]bool{}
	return ticketed{p.ends[0], a}, ticketed{p.ends[1], b}
}

// BenchmarkMachine carries 1 MiB from memory to memory: both ends of the machine,
// without cipher, socket or wait.
func BenchmarkMachine(b *testing.B) {
	p := newPipe()
	data := noise(1 << 20)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		s, _ := p.open()
		s.e.Write(p.now, s.t, data)
		s.e.Finish(p.now, s.t)
		for !p.end[0] || !p.end[1] {
			p.round()
		}
	}
	if p.fail != nil {
		b.Fatal(p.fail)
	}
}

// BenchmarkStream is the same in one stream without end.
func BenchmarkStream(b *testing.B) {
	p := newPipe()
	data := noise(1 << 20)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	s, _ := p.open()
	for b.Loop() {
		p.got = 0
		s.e.Write(p.now, s.t, data)
		for p.got < len(data)-PayloadMax {
			p.round()
		}
	}
	if p.fail != nil {
		b.Fatal(p.fail)
	}
}

// TestNoAllocationPerPacket: a stream under way allocates nothing for a packet, its
// acknowledgement, or what comes out of order.
func TestNoAllocationPerPacket(t *testing.T) {
	p := newPipe()
	data := noise(1 << 20)
	s, _ := p.open()
	run := func() {
		p.got = 0
		s.e.Write(p.now, s.t, data)
		for p.got < len(data)-PayloadMax {
			p.round()
		}
	}
	for range 4 {
		run()
	}
	// What is written is kept in a list; 2 allocations for 1,820 packets.
	if n := testing.AllocsPerRun(10, run); n > 4 {
		t.Errorf("%v allocations for 1 MiB", n)
	}
}
