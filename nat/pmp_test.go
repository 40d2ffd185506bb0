package nat

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait of the tests; only failures meet it.
const patience = 30 * time.Second

// pmpServer is a NAT-PMP gateway on an address of loopback of its own, because the
// protocol's port is fixed. It answers with what the script makes of the right answer.
type pmpServer struct {
	ip   netip.Addr
	conn *net.UDPConn
	done chan struct{}

	mu     sync.Mutex
	epoch  uint32
	port   uint16 // the external one; 0: what is asked for
	script func(query, answer []byte) []byte
	maps   []string
}

var pmpServers byte

func servePMP(t *testing.T) *pmpServer {
	t.Helper()
	pmpServers++
	s := &pmpServer{ip: netip.AddrFrom4([4]byte{127, 77, byte(os.Getpid()), pmpServers}), done: make(chan struct{}), epoch: 1000}
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.ip, 5351)))
	if err != nil {
		t.Skipf("this system's loopback is one address: %v", err)
	}
	s.conn = conn
	go s.serve()
	t.Cleanup(func() { conn.Close(); <-s.done })
	return s
}

func (s *pmpServer) serve() {
	defer close(s.done)
	buf := make([]byte, 64)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if answer := s.answer(buf[:n]); answer != nil {
			_, _ = s.conn.WriteToUDPAddrPort(answer, from)
		}
	}
}

// answer is that of RFC 6886, sections 3.2 and 3.3.
func (s *pmpServer) answer(q []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []byte{0, q[1] | 0x80, 0, 0}
	out = binary.BigEndian.AppendUint32(out, s.epoch)
	if len(q) == 12 {
		internal, external, life := binary.BigEndian.Uint16(q[4:]), binary.BigEndian.Uint16(q[6:]), binary.BigEndian.Uint32(q[8:])
		s.maps = append(s.maps, fmt.Sprintf("%d: %d→%d for %d", q[1], external, internal, life))
		if s.port != 0 && life > 0 {
			external = s.port
		}
		out = binary.BigEndian.AppendUint16(out, internal)
		out = binary.BigEndian.AppendUint16(out, external)
		out = binary.BigEndian.AppendUint32(out, life)
	} else {
		out = append(out, 8, 8, 8, 8)
	}
	if s.script != nil {
		return s.script(q, out)
	}
	return out
}

func (s *pmpServer) set(change func(s *pmpServer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *pmpServer) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.maps)
}

// runs starts Run and returns its reports and what ends it.
func runs(t *testing.T, m Mode, ports ...Port) (reports chan []Mapping, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reports, done := make(chan []Mapping, 16), make(chan struct{})
	go func() {
		Run(ctx, Config{Mode: m, Ports: ports, Changed: func(all []Mapping) { reports <- all }})
		close(done)
	}()
	return reports, sync.OnceFunc(func() { cancel(); <-done })
}

func report(t *testing.T, reports chan []Mapping) []Mapping {
	t.Helper()
	select {
	case all := <-reports:
		return all
	case <-time.After(patience):
		t.Fatal("no mapping in time")
		return nil
	}
}

// Both protocols are mapped, another external port is accepted, and everything is
// taken back at the end.
func TestPMP(t *testing.T) {
	s := servePMP(t)
	s.set(func(s *pmpServer) { s.port = 4321 })
	reports, end := runs(t, Mode{Kind: PMP, IP: s.ip}, tcp, udp)
	defer end()
	want := []Mapping{{tcp, netip.MustParseAddrPort("8.8.8.8:4321")}, {udp, netip.MustParseAddrPort("8.8.8.8:4321")}}
	if got := report(t, reports); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	end()
	same(t, "asked", s.asked(), []string{"2: 30303→30303 for 600", "1: 30304→30304 for 600", "2: 0→30303 for 0", "1: 0→30304 for 0"})
}

// What is no answer is an error, and no mapping.
func TestPMPGarbage(t *testing.T) {
	s := servePMP(t)
	tests := map[string]func(q, a []byte) []byte{
		"one byte":         func(_, a []byte) []byte { return a[:1] },
		"half":             func(_, a []byte) []byte { return a[:len(a)/2] },
		"another version":  func(_, a []byte) []byte { a[0] = 2; return a },
		"another question": func(_, a []byte) []byte { a[1] ^= 3; return a },
		"refused":          func(_, a []byte) []byte { a[3] = 2; return a },
		"noise":            func(_, a []byte) []byte { return []byte("HTTP/1.1 200 OK\r\n") },
	}
	for name, script := range tests {
		s.set(func(s *pmpServer) { s.script = script })
		g := &pmp{ip: s.ip}
		if ip, _, err := g.external(t.Context()); err == nil {
			t.Errorf("%s: address %s", name, ip)
		}
		if port, life, err := g.add(t.Context(), tcp, tcp.Num, mapFor); err == nil {
			t.Errorf("%s: mapped as %d for %s", name, port, life)
		}
	}
	for name, script := range map[string]func(q, a []byte) []byte{
		"another internal port": func(_, a []byte) []byte { a[9]++; return a },
		"external port 0":       func(_, a []byte) []byte { a[10], a[11] = 0, 0; return a },
		"for no time":           func(_, a []byte) []byte { return append(a[:12], 0, 0, 0, 0) },
	} {
		s.set(func(s *pmpServer) { s.script = script })
		if port, life, err := (&pmp{ip: s.ip}).add(t.Context(), tcp, tcp.Num, mapFor); err == nil {
			t.Errorf("%s: mapped as %d for %s", name, port, life)
		}
	}
	s.set(func(s *pmpServer) { s.script = func(_, a []byte) []byte { return append(a[:8], 0, 0, 0, 0) } })
	if ip, _, err := (&pmp{ip: s.ip}).external(t.Context()); !errors.Is(err, errNoAddress) {
		t.Errorf("no address is %s, %v", ip, err)
	}
}

// A gateway that says nothing is given up in time, and at once when the context ends.
func TestPMPSilent(t *testing.T) {
	s := servePMP(t)
	s.set(func(s *pmpServer) { s.script = func([]byte, []byte) []byte { return nil } })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if g, err := findPMP(ctx, Mode{Kind: PMP, IP: s.ip}); err == nil {
		t.Errorf("found %s", g.name())
	}
	if _, _, err := (&pmp{ip: s.ip}).external(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("asked after the end: %v", err)
	}
}

// A gateway whose clock begins anew has forgotten its mappings.
func TestPMPRestart(t *testing.T) {
	s := servePMP(t)
	g := &pmp{ip: s.ip}
	ask := func() bool {
		t.Helper()
		_, restarted, err := g.external(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return restarted
	}
	for range 2 {
		if ask() {
			t.Error("restarted, though its clock goes on")
		}
	}
	s.set(func(s *pmpServer) { s.epoch = 3 })
	if _, _, err := g.add(t.Context(), tcp, tcp.Num, mapFor); err != nil {
		t.Fatal(err)
	}
	if !ask() {
		t.Error("not restarted, though its clock went back")
	}
	if ask() {
		t.Error("restarted twice")
	}
}
