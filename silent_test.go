//go:build !nolibp2p

package ropewalk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/ropewalk/ropewalk/link"
)

// silentConns is how many connections of strangers stand when the honest one dials.
const silentConns = 5000

// listening is a node on every kind of socket, and the addresses it has on each.
func listening(t testing.TB) (n *Node, addrs map[string]string) {
	cfg := bothConfig()
	cfg.Listen.LibP2P = []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}
	n = started(t, cfg)
	info := n.Info()
	return n, map[string]string{"tcp": info.LibP2P[0], "quic": info.LibP2P[1], "rlpx": info.Enode}
}

// strangers open connections that never become links. The test ends them.
func strangers(t testing.TB, kind, addr string, many int, say []byte) (open *sync.Map) {
	t.Helper()
	open = new(sync.Map)
	at := link.MustAddr(addr)
	to := fmt.Sprintf("127.0.0.1:%d", at.Port())
	if kind == "quic" {
		unfinished(t, to, many)
		return open
	}
	t.Cleanup(func() { open.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true }) })
	var all sync.WaitGroup
	places := make(chan struct{}, 64)
	for range many {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			c, err := net.Dial("tcp4", to)
			if err != nil {
				if !errors.Is(err, syscall.ECONNRESET) { // it had to give way at once
					t.Errorf("a stranger: %v", err)
				}
				return
			}
			open.Store(c, nil)
			_, _ = c.Write(say) // the node may have closed it already
		})
	}
	all.Wait()
	return open
}

// deaf is a socket on which nothing ever arrives, and which goes dumb.
type deaf struct {
	net.PacketConn
	over chan struct{}
	sent *atomic.Int64 // packets
	dumb *atomic.Bool
}

func (d deaf) ReadFrom([]byte) (int, net.Addr, error) {
	<-d.over
	return 0, nil, net.ErrClosed
}

func (d deaf) WriteTo(b []byte, to net.Addr) (int, error) {
	if d.dumb.Load() {
		return len(b), nil
	}
	d.sent.Add(1)
	return d.PacketConn.WriteTo(b, to)
}

// unfinished begins QUIC handshakes and lets them stand where the server answers. The
// server is told of no end.
func unfinished(t testing.TB, to string, many int) {
	t.Helper()
	server, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	var dumb atomic.Bool
	for range 8 {
		pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		over := make(chan struct{})
		tr := &quic.Transport{Conn: deaf{pc, over, &sent, &dumb}}
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		t.Cleanup(func() { cancel(); all.Wait(); close(over); pc.Close(); tr.Close() })
		for range many / 8 {
			all.Go(func() {
				if c, err := tr.Dial(ctx, server, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"libp2p"}}, &quic.Config{HandshakeIdleTimeout: patience}); err == nil {
					t.Error("a handshake ended on a deaf socket")
					_ = c.CloseWithError(0, "")
				}
			})
		}
	}
	until(t, "every stranger has begun", func() bool { return sent.Load() >= int64(many) })
	dumb.Store(true)
}

// honestJoin dials as an honest node and tells how long that took.
func honestJoin(t testing.TB, to *Node, addr string) time.Duration {
	t.Helper()
	cfg := libConfig()
	cfg.Listen.LibP2P = nil
	honest := made(t, cfg)
	if err := honest.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if who, err := honest.Connect(soon(t), addr); err != nil || who != to.Info().ID {
		t.Fatalf("the honest node: %v", err)
	}
	took := time.Since(begun)
	until(t, "the link at the other end", func() bool { return peers(t, to) > 0 })
	if err := honest.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	return took
}

// BenchmarkSilent dials a node as 5,000 silent connections stand, on each kind of
// socket, and reports how long the dial took.
func BenchmarkSilent(b *testing.B) {
	for _, kind := range []string{"tcp", "quic", "rlpx"} {
		b.Run(kind, func(b *testing.B) {
			for range b.N {
				n, addrs := listening(b)
				strangers(b, kind, addrs[kind], silentConns, nil)
				b.ReportMetric(float64(honestJoin(b, n, addrs[kind]).Milliseconds()), "ms/joined")
			}
		})
	}
}

// TestTrap21SilentSocketsCloseNoDoor: however many connections say nothing, an honest
// node joins.
func TestTrap21SilentSocketsCloseNoDoor(t *testing.T) {
	many := silentConns
	if testing.Short() {
		many /= 10
	}
	for _, kind := range []string{"tcp", "quic", "rlpx"} {
		t.Run(kind, func(t *testing.T) {
			n, addrs := listening(t)
			many := many
			if kind == "quic" {
				many = silentConns / 10 // more take longer to begin than to be forgotten
			}
			strangers(t, kind, addrs[kind], many, nil)
			t.Logf("joined in %s, with %d silent connections", honestJoin(t, n, addrs[kind]).Round(time.Millisecond), many)
		})
	}
}

// TestTrap02StalledHandshakesBlockNobody: strangers that fall silent in each phase of a
// handshake keep nobody out, and each is ended by the node's own deadline.
func TestTrap02StalledHandshakesBlockNobody(t *testing.T) {
	n, addrs := listening(t)
	var all []*sync.Map
	for _, stall := range []struct{ kind, what, say string }{
		{"tcp", "half a name", "\x13/multi"},
		{"tcp", "a protocol chosen", "\x13/multistream/1.0.0\n\x07/noise\n"},
		{"tcp", "half of Noise's first message", "\x13/multistream/1.0.0\n\x07/noise\n\x00\x20abc"},
		{"tcp", "half of a TLS hello", "\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n\x16\x03\x01\x02\x00\x01"},
		{"rlpx", "half a size", "\x01"},
		{"rlpx", "half an auth packet", "\x01\x90\x04abcdefgh"},
	} {
		all = append(all, strangers(t, stall.kind, addrs[stall.kind], 20, []byte(stall.say)))
		honestJoin(t, n, addrs[stall.kind])
	}
	if testing.Short() {
		return
	}
	for _, open := range all {
		open.Range(func(c, _ any) bool {
			_ = c.(net.Conn).SetReadDeadline(time.Now().Add(patience))
			if _, err := io.Copy(io.Discard, c.(net.Conn)); err != nil {
				if ne, ok := err.(net.Error); ok && ne.Timeout() {
					t.Error("a stalled connection stands")
				}
			}
			return true
		})
	}
	idle(t, n)
}

// Two thousand connections that come and go at once leave every counter at zero.
func TestConnectAndDrop(t *testing.T) {
	n, addrs := listening(t)
	many := 2048
	if testing.Short() {
		many /= 8
	}
	for _, kind := range []string{"tcp", "rlpx"} {
		to := fmt.Sprintf("127.0.0.1:%d", link.MustAddr(addrs[kind]).Port())
		for range many {
			c, err := net.Dial("tcp4", to)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		}
	}
	idle(t, n)
	honestJoin(t, n, addrs["tcp"])
}

// idle waits until a node without links counts nothing.
func idle(t *testing.T, n *Node) {
	t.Helper()
	until(t, "every counter is at zero", func() bool {
		rows, err := n.Scopes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Used != (rows[0].Used) || r.Used.Conns != 0 {
				return false
			}
		}
		return true
	})
}
