package devp2p

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"github.com/ethereum/go-ethereum/p2p"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/interop/rig"
)

func reader(b []byte) io.Reader { return bytes.NewReader(b) }

// echoes is how many messages go each way.
const echoes = 10_000

// body of the n-th message: lengths differ, so that padding and compression do.
func body(n int) []byte {
	out := binary.BigEndian.AppendUint64(nil, uint64(n))
	return append(out, bytes.Repeat([]byte{byte(n)}, n%700)...)
}

// ask sends the bodies and checks that they come back in order. The two sides use
// types of their own, so it sees only how to send and how to read.
func ask(send func(code uint64, b []byte) error, read func() (uint64, []byte, error)) error {
	sent := make(chan error, 1)
	go func() {
		for n := range echoes {
			if err := send(uint64(n%2), body(n)); err != nil {
				sent <- fmt.Errorf("send %d: %w", n, err)
				return
			}
		}
		sent <- nil
	}()
	for n := range echoes {
		code, b, err := read()
		if err != nil {
			return fmt.Errorf("read %d: %w", n, err)
		}
		if code != uint64(n%2) || !bytes.Equal(b, body(n)) {
			return fmt.Errorf("echo %d came as code %d with %d bytes", n, code, len(b))
		}
	}
	return <-sent
}

// TestEcho: ten thousand messages go from one side and come back, whichever side asks
// and whichever dialled.
func TestEcho(t *testing.T) {
	for _, weAsk := range []bool{true, false} {
		for _, weDial := range []bool{true, false} {
			t.Run(fmt.Sprintf("ask=%v dial=%v", weAsk, weDial), func(t *testing.T) { testEcho(t, weAsk, weDial) })
		}
	}
}

func testEcho(t *testing.T, weAsk, weDial bool) {
	done := make(chan error, 1)
	mine := ropewalk.Protocol{Name: "ee", Version: 1, Length: 2, Run: answerRope}
	other := p2p.Protocol{Name: "ee", Version: 1, Length: 2, Run: answer}
	if weAsk {
		mine.Run = func(_ *ropewalk.Peer, rw ropewalk.MsgReadWriter) error {
			done <- ask(
				func(code uint64, b []byte) error {
					return rw.WriteMsg(ropewalk.Msg{Code: code, Size: uint32(len(b)), Payload: reader(b)})
				},
				func() (uint64, []byte, error) {
					m, err := rw.ReadMsg()
					if err != nil {
						return 0, nil, err
					}
					b, err := io.ReadAll(m.Payload)
					return m.Code, b, err
				})
			return nil
		}
	} else {
		other.Run = func(_ *p2p.Peer, rw p2p.MsgReadWriter) error {
			done <- ask(
				func(code uint64, b []byte) error {
					return rw.WriteMsg(p2p.Msg{Code: code, Size: uint32(len(b)), Payload: reader(b)})
				},
				func() (uint64, []byte, error) {
					m, err := rw.ReadMsg()
					if err != nil {
						return 0, nil, err
					}
					b, err := io.ReadAll(m.Payload)
					return m.Code, b, err
				})
			return nil
		}
	}
	n, s := startRope(t, mine), startGeth(t, other)
	if weDial {
		if _, err := n.Connect(rig.Within(t), enodeOf(s)); err != nil {
			t.Fatal(err)
		}
	} else {
		s.AddPeer(parsed(t, n))
	}
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-rig.Within(t).Done():
		t.Fatal("no end")
	}
}
