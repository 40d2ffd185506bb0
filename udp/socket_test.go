package udp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// Datagrams of all sizes go both ways, whole, in order, with the right addresses.
func TestSizes(t *testing.T) {
	everyWay(t, func(t *testing.T, cfg Config) {
		for _, ip := range []string{"127.0.0.1:0", "[::1]:0"} {
			t.Run(ip, func(t *testing.T) {
				a, b := listen(t, ip, cfg), listen(t, ip, cfg)
				fromA, fromB := read(t, b), read(t, a)
				var out []Packet
				for n := range 200 {
					out = append(out, Packet{b.LocalAddr(), fill(n, 1+n*1279/199)})
				}
				if sent, err := a.Write(out); sent != len(out) || err != nil {
					t.Fatal(sent, err)
				}
				for n := range out {
					p := fromA.next()
					if p.Addr != a.LocalAddr() || !bytes.Equal(p.Data, out[n].Data) {
						t.Fatalf("datagram %d: %d bytes from %v, want %d from %v", n, len(p.Data), p.Addr, len(out[n].Data), a.LocalAddr())
					}
				}
				if _, err := b.Write([]Packet{{a.LocalAddr(), []byte("back")}}); err != nil {
					t.Fatal(err)
				}
				if p := fromB.next(); string(p.Data) != "back" || p.Addr != b.LocalAddr() {
					t.Fatalf("%q from %v", p.Data, p.Addr)
				}
				in, o := b.Stats(), a.Stats()
				if in.PacketsIn != 200 || o.PacketsOut != 200 || in.BytesIn != o.BytesOut || in.BytesIn == 0 {
					t.Errorf("counted in %+v, out %+v", in, o)
				}
			})
		}
	})
}

// A socket of both kinds is reached by both, and names IPv4 addresses as such.
func TestBothKinds(t *testing.T) {
	everyWay(t, func(t *testing.T, cfg Config) {
		both := listen(t, "[::]:0", cfg)
		got := read(t, both)
		for _, ip := range []string{"127.0.0.1", "::1"} {
			s := listen(t, netip.AddrPortFrom(netip.MustParseAddr(ip), 0).String(), cfg)
			back := read(t, s)
			if _, err := s.Write([]Packet{{at(both, ip), []byte("to")}}); err != nil {
				t.Fatal(err)
			}
			p := got.next()
			if p.Addr != s.LocalAddr() {
				t.Errorf("from %v, want %v", p.Addr, s.LocalAddr())
			}
			mapped := netip.AddrPortFrom(netip.AddrFrom16(p.Addr.Addr().As16()), p.Addr.Port())
			for _, to := range []netip.AddrPort{p.Addr, mapped} {
				if _, err := both.Write([]Packet{{to, []byte("back")}}); err != nil {
					t.Fatal(err)
				}
				if p := back.next(); p.Addr != at(both, ip) {
					t.Errorf("answer from %v, want %v", p.Addr, at(both, ip))
				}
			}
		}
	})
}

// Runs to one address and to several, of one size and of many, arrive as what they
// were.
func TestRuns(t *testing.T) {
	everyWay(t, func(t *testing.T, cfg Config) {
		a := listen(t, "127.0.0.1:0", cfg)
		var to []*Socket
		var got []*reader
		for range 3 {
			s := listen(t, "127.0.0.1:0", cfg)
			to, got = append(to, s), append(got, read(t, s))
		}
		var out []Packet
		want := make([][][]byte, 3)
		add := func(who, size int) {
			p := Packet{to[who].LocalAddr(), fill(len(out), size)}
			out = append(out, p)
			want[who] = append(want[who], p.Data)
		}
		for range 150 { // more than is joined
			add(0, 1280)
		}
		add(0, 100) // shorter, the last of a run
		add(0, 1280)
		for i := range 30 {
			add(i%3, 500)
		}
		for _, size := range []int{0, 1, 1, 0, 7, 7, 7, 8, 8, 1} {
			add(1, size)
		}
		for range 100 { // more than one call takes
			add(2, 64)
		}
		if sent, err := a.Write(out); sent != len(out) || err != nil {
			t.Fatal(sent, err)
		}
		for who := range got {
			for i, data := range want[who] {
				if p := got[who].next(); !bytes.Equal(p.Data, data) {
					t.Fatalf("socket %d, datagram %d: %d bytes, want %d", who, i, len(p.Data), len(data))
				}
			}
			got[who].none()
		}
	})
}

// What is longer than wanted is not handed out, in part or whole.
func TestTooLong(t *testing.T) {
	everyWay(t, func(t *testing.T, cfg Config) {
		s := listen(t, "127.0.0.1:0", cfg)
		got := read(t, s)
		from, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(s.LocalAddr()))
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		for _, size := range []int{1281, 1280, 3000, 60000, 1} {
			if _, err := from.Write(make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
		for _, size := range []int{1280, 1} {
			if p := got.next(); len(p.Data) != size {
				t.Errorf("%d bytes, want %d", len(p.Data), size)
			}
		}
		if n := s.Stats().TooLong; n != 3 {
			t.Errorf("%d counted as too long, want 3", n)
		}
	})
}

// What cannot be sent does not keep the rest, and what nobody listens to does not end
// the reader.
func TestRefused(t *testing.T) {
	everyWay(t, func(t *testing.T, cfg Config) {
		s, to := listen(t, "127.0.0.1:0", cfg), listen(t, "127.0.0.1:0", cfg)
		got, own := read(t, to), read(t, s)
		gone := listen(t, "127.0.0.1:0", cfg)
		gone.Close()
		ok := func(text string) Packet { return Packet{to.LocalAddr(), []byte(text)} }
		bad := []netip.AddrPort{
			{},
			netip.MustParseAddrPort("192.0.2.1:9"), // not from loopback
			netip.MustParseAddrPort("[2001:db8::1]:9"), // not from here
			netip.MustParseAddrPort("127.0.0.1:0"),     // no port
		}
		out := []Packet{ok("1")}
		for _, addr := range bad {
			out = append(out, Packet{addr, []byte("bad")}, Packet{addr, []byte("bad")})
		}
		out = append(out, ok("2"), Packet{to.LocalAddr(), make([]byte, 66000)}, ok("3"), Packet{gone.LocalAddr(), []byte("gone")}, ok("4"))
		sent, err := s.Write(out)
		if want := len(out) - 2*len(bad) - 1; sent != want || err == nil {
			t.Errorf("%d sent, want %d; %v", sent, want, err)
		}
		for _, text := range []string{"1", "2", "3", "4"} {
			if p := got.next(); string(p.Data) != text {
				t.Errorf("%q, want %q", p.Data, text)
			}
		}
		if n := s.Stats().WriteErrors; n != uint64(2*len(bad)+1) {
			t.Errorf("%d errors counted", n)
		}
		if _, err := to.Write([]Packet{{s.LocalAddr(), []byte("still there")}}); err != nil {
			t.Fatal(err)
		}
		if p := own.next(); string(p.Data) != "still there" {
			t.Errorf("%q", p.Data)
		}
	})
}

// Close ends a Read that waits for datagrams, one that waits for a batch, and all that
// come after; what is out stays readable.
func TestClose(t *testing.T) {
	everyWay(t, func(t *testing.T, cfg Config) {
		s := listen(t, "127.0.0.1:0", cfg)
		end := make(chan error, 1)
		go func() { _, err := s.Read(); end <- err }()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-end; err != net.ErrClosed {
			t.Errorf("waiting for a datagram: %v", err)
		}
		if _, err := s.Read(); err != net.ErrClosed {
			t.Errorf("after Close: %v", err)
		}
		if _, err := s.Write([]Packet{{s.LocalAddr(), []byte{1}}}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after Close: %v", err)
		}

		s = listen(t, "127.0.0.1:0", cfg)
		var held []*Batch
		for n := range batchesMax {
			if _, err := s.Write([]Packet{{s.LocalAddr(), fill(n, 10)}}); err != nil {
				t.Fatal(err)
			}
			b, err := s.Read()
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, b)
		}
		go func() { _, err := s.Read(); end <- err }()
		s.Close()
		if err := <-end; err != net.ErrClosed {
			t.Errorf("waiting for a batch: %v", err)
		}
		for n, b := range held {
			if p := b.Packets(); len(p) != 1 || !bytes.Equal(p[0].Data, fill(n, 10)) {
				t.Errorf("batch %d after Close: %v", n, p)
			}
			b.Release()
		}
	})
}

// A batch that is held keeps its bytes; one that was released is used again, and no
// more are made than there may be.
func TestRelease(t *testing.T) {
	everyWay(t, func(t *testing.T, cfg Config) {
		s := listen(t, "127.0.0.1:0", cfg)
		one := func(n int) *Batch {
			t.Helper()
			if _, err := s.Write([]Packet{{s.LocalAddr(), fill(n, 100)}}); err != nil {
				t.Fatal(err)
			}
			b, err := s.Read()
			if err != nil || len(b.Packets()) != 1 {
				t.Fatal(b, err)
			}
			return b
		}
		kept := one(1)
		seen := map[*Batch]bool{kept: true}
		for n := range 50 {
			b := one(n)
			seen[b] = true
			b.Release()
		}
		if !bytes.Equal(kept.Packets()[0].Data, fill(1, 100)) {
			t.Error("a batch was written over while it was out")
		}
		if len(seen) > batchesMax || s.made > batchesMax {
			t.Errorf("%d batches", len(seen))
		}
		kept.Release()
		defer func() {
			if recover() == nil {
				t.Error("released twice")
			}
		}()
		kept.Release()
	})
}

func TestListen(t *testing.T) {
	s := listen(t, "127.0.0.1:0", Config{})
	if _, err := Listen(s.LocalAddr(), Config{}); err == nil {
		t.Error("two sockets at one address")
	}
	st := s.Stats()
	if isLinux() && (st.ReadBuffer <= 0 || st.WriteBuffer <= 0 || !st.Batches) {
		t.Errorf("%+v", st)
	}
	if single := listen(t, "127.0.0.1:0", Config{Single: true}).Stats(); single.Batches || single.Joins || single.Cuts {
		t.Errorf("single: %+v", single)
	}
	if apart := listen(t, "127.0.0.1:0", Config{Apart: true}).Stats(); apart.Joins || apart.Cuts {
		t.Errorf("apart: %+v", apart)
	}
}

func TestPause(t *testing.T) {
	for n, want := range map[int]time.Duration{0: 0, 1: 0, 16: 0, 17: pauseMin, 18: 2 * pauseMin, 26: 512 * time.Millisecond, 27: pauseMax, 1 << 40: pauseMax} {
		if got := pauseOf(n); got != want {
			t.Errorf("after %d errors %v, want %v", n, got, want)
		}
	}
}
