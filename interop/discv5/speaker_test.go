package discv5

import (
	"crypto/rand"
	"errors"
	mrand "math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
	"github.com/ropewalk/ropewalk/udp"
)

// speaker is our machine of discv5 alone, with a socket. It answers requests of protocol
// "echo" with what they say.
type speaker struct {
	d     *discv5.Discovery
	key   *id.Key
	rec   *enr.Record
	sock  *udp.Socket
	close func()
	calls chan func(now time.Time)
	quit  chan struct{}
	ends  sync.WaitGroup

	tickets id.Tickets
	waits   map[id.Ticket]func(discv5.Answer)
	sent    int // packets
}

// speak starts a speaker whose record has pairs beside its address, to be long.
func speak(t *testing.T, pairs ...enr.Pair) *speaker {
	t.Helper()
	return speakAt(t, newKey(t), loopback, pairs...)
}

// again is the speaker with the same key at the same port: it has forgotten its sessions.
func (s *speaker) again(t *testing.T) *speaker {
	t.Helper()
	s.close()
	return speakAt(t, s.key, s.sock.LocalAddr())
}

func newKey(t *testing.T) *id.Key {
	t.Helper()
	key, err := id.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func speakAt(t *testing.T, key *id.Key, at netip.AddrPort, pairs ...enr.Pair) *speaker {
	t.Helper()
	sock, err := udp.Listen(at, udp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := &speaker{key: key, sock: sock, calls: make(chan func(time.Time), 64), quit: make(chan struct{}),
		tickets: id.Tickets{Owner: "test"}, waits: map[id.Ticket]func(discv5.Answer){}}
	at = sock.LocalAddr()
	if s.rec, err = (enr.Builder{Seq: 1, IP: at.Addr(), UDP: at.Port(), Extra: pairs}).Sign(key); err != nil {
		t.Fatal(err)
	}
	cfg := discv5.Config{Key: key, Record: s.rec, Localnet: true}
	rand.Read(cfg.Seed[:])
	if s.d, err = discv5.New(time.Now(), cfg, mrand.New(mrand.NewPCG(1, 2)), s); err != nil {
		t.Fatal(err)
	}
	if err := s.d.Register("echo"); err != nil {
		t.Fatal(err)
	}
	s.ends.Go(s.read)
	s.ends.Go(s.loop)
	s.close = sync.OnceFunc(func() {
		close(s.quit)
		sock.Close()
		s.ends.Wait()
	})
	t.Cleanup(s.close)
	return s
}

func (s *speaker) read() {
	for {
		b, err := s.sock.Read()
		if err != nil {
			return
		}
		s.call(func(now time.Time) {
			for _, p := range b.Packets() {
				s.take(now, s.d.Packet(now, p.Addr, p.Data))
			}
			b.Release()
		})
	}
}

func (s *speaker) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	s.take(time.Now(), s.d.Start(time.Now()))
	for {
		if at := s.d.Deadline(); !at.IsZero() {
			timer.Reset(time.Until(at))
		}
		select {
		case f := <-s.calls:
			f(time.Now())
		case <-timer.C:
			s.take(time.Now(), s.d.Advance(time.Now()))
		case <-s.quit:
			return
		}
	}
}

// Send writes a packet at once.
func (s *speaker) Send(_ time.Time, to netip.AddrPort, packet []byte) {
	s.sent++
	_, _ = s.sock.Write([]udp.Packet{{Addr: to, Data: packet}})
}

func (s *speaker) take(now time.Time, n discv5.News) {
	for _, r := range n.Requests {
		_ = s.d.Reply(now, r.N, r.Body)
	}
	for _, a := range n.Answers {
		if f := s.waits[a.Ticket]; f != nil {
			delete(s.waits, a.Ticket)
			f(a)
		}
	}
	for _, j := range n.Jobs {
		s.ends.Go(func() {
			result := j.Run()
			s.call(func(now time.Time) { s.take(now, s.d.Done(now, j.Ticket, result)) })
		})
	}
}

func (s *speaker) call(f func(now time.Time)) {
	select {
	case s.calls <- f:
	case <-s.quit:
	}
}

// ask asks the machine and waits.
func (s *speaker) ask(t *testing.T, verb func(now time.Time, t id.Ticket) discv5.News) discv5.Answer {
	t.Helper()
	done := make(chan discv5.Answer, 1)
	s.call(func(now time.Time) {
		ticket := s.tickets.Next()
		s.waits[ticket] = func(a discv5.Answer) {
			a.Body = append([]byte(nil), a.Body...)
			done <- a
		}
		s.take(now, verb(now, ticket))
	})
	select {
	case a := <-done:
		return a
	case <-rig.Within(t).Done():
		t.Fatal("no answer")
		return discv5.Answer{}
	}
}

// talk sends a request, again when it got lost.
func (s *speaker) talk(t *testing.T, to *enr.Record, proto string, body []byte) discv5.Answer {
	t.Helper()
	for range 5 {
		a := s.ask(t, func(now time.Time, tick id.Ticket) discv5.News { return s.d.Talk(now, tick, to, proto, body) })
		if !errors.Is(a.Err, discv5.ErrTimeout) {
			return a
		}
	}
	t.Fatal("no answer to five requests")
	return discv5.Answer{}
}

// packets is how many were sent.
func (s *speaker) packets() int {
	n := make(chan int, 1)
	s.call(func(time.Time) { n <- s.sent })
	return <-n
}
