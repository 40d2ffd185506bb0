package udp

import (
	"bytes"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What goes together crosses the system as one, both ways, where it can.
func TestJoined(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0", Config{}), listen(t, "127.0.0.1:0", Config{})
	if st := a.Stats(); !st.Joins || !st.Cuts {
		t.Skip("this system does not join")
	}
	got := read(t, b)
	var out []Packet
	for n := range 100 {
		out = append(out, Packet{b.LocalAddr(), fill(n, 1000)})
	}
	out = append(out, Packet{b.LocalAddr(), fill(100, 10)})
	if _, err := a.Write(out); err != nil {
		t.Fatal(err)
	}
	for n := range out {
		if p := got.next(); !bytes.Equal(p.Data, out[n].Data) {
			t.Fatalf("datagram %d: %d bytes", n, len(p.Data))
		}
	}
	if st := a.Stats(); st.JoinedOut != 101 || st.WriteCalls != 1 {
		t.Errorf("out: %+v", st)
	}
	if st := b.Stats(); st.JoinedIn == 0 {
		t.Errorf("in: %+v", st)
	}
}

// Parts that are too long are dropped, the others of their company not.
func TestJoinedTooLong(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0", Config{}), listen(t, "127.0.0.1:0", Config{Max: 500})
	got := read(t, b)
	var out []Packet
	for range 10 {
		out = append(out, Packet{b.LocalAddr(), make([]byte, 600)})
	}
	out = append(out, Packet{b.LocalAddr(), make([]byte, 400)})
	if _, err := a.Write(out); err != nil {
		t.Fatal(err)
	}
	if p := got.next(); len(p.Data) != 400 {
		t.Errorf("%d bytes", len(p.Data))
	}
	if n := b.Stats().TooLong; n != 10 {
		t.Errorf("%d too long", n)
	}
}

// How datagrams are put together: by address and size, up to the system's bounds.
func TestTogether(t *testing.T) {
	x, y := listen(t, "127.0.0.1:0", Config{}).LocalAddr(), listen(t, "127.0.0.1:0", Config{}).LocalAddr()
	run := func(sizes ...int) (out []Packet) {
		for _, n := range sizes {
			out = append(out, Packet{x, make([]byte, n)})
		}
		return out
	}
	many := make([]int, 100)
	for i := range many {
		many[i] = 100
	}
	for what, c := range map[string]struct {
		in   []Packet
		want int
	}{
		"one":              {run(5), 1},
		"empty":            {run(0, 0), 1},
		"equal":            {run(5, 5, 5), 3},
		"shorter at last":  {run(5, 5, 4, 5), 3},
		"longer":           {run(5, 6), 1},
		"empty after":      {run(5, 0), 1},
		"another address":  {append(run(5), Packet{y, make([]byte, 5)}), 1},
		"more than may be": {run(many...), segmentsMax},
		"too many bytes":   {run(30000, 30000, 30000), 2},
	} {
		if got := together(c.in); got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
	}
}

// When the system refuses datagrams together it gets them one by one, and when the
// card is why, always.
func TestCutsRefused(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EINVAL, unix.EIO} {
		a, b := listen(t, "127.0.0.1:0", Config{}), listen(t, "127.0.0.1:0", Config{})
		if !a.Stats().Cuts {
			t.Skip("this system does not cut")
		}
		got := read(t, b)
		real, refused := a.many.writing, 0
		a.many.writing = func(fd uintptr) bool {
			if a.many.out.parts[0] > 1 {
				refused++
				a.many.writeN, a.many.writeErr = 0, errno
				return true
			}
			return real(fd)
		}
		var out []Packet
		for n := range 150 {
			out = append(out, Packet{b.LocalAddr(), fill(n, 200)})
		}
		for range 2 {
			if sent, err := a.Write(out); sent != len(out) || err != nil {
				t.Fatal(sent, err)
			}
			for n := range out {
				if p := got.next(); !bytes.Equal(p.Data, out[n].Data) {
					t.Fatalf("%v: datagram %d", errno, n)
				}
			}
		}
		if a.Stats().Cuts != (errno != unix.EIO) || errno == unix.EIO && refused != 1 {
			t.Errorf("%v: refused %d times, %+v", errno, refused, a.Stats())
		}
	}
}

// A full buffer of the system costs what does not fit, not time.
func TestFull(t *testing.T) {
	a := listen(t, "127.0.0.1:0", Config{})
	calls := 0
	a.many.writing = func(uintptr) bool {
		calls++
		a.many.writeN, a.many.writeErr = 0, unix.EAGAIN
		return true
	}
	sent, err := a.Write([]Packet{{a.LocalAddr(), []byte{1}}, {a.LocalAddr(), []byte{2}}})
	if sent != 0 || err != unix.EAGAIN || calls != 1 || a.Stats().Full != 2 {
		t.Errorf("%d sent, %v, %d calls, %+v", sent, err, calls, a.Stats())
	}
}

// Errors of reading are counted and passed over, however many there are.
func TestReadErrors(t *testing.T) {
	a := listen(t, "127.0.0.1:0", Config{})
	real, left := a.many.reading, 20
	a.many.reading = func(fd uintptr) bool {
		if left > 0 {
			left--
			a.many.readN, a.many.readErr = 0, []unix.Errno{unix.ECONNREFUSED, unix.ENETUNREACH, unix.EPERM, unix.ENOBUFS}[left%4]
			return true
		}
		return real(fd)
	}
	got := read(t, a)
	if _, err := a.Write([]Packet{{a.LocalAddr(), []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if p := got.next(); string(p.Data) != "x" || a.Stats().ReadErrors != 20 {
		t.Errorf("%q, %+v", p.Data, a.Stats())
	}
}

// What the system dropped because nobody read is counted when reading begins.
func TestLost(t *testing.T) {
	b := listen(t, "127.0.0.1:0", Config{Buffer: 4096})
	a := listen(t, "127.0.0.1:0", Config{})
	data := make([]byte, 1000)
	for range 200 {
		if _, err := a.Write([]Packet{{b.LocalAddr(), data}}); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, b)
	got.next()
	deadline := time.After(time.Minute)
	for b.Stats().Lost == 0 { // it is told with the first datagram after the loss
		if _, err := a.Write([]Packet{{b.LocalAddr(), data}}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-got.got:
		case <-deadline:
			t.Fatalf("%+v", b.Stats())
		}
	}
}

// A batch and its datagrams cost no allocation in either direction.
func TestAllocations(t *testing.T) {
	for name, cfg := range map[string]Config{"together": {}, "apart": {Apart: true}} {
		s := listen(t, "127.0.0.1:0", cfg)
		var out []Packet
		for n := range 32 {
			out = append(out, Packet{s.LocalAddr(), fill(n, 500)})
		}
		got := testing.AllocsPerRun(100, func() {
			if _, err := s.Write(out); err != nil {
				t.Fatal(err)
			}
			for n := 0; n < len(out); {
				b, err := s.Read()
				if err != nil {
					t.Fatal(err)
				}
				n += len(b.Packets())
				b.Release()
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}
