package rlpx

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// asked probes with a key of its own.
func asked(t *testing.T, to link.Addr, caps ...string) (Report, error) {
	t.Helper()
	return Probe(t.Context(), linktest.Key("probe"), "probe/1", to, caps)
}

// at is the address of a key where a listener is.
func at(t *testing.T, name string, l net.Listener) link.Addr {
	t.Helper()
	full, err := linktest.Key(name).Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	return link.Enode(full, id.ID(keccak256(full[:])), ipOf(l.Addr()))
}

// socket is a listener whose connections get what f does.
func socket(t *testing.T, f func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l
}

// A node is reported with all it says; one that answers pings with its distance.
func TestProbe(t *testing.T) {
	tr := listening(t, Config{Agent: "node/1", Network: "net"})
	go func() {
		if l, err := tr.Accept(); err == nil {
			_ = l.(*Link).Feed(func(link.Msg) bool { return true })
		}
	}()
	r, err := asked(t, tr.Addrs()[0], "one/1", "other/7")
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != tr.cfg.Key.ID() || r.Agent != "node/1" || r.Version != 5 || r.Network != "net" || len(r.Caps) != 2 || r.Caps[0] != "one/1" {
		t.Errorf("report %+v", r)
	}
	if r.Connect <= 0 || r.Handshake <= 0 || r.Hello <= 0 || r.RTT <= 0 || r.Told {
		t.Errorf("times %+v", r)
	}
}

// A node without a shared capability says so, and the report has its Hello.
func TestProbeUseless(t *testing.T) {
	tr := listening(t, Config{Agent: "node/1"})
	r, err := asked(t, tr.Addrs()[0])
	wantEnd(t, err, link.Useless, true)
	if r.Agent != "node/1" || !r.Told || r.Reason != link.RemoteReason(link.Useless) {
		t.Errorf("report %+v", r)
	}
}

// What can go wrong is told apart.
func TestProbeErrors(t *testing.T) {
	tr := listening(t, Config{})
	silent := socket(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	deaf := socket(t, func(c net.Conn) {
		if _, err := respond(c, tr.cfg.Entropy, linktest.Key("deaf")); err == nil {
			_, _ = io.Copy(io.Discard, c)
		}
	})
	closed := socket(t, func(net.Conn) {})
	_ = closed.Close()
	soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		to   link.Addr
		want error
	}{
		{"refused", t.Context(), at(t, "node", closed), ErrRefused},
		{"another's key", t.Context(), enodeAt(t, "other", tr), ErrWrongKey},
		{"no node", t.Context(), at(t, "node", socket(t, func(c net.Conn) { _, _ = c.Write([]byte("SSH-2.0\r\n")) })), nil},
		{"silent", soon, at(t, "node", silent), ErrTimeout},
		{"no Hello", soon, at(t, "deaf", deaf), ErrTimeout},
		{"over", over, tr.Addrs()[0], context.Canceled},
		{"no port", t.Context(), link.Enode(tr.full, id.ID(keccak256(tr.full[:])), netip.MustParseAddrPort("127.0.0.1:0")), ErrAddr},
	} {
		r, err := Probe(c.ctx, linktest.Key("probe"), "probe", c.to, nil)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || r.ID != c.to.ID() {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := asked(t, tr.Addrs()[0], "no version"); err == nil {
		t.Error("probed with a capability that is none")
	}
}

// enodeAt is the address of another's key where a transport is.
func enodeAt(t *testing.T, name string, tr *Transport) link.Addr {
	t.Helper()
	full, err := linktest.Key(name).Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	return link.Enode(full, id.ID(keccak256(full[:])), netip.AddrPortFrom(tr.Addrs()[0].IP(), tr.Addrs()[0].Port()))
}

// A transport that closes ends what is under way in every phase, and nothing stays.
func TestCloseInEachPhase(t *testing.T) {
	for _, phase := range []func(t *testing.T, tr *Transport){
		func(t *testing.T, tr *Transport) { dialled(t, tr) },
		func(t *testing.T, tr *Transport) { _, _ = dialled(t, tr).Write([]byte{1, 200, 4}) },
		func(t *testing.T, tr *Transport) { speak(t, tr, dialled(t, tr)) },
		func(t *testing.T, tr *Transport) { s := speak(t, tr, dialled(t, tr)); s.greet(s.hello()) }, // not accepted
		func(t *testing.T, tr *Transport) { met(t, tr, dialled(t, tr), nil) },
		func(t *testing.T, tr *Transport) {
			_, l := met(t, tr, dialled(t, tr), nil)
			_ = l.Close(link.TooManyPeers)
		},
		func(t *testing.T, tr *Transport) { // a dial that nobody answers
			silent := socket(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
			end := make(chan error, 1)
			go func() {
				_, err := tr.Dial(context.Background(), ticket, at(t, "other", silent))
				end <- err
			}()
			for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
				tr.mu.Lock()
				n := len(tr.sockets)
				tr.mu.Unlock()
				if n > 0 {
					break
				}
			}
			t.Cleanup(func() {
				if err := <-end; !errors.Is(err, ErrClosed) {
					t.Errorf("dial: %v", err)
				}
			})
		},
	} {
		t.Run("", func(t *testing.T) {
			tr := listening(t, Config{Hidden: true}) // whoever comes has hiddenSetupTimeout
			begun := time.Now()
			phase(t, tr)
			if err := tr.Close(); err != nil {
				t.Error(err)
			}
			if took := time.Since(begun); took >= hiddenSetupTimeout {
				t.Errorf("close waited for who is silent: %v", took)
			}
			if len(tr.links)+len(tr.sockets)+len(tr.waiting.list)+len(tr.waiting.places)+len(tr.dials) > 0 {
				t.Error("something is left")
			}
			if _, err := tr.Dial(t.Context(), ticket, enodeAt(t, "other", listening(t, Config{Key: linktest.Key("other")}))); !errors.Is(err, ErrClosed) {
				t.Errorf("dial: %v", err)
			}
		})
	}
}
