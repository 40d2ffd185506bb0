package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/libp2p"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/node"
)

// noise is a message for a lane: random bytes, or a well-formed beginning with
// random bytes behind.
func noise(rng *rand.Rand, ln link.Lane) link.Msg {
	data := make([]byte, rng.IntN(1<<rng.IntN(13)))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	for i := range min(len(data), rng.IntN(6)) {
		data[i] = []byte{0x0a, 0x12, 0xc0, 0xf8, 0x00, 0x08}[rng.IntN(6)] // protobuf and RLP tags
	}
	return link.Msg{Lane: ln, Code: rng.Uint64N(10), Data: data}
}

// hostile is a libp2p transport that speaks all our streams but keeps none of our
// bounds.
func hostile(t *testing.T, name string) *libp2p.Transport {
	t.Helper()
	table := node.Protocols("ropewalk", nil)
	for i := range table {
		if !table[i].Bare {
			table[i].Length, table[i].BytesMax = 1000, 1<<20
		}
	}
	tr, err := libp2p.New(libp2p.Config{Key: linktest.Key(name), Protocols: table, Localnet: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

// Random bytes on every lane cost whoever sends them the link, and nobody else
// anything: the node lives, keeps its friend, and grows by nothing.
func TestNoiseOnEveryLane(t *testing.T) {
	victim, friend := started(t, libConfig()), started(t, libConfig())
	join(t, friend, victim)
	s := follow(t, victim, "news")
	follow(t, friend, "news")
	meshed(t, friend, "news", 1)
	target, err := link.ParseAddr(victim.Info().LibP2P[0])
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	lanes := len(node.Protocols("ropewalk", nil))

	met, keys := 0, 0
	attack := func(rounds int) {
		t.Helper()
		var evil *libp2p.Transport
		for round := range rounds {
			if round%lanes == 0 { // one key is shut out after some breaches
				if evil != nil {
					_ = evil.Close()
				}
				keys++
				evil = hostile(t, fmt.Sprintf("hostile%d", keys))
			}
			l, err := evil.Dial(soon(t), id.Ticket{Owner: "test", N: rng.Uint64()}, target)
			if errors.Is(err, libp2p.ErrConnected) {
				// The last link of ours is not quite gone.
				until(t, "the last link's end", func() bool {
					l, err = evil.Dial(soon(t), id.Ticket{Owner: "test", N: rng.Uint64()}, target)
					return !errors.Is(err, libp2p.ErrConnected)
				})
			}
			if err != nil {
				continue // it may well refuse us by now
			}
			met++
			ended := make(chan error, 1)
			go func() {
				for {
					if _, err := l.Read(); err != nil {
						ended <- err
						return
					}
				}
			}()
			ln := link.Lane(round % lanes)
			for open := true; open; {
				select {
				case <-ended:
					open = false
				default:
					if err := l.Write(noise(rng, ln)); err != nil && !errors.Is(err, libp2p.ErrTooLarge) {
						<-ended
						open = false
					}
				}
			}
			l.Close(link.Requested)
		}
		_ = evil.Close()
	}
	attack(2 * lanes) // whatever is made once is made
	before, goroutines := heap(), runtime.NumGoroutine()
	attack(10 * lanes)
	if met < 6*lanes {
		t.Errorf("%d of %d links came about", met, 12*lanes)
	}
	until(t, "only the friend is left", func() bool { return peers(t, victim) == 1 })
	until(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= goroutines+8 })
	if after := heap(); after > before+4<<20 {
		t.Errorf("the heap grew from %d to %d KiB", before>>10, after>>10)
	}
	if p, err := friend.Publish(t.Context(), "news", []byte("still here"), 1); err != nil {
		t.Errorf("publish: %+v %v", p, err)
	}
	for m := range s.Messages() {
		if string(m.Data) == "still here" {
			break
		}
	}
	if h := victim.Health(); !h.OK {
		t.Errorf("health: %+v", h)
	}
}

// heap is the live heap after a collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Random bytes on the listener itself end in a closed connection.
func TestNoiseOnTheListener(t *testing.T) {
	n := started(t, libConfig())
	a, err := link.ParseAddr(n.Info().LibP2P[0])
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		var d net.Dialer
		c, err := d.DialContext(soon(t), "tcp", fmt.Sprintf("%s:%d", a.IP(), a.Port()))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(noise(rng, 0).Data)
		_, _ = c.Write([]byte("\x13/multistream/1.0.0\n"))
		_, _ = c.Write(noise(rng, 0).Data)
		c.Close()
	}
	if h := n.Health(); !h.OK || peers(t, n) != 0 {
		t.Errorf("health: %+v", h)
	}
}

// Two nodes on sockets: what is said of a session, a room's history for who comes
// late, a ban, a disconnect.
func TestNodesOnSockets(t *testing.T) {
	for _, listen := range []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"} {
		t.Run(listen, func(t *testing.T) {
			cfg := libConfig()
			cfg.Listen.LibP2P = []string{listen}
			a, b := started(t, cfg), started(t, cfg)
			if err := a.ChatJoin(t.Context(), "lobby", 0); err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				if l, err := a.ChatSay(t.Context(), "lobby", fmt.Sprint("line ", i)); err != nil || l.State != "queued" {
					t.Fatalf("say: %+v %v", l, err)
				}
			}
			join(t, b, a)
			list, err := b.Sessions(t.Context())
			if err != nil || len(list) != 1 {
				t.Fatalf("sessions: %+v %v", list, err)
			}
			s := list[0]
			if s.ID != a.Info().ID || s.PeerID != a.Info().PeerID || s.Direction != "out" || s.Session != "direct" || s.Link != "libp2p" || s.Agent != "ropewalk/"+Version() || s.Addr != a.Info().LibP2P[0] {
				t.Errorf("session: %+v", s)
			}
			until(t, "a round trip", func() bool { list, _ := b.Sessions(t.Context()); return len(list) == 1 && list[0].RTT > 0 })
			if err := b.ChatJoin(t.Context(), "lobby", patience); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(texts(t, b, "lobby"), ","); got != "line 0,line 1,line 2" {
				t.Errorf("history: %s", got)
			}
			if err := b.Disconnect(t.Context(), a.Info().ID); err != nil {
				t.Error(err)
			}
			until(t, "the link's end", func() bool { return peers(t, a) == 0 && peers(t, b) == 0 })
			// Not of a, who may be there again.
			if err := b.Disconnect(t.Context(), linktest.Key("nobody").ID()); !errors.Is(err, ErrNoSuchPeer) {
				t.Errorf("disconnect nobody: %v", err)
			}
			if err := a.Ban(t.Context(), b.Info().PeerID, time.Hour); err != nil {
				t.Fatal(err)
			}
			// The link may stand for a moment before the ban ends it.
			_, _ = b.Connect(soon(t), a.Info().LibP2P[0])
			until(t, "the ban to end the link", func() bool { return peers(t, a) == 0 && peers(t, b) == 0 })
			if err := a.Unban(t.Context(), b.Info().ID.String()); err != nil {
				t.Error(err)
			}
			if err := a.Unban(t.Context(), b.Info().ID.String()); !errors.Is(err, ErrNoSuchPeer) {
				t.Errorf("unban nobody: %v", err)
			}
			join(t, b, a)
		})
	}
}

func TestConnectSaysWhy(t *testing.T) {
	cfg := libConfig()
	cfg.Session.DialTimeout = 2 * time.Second
	n := started(t, cfg)
	other := linktest.Key("nobody").Public().PeerID()
	for _, tc := range []struct {
		target string
		want   error
	}{
		{"noise", ErrBadTarget},
		{"enr:noise", ErrBadTarget},
		{"", ErrBadTarget},
		{"/ip4/127.0.0.1/tcp/1/p2p/" + other.String(), ErrRefused},
		{"/mem/a/p2p/" + other.String(), ErrRefused},
		{n.Info().LibP2P[0], ErrRefused},
	} {
		if _, err := n.Connect(soon(t), tc.target); !errors.Is(err, tc.want) {
			t.Errorf("%q: %v, want %v", tc.target, err, tc.want)
		}
	}
	// Another's address with this one's key.
	liar := started(t, libConfig())
	bare, _, _ := strings.Cut(liar.Info().LibP2P[0], "/p2p/")
	if _, err := n.Connect(soon(t), bare+"/p2p/"+other.String()); !errors.Is(err, ErrRefused) {
		t.Errorf("another's key: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Connect(ctx, liar.Info().LibP2P[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// What a caller got wrong in chat is told apart from what failed.
func TestChatBadInput(t *testing.T) {
	for _, err := range []error{chat.ErrText, chat.ErrRoom, chat.ErrCursor} {
		if got := chatError(fmt.Errorf("%w: detail", err)); !errors.Is(got, ErrBadInput) || !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
	if got := chatError(chat.ErrOutbox); errors.Is(got, ErrBadInput) {
		t.Errorf("%v is nobody's mistake", got)
	}
}
