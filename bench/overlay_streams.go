package main

import (
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	anacrolix "github.com/anacrolix/utp"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/udp"
	"github.com/ropewalk/ropewalk/utp"
)

// streamFigures are beside github.com/anacrolix/utp v0.2.0. CPU is of both ends.
var streamFigures = []figure{
	{name: "utp-machine", says: "uTP in memory, no cipher and no sockets", workload: "utp-machine", key: "rate", kind: limit, bar: 100, atLeast: true, unit: mbps},
	{name: "utp-machine-allocs", says: "the same, allocations per MB", workload: "utp-machine", key: "mallocs", kind: limit, bar: 64},
	{name: "utp-cpu", says: "uTP through sockets, CPU per MB of both ends; anacrolix/utp v0.2.0", workload: "utp-sockets", key: "cpu", bar: 0.4, unit: nanos},
	{name: "utp-wall", says: "the same, speed", workload: "utp-sockets", key: "rate", kind: shown, unit: mbps},
	{name: "utp-discv5", says: "uTP between two discv5 nodes, encrypted", workload: "utp-discv5", key: "rate", kind: limit, bar: 30, atLeast: true, unit: mbps},
	{name: "utp-discv5-cpu", says: "the same, CPU per MB of both ends", workload: "utp-discv5", key: "cpu", kind: shown, unit: nanos},
	{name: "utp-16x1m", says: "streams that fail of 16 of 1 MiB at once", workload: "utp-16x1m", key: "failed", kind: limit, bar: 0},
	{name: "utp-10m", says: "of one of 10 MiB", workload: "utp-10m", key: "failed", kind: limit, bar: 0},
	{name: "utp-70m", says: "of one of 70 MiB", workload: "utp-70m", key: "failed", kind: limit, bar: 0},
}

var streamWorkloads = []workload{
	{name: "utp-machine", run: func(s side, _ uint64) (values, error) { return runStreamMachine(s, 256<<20) }},
	{name: "utp-sockets", run: func(s side, _ uint64) (values, error) { return runStreamSockets(s, 4<<20) }},
	{name: "utp-discv5", run: func(s side, _ uint64) (values, error) { return runStreamsTalk(s, 1, 128<<20) }},
	{name: "utp-16x1m", run: func(s side, _ uint64) (values, error) { return runStreamsTalk(s, 16, 1<<20) }},
	{name: "utp-10m", run: func(s side, _ uint64) (values, error) { return runStreamsTalk(s, 1, 10<<20) }},
	{name: "utp-70m", run: func(s side, _ uint64) (values, error) { return runStreamsTalk(s, 1, 70<<20) }},
}

// streamProto is the protocol whose requests are packets of streams.
const streamProto = "utp"

// streamPatience is far more than any of these streams takes.
const streamPatience = time.Minute

// theirTries is how often a stream of theirs may fail, and theirPatience how long it may
// take.
const (
	theirTries    = 5
	theirPatience = 20 * time.Second
)

// streamConfig has room for all streams with one peer.
var streamConfig = utp.Config{PerPeer: 64}

// perMB are the values of bytes that went from one end to the other.
func perMB(bytes int, took time.Duration, used meter) values {
	mb := float64(bytes) / 1e6
	return values{"rate": mb / took.Seconds(), "cpu": float64(used.cpu) / mb, "mallocs": float64(used.mallocs) / mb}
}

// inMemory holds the packets of one endpoint for the other.
type inMemory struct{ packets [][]byte }

func (m *inMemory) Send(_ time.Time, _ utp.Remote, b []byte) {
	if n := len(m.packets); n < cap(m.packets) {
		m.packets = m.packets[:n+1]
	} else {
		m.packets = append(m.packets, nil)
	}
	last := &m.packets[len(m.packets)-1]
	*last = append((*last)[:0], b...)
}

// runStreamMachine carries bytes between two endpoints in one goroutine, in rounds of
// what the other has sent.
func runStreamMachine(s side, size int) (values, error) {
	if s != ours {
		return nil, nil // there is no machine without its sockets
	}
	var wires [2]inMemory
	var ends [2]*utp.Endpoint
	for i := range ends {
		ends[i] = utp.New(streamConfig, rand.New(rand.NewPCG(1, uint64(i))), &wires[i])
	}
	who := [2]utp.Remote{{ID: id.ID{1}}, {ID: id.ID{2}}}
	now, begun := time.Now(), time.Now()
	to, from := id.Ticket{Owner: "to", N: 1}, id.Ticket{Owner: "from", N: 1}
	conn, _ := ends[1].Reserve(now, to, who[0].ID)
	ends[0].Dial(now, from, who[1], conn)
	ends[0].Write(now, from, make([]byte, size))
	ends[0].Finish(now, from)
	start := read(true)
	stop := profile()
	defer stop()
	var got, over int
	var spare [][]byte
	for over < 2 {
		now = now.Add(50 * time.Microsecond)
		for i := range ends {
			in := wires[1-i].packets
			wires[1-i].packets, spare = spare[:0], in
			var err error
			take := func(n utp.News) {
				for _, v := range n.Events {
					got += len(v.Data)
					if v.Kind == utp.End || v.Kind == utp.Failed {
						over++
						err = errors.Join(err, v.Err)
					}
				}
			}
			for _, b := range in {
				take(ends[i].Packet(now, who[1-i], b))
			}
			take(ends[i].Advance(now))
			if err != nil {
				return nil, err
			}
		}
	}
	used := start.used()
	if got != size {
		return nil, fmt.Errorf("%d bytes of %d", got, size)
	}
	return perMB(size, time.Since(begun), used), nil
}

// runStreamSockets carries bytes through two sockets on loopback without encryption.
func runStreamSockets(s side, size int) (values, error) {
	if s != ours {
		return tryTheirs(func() (values, error) { return runTheirStream(size) })
	}
	a, err := newBare()
	if err != nil {
		return nil, err
	}
	defer a.close()
	b, err := newBare()
	if err != nil {
		return nil, err
	}
	defer b.close()
	data := make([]byte, size)
	_, _ = crand.Read(data)
	start, begun := read(true), time.Now()
	stop := profile()
	defer stop()
	from, to := id.Ticket{Owner: "from", N: 1}, id.Ticket{Owner: "to", N: 1}
	over := make(chan error, 2)
	conns := make(chan uint16, 1)
	b.calls <- func(now time.Time) {
		conn, _ := b.e.Reserve(now, to, a.who().ID)
		conns <- conn
	}
	conn := <-conns
	a.over, b.over = over, over
	a.calls <- func(now time.Time) {
		a.e.Dial(now, from, b.who(), conn)
		a.e.Write(now, from, data)
		a.e.Finish(now, from)
	}
	if err := errors.Join(<-over, <-over); err != nil {
		return nil, err
	}
	used, took := start.used(), time.Since(begun)
	if b.got != size {
		return nil, fmt.Errorf("%d bytes of %d", b.got, size)
	}
	return perMB(size, took, used), nil
}

// bare is an endpoint on a socket of its own, without discv5.
type bare struct {
	e     *utp.Endpoint
	sock  *udp.Socket
	calls chan func(now time.Time)
	come  chan *udp.Batch
	quit  chan struct{}
	ends  sync.WaitGroup
	over  chan error
	got   int
	out   []udp.Packet
	slab  []byte
}

func newBare() (*bare, error) {
	sock, err := udp.Listen(anyPort, udp.Config{})
	if err != nil {
		return nil, err
	}
	b := &bare{sock: sock, calls: make(chan func(time.Time)), come: make(chan *udp.Batch, 4), quit: make(chan struct{})}
	b.e = utp.New(streamConfig, rand.New(rand.NewPCG(1, uint64(sock.LocalAddr().Port()))), b)
	b.ends.Go(b.read)
	b.ends.Go(b.loop)
	return b, nil
}

func (b *bare) who() utp.Remote { return bareRemote(b.sock.LocalAddr()) }

// bareRemote takes a port for an identity.
func bareRemote(at netip.AddrPort) utp.Remote {
	return utp.Remote{ID: id.ID{byte(at.Port() >> 8), byte(at.Port())}, At: at}
}

// Send notes a packet for the end of the turn.
func (b *bare) Send(_ time.Time, to utp.Remote, packet []byte) {
	n := len(b.slab)
	b.slab = append(b.slab, packet...)
	b.out = append(b.out, udp.Packet{Addr: to.At, Data: b.slab[n:len(b.slab):len(b.slab)]})
}

func (b *bare) read() {
	for {
		batch, err := b.sock.Read()
		if err != nil {
			return // closed
		}
		select {
		case b.come <- batch:
		case <-b.quit:
			return
		}
	}
}

func (b *bare) loop() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case batch := <-b.come:
			now := time.Now()
			for _, p := range batch.Packets() {
				b.take(b.e.Packet(now, bareRemote(p.Addr), p.Data))
			}
			batch.Release()
		case f := <-b.calls:
			f(time.Now())
		case <-timer.C:
		case <-b.quit:
			return
		}
		now := time.Now()
		at := b.e.Deadline()
		if !at.IsZero() && !at.After(now) {
			b.take(b.e.Advance(now))
			at = b.e.Deadline()
		}
		if len(b.out) > 0 {
			_, _ = b.sock.Write(b.out) // what is not sent is lost
			b.out, b.slab = b.out[:0], b.slab[:0]
		}
		if !at.IsZero() {
			timer.Reset(time.Until(at))
		}
	}
}

func (b *bare) take(n utp.News) {
	for _, v := range n.Events {
		b.got += len(v.Data)
		if v.Kind == utp.End || v.Kind == utp.Failed {
			b.over <- v.Err
		}
	}
}

func (b *bare) close() {
	close(b.quit)
	b.sock.Close()
	b.ends.Wait()
}

// tryTheirs does the same with theirs. Where a stream of theirs fails, which it does on a
// busy machine, there is another.
func tryTheirs(run func() (values, error)) (v values, err error) {
	for range theirTries {
		if v, err = run(); err == nil {
			return v, nil
		}
	}
	return nil, err
}

func runTheirStream(size int) (values, error) {
	a, err := anacrolix.NewSocket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer a.CloseNow()
	b, err := anacrolix.NewSocket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer b.CloseNow()
	data := make([]byte, size)
	_, _ = crand.Read(data)
	start, begun := read(true), time.Now()
	stop := profile()
	defer stop()
	done := make(chan error, 1)
	go func() {
		conn, err := b.Accept()
		if err != nil {
			done <- err
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(theirPatience))
		n, err := io.CopyBuffer(onlyWriter{io.Discard}, conn, make([]byte, 64<<10))
		if err == nil && n != int64(size) {
			err = fmt.Errorf("%d bytes of %d", n, size)
		}
		done <- err
	}()
	conn, err := a.Dial(b.Addr().String())
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(theirPatience))
	if err := writeAll(conn, data); err != nil {
		return nil, err
	}
	if err := <-done; err != nil {
		return nil, err
	}
	return perMB(size, time.Since(begun), start.used()), nil
}

type onlyWriter struct{ io.Writer }

func writeAll(conn net.Conn, data []byte) error {
	_, err := conn.Write(data)
	return errors.Join(err, conn.Close())
}

// withStreams gives a speaker an endpoint.
func (s *speaker) withStreams() error {
	if err := s.d.Hear(streamProto); err != nil {
		return err
	}
	s.streams = utp.New(streamConfig, rand.New(rand.NewPCG(1, uint64(s.sock.LocalAddr().Port()))), overTalk{s})
	return nil
}

// overTalk carries packets of streams in requests that wait for no answer.
type overTalk struct{ s *speaker }

func (o overTalk) Send(now time.Time, to utp.Remote, packet []byte) {
	_ = o.s.d.Tell(now, to.ID, to.At, streamProto, packet) // what is not sent is lost
}

func (s *speaker) streamed(now time.Time, r discv5.Request) {
	if s.streams != nil {
		s.streamNews(now, s.streams.Packet(now, utp.Remote{ID: r.From, At: r.At}, r.Body))
	}
}

func (s *speaker) streamNews(now time.Time, n utp.News) {
	for _, v := range n.Events {
		s.events(now, v)
	}
}

func (s *speaker) advanceStreams(now time.Time) {
	if s.streams != nil {
		if at := s.streams.Deadline(); !at.IsZero() && !at.After(now) {
			s.streamNews(now, s.streams.Advance(now))
		}
	}
}

// deadline is the earlier one of the two machines'.
func (s *speaker) deadline() time.Time {
	at := s.d.Deadline()
	if s.streams != nil {
		if d := s.streams.Deadline(); !d.IsZero() && (at.IsZero() || d.Before(at)) {
			at = d
		}
	}
	return at
}

// runStreamsTalk carries streams at once between two discv5 nodes of one process.
func runStreamsTalk(s side, streams, size int) (values, error) {
	if s != ours {
		return nil, nil // they do not go over discv5
	}
	a, err := speak(anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer a.close()
	b, err := speak(anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer b.close()
	var got int
	over := make(chan error, 2*streams)
	made := make(chan error, 2)
	for _, x := range []*speaker{a, b} {
		x.call(func(time.Time) {
			x.events = func(_ time.Time, v utp.Event) {
				if v.Kind == utp.Data { // only one of the two reads
					got += len(v.Data)
				}
				if v.Kind == utp.End || v.Kind == utp.Failed {
					over <- v.Err
				}
			}
			made <- x.withStreams()
		})
	}
	if err := errors.Join(<-made, <-made); err != nil {
		return nil, err
	}
	if _, err := a.talk(b.record(), request(0, 32)); err != nil {
		return nil, fmt.Errorf("first request: %w", err)
	}
	data := make([]byte, size)
	_, _ = crand.Read(data)
	start, begun := read(true), time.Now()
	stop := profile()
	defer stop()
	for range streams {
		b.call(func(now time.Time) {
			t := b.tickets.Next()
			conn, _ := b.streams.Reserve(now, t, a.rec.ID())
			a.call(func(now time.Time) {
				t := a.tickets.Next()
				a.streams.Dial(now, t, utp.Remote{ID: b.rec.ID(), At: b.sock.LocalAddr()}, conn)
				a.streams.Write(now, t, data)
				a.streams.Finish(now, t)
			})
		})
	}
	late := time.After(streamPatience)
	failed := 0.0
	for range 2 * streams {
		select {
		case err := <-over:
			if err != nil {
				failed++
			}
		case <-late:
			return nil, errors.New("no end")
		}
	}
	v := perMB(streams*size, time.Since(begun), start.used())
	if v["failed"] = failed; got != streams*size && failed == 0 {
		return nil, fmt.Errorf("%d bytes of %d", got, streams*size)
	}
	return v, nil
}
