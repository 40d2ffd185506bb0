package ropewalk

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/nat"
	"github.com/ropewalk/ropewalk/vote"
)

// enodes are RLPx addresses of one node.
func enodes(t *testing.T, at ...string) (out []link.Addr) {
	t.Helper()
	key, err := id.NewKey(strings.NewReader(strings.Repeat("e", 32)))
	if err != nil {
		t.Fatal(err)
	}
	full, err := key.Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range at {
		if strings.HasPrefix(where, "/") {
			out = append(out, link.MustAddr(where))
			continue
		}
		base := link.MustAddr(fmt.Sprintf("enode://%x@127.0.0.1:1", full))
		out = append(out, base.At(netip.MustParseAddrPort(where)))
	}
	return out
}

// A listener on all interfaces is announced where the world sees us, with its port;
// one on a certain address is left alone.
func TestOutside(t *testing.T) {
	known := func(ips ...string) func(bool) (vote.Address, bool) {
		return func(v6 bool) (vote.Address, bool) {
			for _, text := range ips {
				if ip := netip.MustParseAddr(text); ip.Is6() == v6 {
					return vote.Address{IP: ip, Port: 9, By: vote.Voted}, true
				}
			}
			return vote.Address{}, false
		}
	}
	tests := []struct {
		name     string
		in       []string
		external []string
		want     []string
	}{
		{"not known", []string{"0.0.0.0:30303"}, nil, nil},
		{"IPv4", []string{"0.0.0.0:30303"}, []string{"8.8.8.8"}, []string{"8.8.8.8:30303"}},
		{"IPv4 alone listens", []string{"0.0.0.0:30303"}, []string{"8.8.8.8", "2a00::1"}, []string{"8.8.8.8:30303"}},
		{"both", []string{"[::]:30303"}, []string{"8.8.8.8", "2a00::1"}, []string{"8.8.8.8:30303", "[2a00::1]:30303"}},
		{"a certain address", []string{"8.8.4.4:30303"}, []string{"8.8.8.8"}, []string{"8.8.4.4:30303"}},
		{"the same twice", []string{"0.0.0.0:3", "8.8.8.8:3"}, []string{"8.8.8.8"}, []string{"8.8.8.8:3"}},
		{"another kind", []string{"/ip4/8.8.4.4/tcp/1", "0.0.0.0:3"}, []string{"8.8.8.8"}, []string{"8.8.8.8:3", "/ip4/8.8.4.4/tcp/1"}},
	}
	for _, tc := range tests {
		got := outside(enodes(t, tc.in...), known(tc.external...), nil)
		if !slices.Equal(got, enodes(t, tc.want...)) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

// Where a router forwards a port to a listener, that port is announced, of listeners in
// the house too; what else listens keeps its own.
func TestForwarded(t *testing.T) {
	mapped := []nat.Mapping{{Port: nat.Port{Proto: nat.TCP, Num: 30303}, External: netip.MustParseAddrPort("8.8.8.8:4321")}}
	by := vote.Mapped
	external := func(v6 bool) (vote.Address, bool) {
		return vote.Address{IP: netip.MustParseAddr("8.8.8.8"), By: by}, !v6
	}
	tests := []struct {
		name     string
		by       vote.Source
		in, want []string
	}{
		{"all addresses", vote.Mapped, []string{"0.0.0.0:30303"}, []string{"8.8.8.8:4321"}},
		{"all of both families", vote.Mapped, []string{"[::]:30303"}, []string{"8.8.8.8:4321"}},
		{"in the house", vote.Mapped, []string{"192.168.1.5:30303"}, []string{"8.8.8.8:4321", "192.168.1.5:30303"}},
		{"on loopback", vote.Mapped, []string{"127.0.0.1:30303"}, []string{"127.0.0.1:30303"}},
		{"another port", vote.Mapped, []string{"0.0.0.0:30304"}, []string{"8.8.8.8:30304"}},
		{"another link", vote.Mapped, []string{"/ip4/192.168.1.5/tcp/30303"}, []string{"/ip4/192.168.1.5/tcp/30303"}},
		{"the operator knows better", vote.Static, []string{"0.0.0.0:30303"}, []string{"8.8.8.8:30303"}},
		{"a router behind another", vote.Voted, []string{"0.0.0.0:30303", "192.168.1.5:30303"}, []string{"8.8.8.8:30303", "192.168.1.5:30303"}},
	}
	for _, tc := range tests {
		by = tc.by
		if got := outside(enodes(t, tc.in...), external, mapped); !slices.Equal(got, enodes(t, tc.want...)) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

// Without such knowledge it is reached at the addresses of the machine.
func TestSpread(t *testing.T) {
	var ips []netip.Addr
	for _, text := range []string{"127.0.0.1", "10.0.0.5", "8.8.8.8", "fe80::1", "2a00::1"} {
		ips = append(ips, netip.MustParseAddr(text))
	}
	got := spread(enodes(t, "0.0.0.0:3", "8.8.4.4:4"), ips)
	if want := enodes(t, "127.0.0.1:3", "10.0.0.5:3", "8.8.8.8:3"); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	got = spread(enodes(t, "[::]:3"), ips)
	if want := enodes(t, "127.0.0.1:3", "10.0.0.5:3", "8.8.8.8:3", "[2a00::1]:3"); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
