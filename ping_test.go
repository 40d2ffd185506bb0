package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/rlpx"
)

// Any node of either kind of link is met, under a key of the asker's own.
func TestPing(t *testing.T) {
	cfg := bothConfig()
	cfg.Diagnostics = true
	n := started(t, cfg)
	info := n.Info()
	for _, c := range []struct {
		name, target, link, shared string
		o                          PingOptions
		ended                      string
	}{
		{"enode", info.Enode, "rlpx", "pex/1", PingOptions{}, ""},
		{"multiaddr", info.LibP2P[0], "libp2p", "", PingOptions{}, ""},
		{"record", info.ENR, "libp2p", "", PingOptions{}, ""},
		{"another network", info.Enode, "rlpx", "", PingOptions{Network: "else"}, "useless peer"},
		{"another network, one protocol", info.Enode, "rlpx", "echo/1", PingOptions{Network: "else", Caps: []string{"echo/1", "echo/2"}}, ""},
	} {
		met := 0
		c.o.Met = func(r PingReport) { met++ }
		r, err := Ping(soon(t), c.target, c.o)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		answers := 1
		if c.ended != "" {
			answers = 0
		}
		if met != 1 || r.ID != info.ID || r.PeerID != info.PeerID || r.Link != c.link || r.Agent != "ropewalk/"+Version() || len(r.RTT) != answers ||
			r.Lost != 0 || r.Ended != c.ended || r.Handshake <= 0 || r.Hello <= 0 || len(r.Caps) == 0 {
			t.Errorf("%s: %+v", c.name, r)
		}
		if c.shared == "" && len(r.Shared) > 0 || c.shared != "" && !slices.Contains(r.Shared, c.shared) {
			t.Errorf("%s: shares %q, want %q", c.name, r.Shared, c.shared)
		}
		if (r.P2P != nil) != (c.link == "rlpx") {
			t.Errorf("%s: base protocol %v", c.name, r.P2P)
		}
	}
}

func TestPingFails(t *testing.T) {
	n := started(t, bothConfig())
	a := link.MustAddr(n.Info().Enode)
	full, err := linktest.Key("somebody else").Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	peer := linktest.Key("somebody else").Public().PeerID()
	for _, c := range []struct {
		name, target string
		want         error
	}{
		{"noise", "noise", ErrBadTarget},
		{"no peer", "/ip4/127.0.0.1/tcp/1", ErrBadTarget},
		{"in memory", "/mem/a/p2p/" + peer.String(), ErrBadTarget},
		{"RLPx, nobody", fmt.Sprintf("enode://%x@127.0.0.1:1", full), syscall.ECONNREFUSED},
		{"RLPx, another key", fmt.Sprintf("enode://%x@127.0.0.1:%d", full, a.Port()), rlpx.ErrWrongKey},
		{"libp2p, nobody", "/ip4/127.0.0.1/tcp/1/p2p/" + peer.String(), syscall.ECONNREFUSED},
		{"libp2p, another key", link.MustAddr(n.Info().LibP2P[0]).Bare().WithPeer(peer).String(), link.WrongIdentity},
	} {
		if _, err := Ping(soon(t), c.target, PingOptions{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, odd := range []string{"", "eth", "eth/x", "nine_long/1", "ét/1", "eth/99999999999"} {
		if _, err := Ping(soon(t), n.Info().Enode, PingOptions{Caps: []string{odd}}); !errors.Is(err, ErrBadInput) {
			t.Errorf("capability %q: %v", odd, err)
		}
	}
}

// answers is a visit whose pings end as the test says, one after the other.
type answers []error

func (a *answers) ping(context.Context) (time.Duration, error) {
	err := (*a)[0]
	*a = (*a)[1:]
	return time.Millisecond, err
}

func (*answers) close() {}

// What does not come back is lost or an end, and nothing is asked after it.
func TestPingsThatFail(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		lost  int
		ended string
	}{
		{"late", context.DeadlineExceeded, 1, ""},
		{"broken", rlpx.ErrLost, 1, ""},
		{"none spoken", ErrNoPing, 0, ""},
		{"ended", &link.Closed{Reason: link.TooManyPeers, Remote: true}, 0, "too many peers"},
	} {
		var r PingReport
		var each []error
		err := r.measure(t.Context(), &answers{c.err}, PingOptions{Count: 3, Timeout: time.Minute, Each: func(_ int, _ time.Duration, err error) { each = append(each, err) }})
		if err != nil || r.Lost != c.lost || r.Ended != c.ended || len(r.RTT) != 0 || len(each) != 1 || !errors.Is(each[0], c.err) {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var r PingReport
	err := r.measure(ctx, &answers{nil, nil}, PingOptions{Count: 2, Timeout: time.Minute, Each: func(int, time.Duration, error) { cancel() }})
	if !errors.Is(err, context.Canceled) || len(r.RTT) != 1 {
		t.Errorf("interrupted: %+v, %v", r, err)
	}
}
