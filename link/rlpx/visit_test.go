package rlpx

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// call visits an address within a bound.
func call(t *testing.T, by Asker, to link.Addr) (*Visit, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	by.Key = linktest.Key("visitor")
	v, err := Call(ctx, by, to)
	if err == nil {
		t.Cleanup(v.Close)
	}
	return v, err
}

// welcoming takes the links of a transport and reads them, as a world does.
func welcoming(tr *Transport) {
	go func() {
		for {
			l, err := tr.Accept()
			if err != nil {
				return
			}
			go func() {
				for {
					if _, err := l.Read(); err != nil {
						_ = l.Close(link.NetworkError)
						return
					}
				}
			}()
		}
	}()
}

// A visitor that shares something learns who is there and pings as often as it likes.
func TestVisit(t *testing.T) {
	tr := listening(t, Config{Key: linktest.Key("visited"), Agent: "visited/1", Network: "nets"})
	welcoming(tr)
	caps := []string{capabilities(protocols)[0].String()}
	v, err := call(t, Asker{Agent: "visitor/1", Network: "nets", Caps: caps}, tr.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	if v.ID != linktest.Key("visited").ID() || v.Agent != "visited/1" || v.Version != helloVersion || v.Network != "nets" ||
		!slices.Contains(v.Caps, caps[0]) || v.Connect <= 0 || v.Handshake <= 0 || v.Hello <= 0 {
		t.Errorf("learnt %+v", v.Report)
	}
	for range 3 {
		if rtt, err := v.Ping(t.Context()); err != nil || rtt <= 0 {
			t.Fatal(rtt, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := v.Parted(ctx); !errors.Is(err, ErrTimeout) {
		t.Errorf("nobody parted: %v", err)
	}

	r, err := Probe(t.Context(), linktest.Key("visitor"), "visitor/1", tr.Addrs()[0], caps)
	if err != nil || r.RTT <= 0 || r.Told || r.Agent != "visited/1" {
		t.Errorf("probe: %+v, %v", r, err)
	}
}

// One that shares nothing learns as much, and that it is useless.
func TestVisitOfNothingShared(t *testing.T) {
	tr := listening(t, Config{Key: linktest.Key("visited"), Agent: "visited/1"})
	v, err := call(t, Asker{Caps: []string{"else/1"}}, tr.Addrs()[0])
	if err != nil || v.Agent != "visited/1" || len(v.Caps) == 0 {
		t.Fatalf("%+v, %v", v.Report, err)
	}
	var closed *link.Closed
	if err := v.Parted(t.Context()); !errors.As(err, &closed) || !closed.Remote || closed.Reason != link.Useless {
		t.Errorf("parted: %v", err)
	}
	r, err := Probe(t.Context(), linktest.Key("visitor"), "", tr.Addrs()[0], nil)
	if !errors.As(err, &closed) || !r.Told || link.Reason(r.Reason) != link.Useless || r.RTT != 0 || r.Agent != "visited/1" {
		t.Errorf("probe: %+v, %v", r, err)
	}
}

func TestVisitFails(t *testing.T) {
	tr := listening(t, Config{Key: linktest.Key("visited")})
	full, err := linktest.Key("somebody else").Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(placeOf(tr.Addrs()[0]))
	if _, err := call(t, Asker{}, link.Enode(full, id.ID(keccak256(full[:])), at)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := call(t, Asker{}, link.Enode(full, id.ID(keccak256(full[:])), netip.AddrPortFrom(at.Addr(), 1))); !errors.Is(err, ErrRefused) {
		t.Errorf("nobody there: %v", err)
	}
	for _, odd := range []link.Addr{{}, link.MustAddr("/mem/a"), link.Enode(full, id.ID(keccak256(full[:])), netip.AddrPortFrom(at.Addr(), 0))} {
		if _, err := call(t, Asker{}, odd); !errors.Is(err, ErrAddr) {
			t.Errorf("%v: %v", odd, err)
		}
	}
	for _, odd := range []string{"", "eth", "eth/", "eth/x", "/68", "toolonganame/1", "eth/-1"} {
		if _, err := call(t, Asker{Caps: []string{odd}}, tr.Addrs()[0]); err == nil {
			t.Errorf("capability %q taken", odd)
		}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	to := link.Enode(full, id.ID(keccak256(full[:])), netip.MustParseAddrPort(silent.Addr().String()))
	if _, err := Call(ctx, Asker{Key: linktest.Key("visitor")}, to); !errors.Is(err, ErrTimeout) {
		t.Errorf("silence: %v", err)
	}
}
