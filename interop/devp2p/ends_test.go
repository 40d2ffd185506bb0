package devp2p

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/p2p"
	"github.com/golang/snappy"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/interop/rig"
	"github.com/ropewalk/ropewalk/link"
)

// TestDisconnects: a reason in every way that it is written by somebody in the field:
// our node reads the same one.
func TestDisconnects(t *testing.T) {
	for name, c := range map[string]struct {
		payload []byte
		plain   bool // not compressed, though both could
		want    link.Reason
	}{
		"list":                   {[]byte{0xc1, 0x04}, false, link.TooManyPeers},
		"list, plain":            {[]byte{0xc1, 0x04}, true, link.TooManyPeers},
		"byte":                   {[]byte{0x04}, false, link.TooManyPeers},
		"byte, plain":            {[]byte{0x04}, true, link.TooManyPeers},
		"list of an empty text":  {[]byte{0xc1, 0x80}, false, link.Requested},
		"empty text":             {[]byte{0x80}, false, link.Requested},
		"empty text, plain":      {[]byte{0x80}, true, link.Requested},
		"zero byte":              {[]byte{0x00}, false, link.Requested},
		"empty list":             {[]byte{0xc0}, false, link.Requested},
		"empty list, plain":      {[]byte{0xc0}, true, link.Requested},
		"nothing":                {nil, false, link.Requested},
		"nothing, plain":         {nil, true, link.Requested},
		"a number nobody knows":  {[]byte{0xc1, 0x42}, false, link.Reason(0x42)},
		"subprotocol":            {[]byte{0xc1, 0x10}, false, link.Subprotocol},
		"subprotocol, as a byte": {[]byte{0x10}, true, link.Subprotocol},
		"above 127":              {[]byte{0xc2, 0x81, 0xc8}, false, link.Reason(200)},
	} {
		t.Run(name, func(t *testing.T) {
			v := startVictim(t)
			s := greeted(t, v.enode, echo)
			rig.Until(t, "link", func() string {
				if list, _ := v.Sessions(rig.Within(t)); len(list) != 1 {
					return fmt.Sprint(len(list))
				}
				return ""
			})
			payload := c.payload
			if !c.plain {
				payload = snappy.Encode(nil, payload)
			}
			s.raw(s.plain(codeDisconnect, payload))
			v.told("closed by remote: " + c.want.String())
			if r := s.reason(); r != -1 {
				t.Errorf("the node answered a Disconnect with %d", r)
			}
			v.unharmed()
		})
	}
}

// TestDisconnectForHello: a Disconnect in place of the Hello is why the dial failed.
func TestDisconnectForHello(t *testing.T) {
	busy := startGeth(t, p2p.Protocol{Name: "ee", Version: 1, Length: 1, Run: hold})
	for range busy.MaxPeers {
		first := startRope(t, ropewalk.Protocol{Name: "ee", Version: 1, Length: 1, Run: holdRope})
		if _, err := first.Connect(rig.Within(t), enodeOf(busy)); err != nil {
			break
		}
	}
	n := startRope(t, ropewalk.Protocol{Name: "ee", Version: 1, Length: 1, Run: holdRope})
	_, err := n.Connect(rig.Within(t), enodeOf(busy))
	if err == nil || !strings.Contains(err.Error(), link.TooManyPeers.String()) {
		t.Errorf("%v, want a refusal that says %q", err, link.TooManyPeers)
	}
}

// hold is a Run that waits for the end.
func hold(_ *p2p.Peer, rw p2p.MsgReadWriter) error {
	for {
		m, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		m.Discard()
	}
}

func holdRope(_ *ropewalk.Peer, rw ropewalk.MsgReadWriter) error {
	for {
		m, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		m.Discard()
	}
}

// TestReasons: what a Run of one side returns is what the other side is told.
func TestReasons(t *testing.T) {
	t.Run("ours", func(t *testing.T) {
		for err, want := range map[error]string{
			link.TooManyPeers:                      p2p.DiscTooManyPeers.String(),
			link.Useless:                           p2p.DiscUselessPeer.String(),
			fmt.Errorf("wrapped: %w", link.Breach): p2p.DiscProtocolError.String(),
			errors.New("anything else"):            p2p.DiscSubprotocolError.String(),
		} {
			s := startGeth(t, p2p.Protocol{Name: "ee", Version: 1, Length: 1, Run: hold})
			events := make(chan *p2p.PeerEvent, 16)
			sub := s.SubscribeEvents(events)
			n := startRope(t, ropewalk.Protocol{Name: "ee", Version: 1, Length: 1, Run: func(*ropewalk.Peer, ropewalk.MsgReadWriter) error { return err }})
			if _, err := n.Connect(rig.Within(t), enodeOf(s)); err != nil {
				t.Fatal(err)
			}
			dropped(t, events, want)
			sub.Unsubscribe()
		}
	})
	t.Run("theirs", func(t *testing.T) {
		for err, want := range map[error]link.Reason{
			p2p.DiscTooManyPeers:        link.TooManyPeers,
			p2p.DiscUselessPeer:         link.Useless,
			errors.New("anything else"): link.Subprotocol,
		} {
			ready := make(chan struct{})
			s := startGeth(t, p2p.Protocol{Name: "ee", Version: 1, Length: 1, Run: func(*p2p.Peer, p2p.MsgReadWriter) error { <-ready; return err }})
			v := startWatched(t, ropewalk.Protocol{Name: "ee", Version: 1, Length: 1, Run: holdRope})
			if _, err := v.Connect(rig.Within(t), enodeOf(s)); err != nil {
				t.Fatal(err)
			}
			close(ready)
			v.told("closed by remote: " + want.String())
		}
	})
}

// dropped waits for the event of a lost peer and checks the reason.
func dropped(t *testing.T, events chan *p2p.PeerEvent, want string) {
	t.Helper()
	for {
		select {
		case e := <-events:
			if e.Type == p2p.PeerEventTypeDrop {
				if e.Error != want {
					t.Errorf("go-ethereum was told %q, want %q", e.Error, want)
				}
				return
			}
		case <-rig.Within(t).Done():
			t.Fatal("no drop")
		}
	}
}

// TestSimultaneous: both dial at once, two hundred times: each time one link, and
// both ends have it.
func TestSimultaneous(t *testing.T) {
	s := startGeth(t, p2p.Protocol{Name: "ee", Version: 1, Length: 1, Run: hold})
	n := startRope(t, ropewalk.Protocol{Name: "ee", Version: 1, Length: 1, Run: holdRope})
	to, at := enodeOf(s), parsed(t, n)
	for i := range 200 {
		var both sync.WaitGroup
		both.Go(func() { n.Connect(rig.Within(t), to) })
		both.Go(func() { s.AddPeer(at) })
		both.Wait()
		rig.Until(t, fmt.Sprint("link ", i), func() string {
			list, err := n.Sessions(rig.Within(t))
			if err != nil || len(list) != 1 || s.PeerCount() != 1 {
				return fmt.Sprint(len(list), " here, ", s.PeerCount(), " there")
			}
			return ""
		})
		s.RemovePeer(at)
		looks := 0
		rig.Until(t, fmt.Sprint("no link ", i), func() string {
			if looks++; looks%100 == 0 {
				s.RemovePeer(at) // a dial that go-ethereum had begun may come up after it was told
			}
			list, err := n.Sessions(rig.Within(t))
			if err != nil || len(list) != 0 || s.PeerCount() != 0 {
				return fmt.Sprint(len(list), " here, ", s.PeerCount(), " there")
			}
			return ""
		})
	}
}

// TestStopInEachPhase: the node is closed while a remote is in the midst of each phase:
// Close returns, and who could read a frame is told why.
func TestStopInEachPhase(t *testing.T) {
	for name, c := range map[string]struct {
		reach func(t *testing.T, url string) *speaker
		want  int // -1: nothing to read; unsaid: anything or nothing
	}{
		"connected": {connect, -1},
		"half an auth": {func(t *testing.T, url string) *speaker {
			s := connect(t, url)
			a, err := s.auth()
			if err != nil {
				t.Fatal(err)
			}
			s.raw(a.packet[:100])
			return s
		}, -1},
		"shaken":  {shaken, unsaid},
		"greeted": {func(t *testing.T, url string) *speaker { return greeted(t, url, echo) }, quitting},
		"half a frame": {func(t *testing.T, url string) *speaker {
			s := greeted(t, url, echo)
			f := s.message(firstCode, make([]byte, 4<<10))
			s.raw(f[:len(f)-5])
			return s
		}, quitting},
	} {
		t.Run(name, func(t *testing.T) {
			n := startWith(t, ropewalk.Config{Diagnostics: true})
			s := c.reach(t, n.Info().Enode)
			if c.want >= 0 {
				rig.Until(t, "link", func() string {
					if list, _ := n.Sessions(rig.Within(t)); len(list) != 1 {
						return fmt.Sprint(len(list))
					}
					return ""
				})
			}
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			if s.enc == nil {
				var one [1]byte
				if k, err := s.conn.Read(one[:]); err == nil || k > 0 || isTimeout(err) {
					t.Errorf("after the end: %d, %v", k, err)
				}
				return
			}
			if c.want == unsaid {
				s.reason()
				return
			}
			s.ended(name, c.want)
		})
	}
}

// unsaid: before both Hellos a node that stops may say why, and need not.
const unsaid = -2

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
