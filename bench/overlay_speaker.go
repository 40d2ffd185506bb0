package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	mrand "math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/udp"
	"github.com/ropewalk/ropewalk/utp"
	"github.com/ropewalk/ropewalk/work"
)

// talker is a discv5 node of either side on a loopback address.
type talker interface {
	// record is its node record as text.
	record() string
	// talk asks the node of a record, and waits.
	talk(record string, body []byte) ([]byte, error)
	// ping is the time that a PING of it takes.
	ping(record string) (time.Duration, error)
	// lookup is who it finds nearest to a point, nearest first.
	lookup(target id.ID) ([]id.ID, error)
	// table is how many nodes it knows.
	table() int
	close()
}

// benchProto is the protocol whose requests come back.
const benchProto = "bench"

// speaker is a machine of ours with its socket: what the root package does for a whole
// node, without the rest of one. One goroutine reads, one owns the machine, jobs have
// their own.
type speaker struct {
	d     *discv5.Discovery
	rec   *enr.Record
	sock  *udp.Socket
	calls chan func(now time.Time)
	come  chan *udp.Batch
	quit  chan struct{}
	ends  sync.WaitGroup

	tickets id.Tickets
	waits   map[id.Ticket]func(discv5.Answer)
	peers   sync.Map // text → *enr.Record
	out     []udp.Packet
	slab    []byte

	streams *utp.Endpoint // nil without streams
	events  func(now time.Time, v utp.Event)
}

var errClosed = errors.New("closed")

// speak starts a node. via, when valid, stands in its record for its own address.
func speak(at netip.AddrPort, via netip.AddrPort, bootnodes ...string) (*speaker, error) {
	sock, err := udp.Listen(at, udp.Config{})
	if err != nil {
		return nil, err
	}
	key, err := id.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	if !via.IsValid() {
		via = sock.LocalAddr()
	}
	s := &speaker{
		sock: sock, calls: make(chan func(time.Time), 256), come: make(chan *udp.Batch, 4), quit: make(chan struct{}),
		tickets: id.Tickets{Owner: "bench"}, waits: map[id.Ticket]func(discv5.Answer){},
	}
	if s.rec, err = (enr.Builder{Seq: 1, IP: via.Addr(), UDP: via.Port()}).Sign(key); err != nil {
		return nil, err
	}
	cfg := discv5.Config{Key: key, Record: s.rec, Localnet: true}
	for _, text := range bootnodes {
		r, err := enr.Parse(text)
		if err != nil {
			return nil, err
		}
		cfg.Bootnodes = append(cfg.Bootnodes, r)
	}
	var seed [32]byte
	rand.Read(seed[:])
	rand.Read(cfg.Seed[:])
	if s.d, err = discv5.New(time.Now(), cfg, mrand.New(mrand.NewChaCha8(seed)), s); err != nil {
		return nil, err
	}
	if err := s.d.Register(benchProto); err != nil {
		return nil, err
	}
	s.ends.Go(s.read)
	s.ends.Go(s.loop)
	return s, nil
}

func (s *speaker) read() {
	for {
		b, err := s.sock.Read()
		if err != nil {
			return
		}
		select {
		case s.come <- b:
		case <-s.quit:
			return
		}
	}
}

func (s *speaker) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	s.take(time.Now(), s.d.Start(time.Now()))
	for {
		s.flush()
		if at := s.deadline(); !at.IsZero() {
			timer.Reset(time.Until(at))
		}
		select {
		case b := <-s.come:
			now := time.Now()
			for _, p := range b.Packets() {
				s.take(now, s.d.Packet(now, p.Addr, p.Data))
			}
			b.Release()
		case f := <-s.calls:
			for now := time.Now(); f != nil; {
				f(now)
				select {
				case f = <-s.calls:
				default:
					f = nil
				}
			}
		case <-timer.C:
			now := time.Now()
			s.take(now, s.d.Advance(now))
			s.advanceStreams(now)
		case <-s.quit:
			return
		}
	}
}

// Send notes a packet for the end of the turn.
func (s *speaker) Send(_ time.Time, to netip.AddrPort, packet []byte) {
	n := len(s.slab)
	s.slab = append(s.slab, packet...)
	s.out = append(s.out, udp.Packet{Addr: to, Data: s.slab[n:len(s.slab):len(s.slab)]})
}

func (s *speaker) flush() {
	if len(s.out) > 0 {
		_, _ = s.sock.Write(s.out) // what is not sent is lost
		s.out, s.slab = s.out[:0], s.slab[:0]
	}
}

func (s *speaker) take(now time.Time, n discv5.News) {
	for _, r := range n.Requests {
		if r.Proto == streamProto {
			s.streamed(now, r)
			continue
		}
		_ = s.d.Reply(now, r.N, r.Body)
	}
	for _, a := range n.Answers {
		if f := s.waits[a.Ticket]; f != nil {
			delete(s.waits, a.Ticket)
			f(a)
		}
	}
	for _, j := range n.Jobs {
		s.ends.Go(func() { s.work(j) })
	}
}

func (s *speaker) work(j work.Job) {
	result := j.Run()
	s.call(func(now time.Time) { s.take(now, s.d.Done(now, j.Ticket, result)) })
}

// call has the loop do something.
func (s *speaker) call(f func(now time.Time)) bool {
	select {
	case s.calls <- f:
		return true
	case <-s.quit:
		return false
	}
}

// ask asks the machine and has f told, in the loop. The body of the answer is f's only
// while it runs.
func (s *speaker) ask(verb func(now time.Time, t id.Ticket) discv5.News, f func(discv5.Answer)) bool {
	return s.call(func(now time.Time) {
		t := s.tickets.Next()
		s.waits[t] = f
		s.take(now, verb(now, t))
	})
}

// wait is ask and waits.
func (s *speaker) wait(verb func(now time.Time, t id.Ticket) discv5.News) (discv5.Answer, error) {
	done := make(chan discv5.Answer, 1)
	if !s.ask(verb, func(a discv5.Answer) {
		a.Body = append([]byte(nil), a.Body...)
		done <- a
	}) {
		return discv5.Answer{}, errClosed
	}
	select {
	case a := <-done:
		return a, a.Err
	case <-s.quit:
		return discv5.Answer{}, errClosed
	}
}

// peer is a record that is parsed once.
func (s *speaker) peer(text string) (*enr.Record, error) {
	if r, ok := s.peers.Load(text); ok {
		return r.(*enr.Record), nil
	}
	r, err := enr.Parse(text)
	if err == nil {
		s.peers.Store(text, r)
	}
	return r, err
}

func (s *speaker) record() string { return s.rec.String() }

func (s *speaker) talk(record string, body []byte) ([]byte, error) {
	to, err := s.peer(record)
	if err != nil {
		return nil, err
	}
	a, err := s.wait(func(now time.Time, t id.Ticket) discv5.News { return s.d.Talk(now, t, to, benchProto, body) })
	return a.Body, err
}

func (s *speaker) ping(record string) (time.Duration, error) {
	to, err := s.peer(record)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = s.wait(func(now time.Time, t id.Ticket) discv5.News { return s.d.Ping(now, t, to) })
	return time.Since(began), err
}

func (s *speaker) lookup(target id.ID) (out []id.ID, err error) {
	a, err := s.wait(func(now time.Time, t id.Ticket) discv5.News { return s.d.Lookup(now, t, target) })
	for _, r := range a.Records {
		out = append(out, r.ID())
	}
	return out, err
}

func (s *speaker) table() int {
	n := make(chan int, 1)
	s.call(func(time.Time) { n <- s.d.Stats().Nodes })
	return <-n
}

func (s *speaker) close() {
	close(s.quit)
	s.sock.Close()
	s.ends.Wait()
}

// request is a body that tells its number.
func request(n, size int) []byte {
	b := make([]byte, size)
	binary.BigEndian.PutUint64(b, uint64(n))
	return b
}
