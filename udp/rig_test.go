package udp

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ways are the ways to read and write that there are on this system.
var ways = map[string]Config{"many": {}, "many apart": {Apart: true}, "single": {Single: true}}

// everyWay runs a test with each of them.
func everyWay(t *testing.T, f func(t *testing.T, cfg Config)) {
	for name, cfg := range ways {
		t.Run(name, func(t *testing.T) { f(t, cfg) })
	}
}

func listen(t testing.TB, at string, cfg Config) *Socket {
	t.Helper()
	s, err := Listen(netip.MustParseAddrPort(at), cfg)
	if err != nil {
		if at[0] == '[' {
			t.Skip("no IPv6 here:", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// reader collects what a socket gets, in a goroutine that ends with the socket.
type reader struct {
	t    testing.TB
	got  chan Packet
	done chan struct{}
}

func read(t testing.TB, s *Socket) *reader {
	r := &reader{t: t, got: make(chan Packet, 1<<14), done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for {
			b, err := s.Read()
			if err != nil {
				return
			}
			for _, p := range b.Packets() {
				r.got <- Packet{p.Addr, append([]byte(nil), p.Data...)}
			}
			b.Release()
		}
	}()
	t.Cleanup(func() { s.Close(); <-r.done })
	return r
}

// next waits for a datagram. The bound is generous: it is for a machine that is busy.
func (r *reader) next() Packet {
	r.t.Helper()
	select {
	case p := <-r.got:
		return p
	case <-time.After(time.Minute):
		r.t.Fatal("no datagram came")
		return Packet{}
	}
}

// none tells that nothing came before what was sent last.
func (r *reader) none() {
	r.t.Helper()
	select {
	case p := <-r.got:
		r.t.Fatalf("%d bytes from %v", len(p.Data), p.Addr)
	default:
	}
}

// at is the address to reach a socket at that is bound to any.
func at(s *Socket, ip string) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(ip), s.LocalAddr().Port())
}

// fill makes a datagram whose bytes tell its number and size.
func fill(n, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(n + i)
	}
	return b
}

func isLinux() bool { _, err := os.Stat("/proc/self"); return err == nil }
