package interop

import (
	"bufio"
	"bytes"
	varint "encoding/binary"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// tap is a plain libp2p host that speaks the protocol by hand: it keeps every frame
// it is sent, and says what the test makes it say.
type tap struct {
	*theirs
	proto protocol.ID

	mu   sync.Mutex
	got  map[peer.ID][][]byte
	outs map[peer.ID]network.Stream
}

// startTap starts a host that speaks one version.
func startTap(t *testing.T, label string, proto protocol.ID) *tap {
	t.Helper()
	x := &tap{theirs: startHost(t, label, "t", hostOptions{bare: true, idle: true}), proto: proto, got: map[peer.ID][][]byte{}, outs: map[peer.ID]network.Stream{}}
	x.host.SetStreamHandler(proto, func(s network.Stream) {
		r := bufio.NewReader(s)
		for {
			n, err := varint.ReadUvarint(r)
			if err != nil || n > 1<<20 {
				return
			}
			frame := make([]byte, n)
			if _, err := io.ReadFull(r, frame); err != nil {
				return
			}
			x.mu.Lock()
			x.got[s.Conn().RemotePeer()] = append(x.got[s.Conn().RemotePeer()], frame)
			x.mu.Unlock()
		}
	})
	return x
}

// join dials a member and opens a stream to it; the hello is a subscription.
func (x *tap) join(t *testing.T, m member) {
	t.Helper()
	x.dial(t, m.addr("tcp"))
	p := peer.ID(m.peer())
	s, err := x.host.NewStream(rig.Within(t), p, x.proto)
	if err != nil {
		t.Fatal(err)
	}
	x.outs[p] = s
	x.say(t, m, rpc.AppendSub(nil, true, "t"))
}

// say writes a frame.
func (x *tap) say(t *testing.T, m member, frame []byte) {
	t.Helper()
	framed := append(varint.AppendUvarint(nil, uint64(len(frame))), frame...)
	if _, err := x.outs[peer.ID(m.peer())].Write(framed); err != nil {
		t.Fatalf("%s writes to %s: %v", x.label, m.name(), err)
	}
}

// frames are those that a member sent, in order.
func (x *tap) frames(m member) [][]byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([][]byte(nil), x.got[peer.ID(m.peer())]...)
}

// read is a frame as our codec reads it.
func read(t *testing.T, frame []byte) *rpc.RPC {
	t.Helper()
	r := new(rpc.RPC)
	if err := r.Decode(frame, rpc.DefaultLimits(1000)); err != nil {
		t.Fatalf("%x: %v", frame, err)
	}
	return r
}

// await waits for a frame of a member that is what the test wants, and returns it.
func (x *tap) await(t *testing.T, m member, what string, is func(*rpc.RPC) bool) (found []byte) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("%s sends %s %s", m.name(), x.label, what), func() string {
		all := x.frames(m)
		for _, f := range all {
			if is(read(t, f)) {
				found = f
				return ""
			}
		}
		return fmt.Sprintf("among %d frames there is none", len(all))
	})
	return found
}

// brought counts the copies of a message that a member sent.
func (x *tap) brought(t *testing.T, m member, data string) (n int) {
	t.Helper()
	for _, f := range x.frames(m) {
		for _, p := range read(t, f).Publish {
			if string(p.Data) == data {
				n++
			}
		}
	}
	return n
}

// unsigned is a message frame.
func unsigned(data string) []byte {
	return rpc.AppendPublish(nil, rpc.AppendMessage(nil, &rpc.Message{Data: []byte(data), Topic: []byte("t")}, false))
}

// bytesAre fails unless a frame is what it should be, byte by byte.
func bytesAre(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %x\nwant %x", what, got, want)
	}
}
