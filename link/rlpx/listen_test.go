package rlpx

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/trace"
)

var (
	loopback = netip.MustParseAddrPort("127.0.0.1:30303")
	ticket   = id.Ticket{Owner: "test", N: 1}
)

// fakeListener gives what it is told to.
type fakeListener struct {
	accept chan any // net.Conn or error
	once   sync.Once
	asked  []time.Time
}

func (f *fakeListener) Accept() (net.Conn, error) {
	f.asked = append(f.asked, time.Now())
	switch v := (<-f.accept).(type) {
	case net.Conn:
		return v, nil
	case error:
		return nil, v
	}
	return nil, net.ErrClosed
}
func (f *fakeListener) Close() error   { f.once.Do(func() { close(f.accept) }); return nil }
func (f *fakeListener) Addr() net.Addr { return wireAddr{} }

// from is a wire whose other end is at an address.
type from struct {
	*wire
	at netip.AddrPort
}

func (f from) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(f.at) }

// When no descriptor is free the listener rests, and then goes on.
func TestAcceptErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := made(t, Config{})
		l := &fakeListener{accept: make(chan any)}
		go tr.serve(l)
		begun := time.Now()
		for range 5 {
			l.accept <- &net.OpError{Op: "accept", Err: syscall.EMFILE}
		}
		between(t, "rested", begun, 4*acceptPause, 4*acceptPause)
		ours, theirs := wires(window)
		l.accept <- ours
		met(t, tr, theirs, nil)
		_ = l.Close()
		_ = theirs.Close()
		if n := tr.Stats().AcceptErrors; n != 5 {
			t.Errorf("%d errors counted", n)
		}
	})
}

// With every place taken by sockets that prove nothing, the newest still gets one: the
// oldest gives way, and one that has proven its key does not.
// Threat K1.
func TestPendingCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := made(t, Config{Limits: Limits{PendingIn: 5}})
		add := func() *wire {
			ours, theirs := wires(window)
			tr.admit(ours)
			synctest.Wait()
			return theirs
		}
		first := add()
		s := speak(t, tr, first)
		var silent []*wire
		for range 4 {
			silent = append(silent, add())
		}
		for n := range 20 {
			c := add()
			if _, err := io.Copy(io.Discard, silent[n]); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Fatal(err)
			}
			silent = append(silent, c)
			if len(tr.waiting.list) != 5 || len(tr.waiting.places) != 5 {
				t.Fatalf("%d pending, %d places", len(tr.waiting.list), len(tr.waiting.places))
			}
		}
		s.greet(s.hello())
		accepted(t, tr)
		synctest.Wait()
		if n := tr.Stats().In["evicted"]; n != 20 {
			t.Errorf("%d evicted", n)
		}
		for _, c := range silent {
			_ = c.Close()
		}
		_ = first.Close()
	})
}

// One address has few places and a rate; loopback, and a local network's own, neither.
// Threat K2.
func TestPerAddress(t *testing.T) {
	for _, c := range []struct {
		at       string
		localnet bool
		counted  bool
	}{
		{"1.2.3.4:5", false, true}, {"[2001:db8::1]:5", false, true}, {"192.168.0.7:5", false, true}, {"192.168.0.7:5", true, false},
		{"127.0.0.1:5", false, false}, {"[::1]:5", false, false}, {"[fe80::1]:5", true, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := made(t, Config{Localnet: c.localnet})
			at := netip.MustParseAddrPort(c.at)
			for n := range 20 {
				ours, theirs := wires(window)
				if b := at.Addr().As16(); at.Addr().Is6() && c.counted { // one /64 is one source
					b[15] = byte(n)
					at = netip.AddrPortFrom(netip.AddrFrom16(b), at.Port())
				}
				tr.admit(from{ours, at})
				t.Cleanup(func() { _ = theirs.Close() })
				synctest.Wait()
			}
			throttled, pending := tr.Stats().In["throttled"], len(tr.waiting.list)
			if c.counted && (throttled != 20-throttleBurst || pending != pendingPerIPMax) || !c.counted && (throttled != 0 || pending != 20) {
				t.Errorf("%s, localnet %v: %d throttled, %d pending", c.at, c.localnet, throttled, pending)
			}
		})
	}
}

// A source may do its burst, then one each five seconds; others do not matter to it,
// and what is remembered is bounded.
func TestThrottle(t *testing.T) {
	now := time.Unix(1e9, 0)
	h := newThrottle(throttleEvery, throttleBurst)
	ip := netip.MustParseAddr("9.9.9.9")
	count := func(at time.Time, ip netip.Addr, tries int) (n int) {
		for range tries {
			if h.allow(at, ip) {
				n++
			}
		}
		return n
	}
	if n := count(now, ip, 100); n != throttleBurst {
		t.Errorf("%d at once", n)
	}
	for step := range 40 {
		at := now.Add(time.Duration(step+1) * throttleEvery)
		if n := count(at, ip, 5); n != 1 {
			t.Errorf("step %d: %d", step, n)
		}
	}
	now = now.Add(time.Hour)
	if n := count(now, ip, 100); n != throttleBurst {
		t.Errorf("%d after an hour", n)
	}
	// One /64 is one source.
	six := netip.MustParseAddr("2001:db8::1").As16()
	for n := range 20 {
		six[15] = byte(n)
		if h.allow(now, netip.AddrFrom16(six)) != (n < throttleBurst) {
			t.Errorf("address %d of a /64", n)
		}
	}
	for n := range 50 * throttleSourcesMax {
		h.allow(now, netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}))
	}
	if n := len(h.now) + len(h.old); n > 2*throttleSourcesMax {
		t.Errorf("%d sources remembered", n)
	}
	off := newThrottle(-1, 1)
	for range 2 {
		if !off.allow(now, ip) {
			t.Error("it cannot be switched off")
		}
	}
}

// The gate is asked before anything is read or sent.
func TestGate(t *testing.T) {
	var mu sync.Mutex
	var events []trace.Event
	seen := func(_ time.Time, e trace.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}
	shut := listening(t, Config{Gate: func(ip netip.Addr) bool { return !ip.IsLoopback() }, Trace: seen})
	if c, err := net.Dial("tcp", placeOf(shut.Addrs()[0])); err == nil { // the reset may be faster
		if b, err := io.ReadAll(c); len(b) > 0 {
			t.Errorf("got %d bytes, %v", len(b), err)
		}
		_ = c.Close()
	}
	open := listening(t, Config{Key: linktest.Key("b")})
	if _, err := shut.Dial(t.Context(), ticket, open.Addrs()[0]); !errors.Is(err, ErrGated) {
		t.Errorf("dialled: %v", err)
	}
	if s := shut.Stats(); s.In["gated"] != 1 || s.Out["gated"] != 1 {
		t.Errorf("counted %v, %v", s.In, s.Out)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.ContainsFunc(events, func(e trace.Event) bool {
		return e.Strand == "rlpx" && e.Kind == "handshake_failed" && e.Ticket == ticket
	}) {
		t.Errorf("events %v", events)
	}
}

// Two nodes never share a port, and who cannot listen on all listens on none.
func TestListenSharesNoPort(t *testing.T) {
	first := listening(t, Config{})
	free := netip.MustParseAddrPort("127.0.0.1:0")
	taken := netip.AddrPortFrom(free.Addr(), first.Addrs()[0].Port())
	second := made(t, Config{Key: linktest.Key("b"), Listen: []netip.AddrPort{free, taken}})
	err := second.Listen()
	var le *link.ListenError
	if !errors.As(err, &le) || le.Addr.Port() != taken.Port() || !strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) {
		t.Errorf("listen on %s: %v, want that it is in use", taken, err)
	}
	if a := second.Addrs(); len(a) != 0 {
		t.Errorf("listens on %v", a)
	}
}

// Both families at once; a listener on all addresses stands as that.
func TestAddrs(t *testing.T) {
	tr := made(t, Config{Listen: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:0"), netip.MustParseAddrPort("[::]:0")}})
	if err := tr.Listen(); err != nil {
		t.Fatal(err)
	}
	var families []bool
	for _, a := range tr.Addrs() {
		if !a.IP().IsUnspecified() || a.Port() == 0 || a.ID() != tr.cfg.Key.ID() {
			t.Errorf("address %s", a)
		}
		families = append(families, a.IP().Is4())
	}
	if !slices.Equal(families, []bool{true, false}) {
		t.Errorf("addresses %v", tr.Addrs())
	}
}
