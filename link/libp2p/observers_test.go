package libp2p

import (
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// seer is a connection to a remote that says where it sees us.
type seer struct {
	network.Conn
	at      string
	dir     network.Direction
	limited bool
	closed  bool
}

func (s *seer) Stat() network.ConnStats {
	return network.ConnStats{Stats: network.Stats{Direction: s.dir, Limited: s.limited}}
}
func (s *seer) RemoteMultiaddr() ma.Multiaddr { return ma.StringCast(s.at) }
func (s *seer) IsClosed() bool                { return s.closed }

// Only those we dialled say where we are, and one of each network group at a time: to
// libp2p's manager four of them are enough.
func TestObservers(t *testing.T) {
	bus := eventbus.NewBus()
	sub, err := (&observers{Bus: bus}).Subscribe(new(event.EvtPeerIdentificationCompleted))
	if err != nil {
		t.Fatal(err)
	}
	emitter, err := bus.Emitter(new(event.EvtPeerIdentificationCompleted))
	if err != nil {
		t.Fatal(err)
	}
	defer emitter.Close()
	first := &seer{at: "/ip4/9.1.0.1/tcp/1", dir: network.DirOutbound}
	gone := &seer{at: "/ip4/9.2.0.1/tcp/1", dir: network.DirOutbound}
	last := &seer{at: "/ip4/9.9.0.1/tcp/1", dir: network.DirOutbound}
	say := func(s *seer) {
		if err := emitter.Emit(event.EvtPeerIdentificationCompleted{Conn: s}); err != nil {
			t.Fatal(err)
		}
	}
	var heard []string
	listen := func() (at string) {
		at = (<-sub.Out()).(event.EvtPeerIdentificationCompleted).Conn.(*seer).at
		heard = append(heard, at)
		return at
	}
	for _, at := range []string{"/ip4/9.5.0.1/tcp/1", "/ip4/9.6.0.1/tcp/1", "/ip4/9.7.0.1/tcp/1", "/ip4/9.8.0.1/tcp/1"} {
		say(&seer{at: at, dir: network.DirInbound})
	}
	say(&seer{at: "/ip4/9.3.0.1/tcp/1", dir: network.DirOutbound, limited: true})
	say(first)
	listen()
	say(&seer{at: "/ip4/9.1.7.7/tcp/1", dir: network.DirOutbound}) // of the same group
	say(gone)
	listen()
	gone.closed = true
	say(&seer{at: "/ip4/9.2.0.2/tcp/1", dir: network.DirOutbound})
	say(first) // says it again
	say(last)
	for listen() != last.at {
	}
	want := []string{first.at, gone.at, "/ip4/9.2.0.2/tcp/1", first.at, last.at}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
	say(first) // nobody takes it: Close does
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
}

// A public transport, which keeps observed addresses, ends with all it began.
func TestPublicTransportEnds(t *testing.T) {
	tr, err := New(Config{Key: linktest.Key("public"), Protocols: table, Listen: []link.Addr{link.MustAddr("/ip4/127.0.0.1/tcp/0")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Listen(); err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
}
