package msgrw

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// A pipe hands over one message at a time, and ends at both ends.
func TestMsgPipe(t *testing.T) {
	a, b := MsgPipe()
	wrote := make(chan error, 2)
	go func() {
		wrote <- Send(a, 8, []byte{0, 0})
		wrote <- SendItems(a, 5, uint64(1), "x")
	}()
	m, err := b.ReadMsg()
	if err != nil || m.Code != 8 || m.Size != 3 {
		t.Fatal(m, err)
	}
	select {
	case err := <-wrote:
		t.Errorf("written before it was read: %v", err)
	default:
	}
	var got []byte
	if err := m.Decode(&got); err != nil || !bytes.Equal(got, []byte{0, 0}) {
		t.Error(got, err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	if err := ExpectMsg(b, 5, []any{uint64(1), "x"}); err != nil {
		t.Error(err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.ReadMsg(); !errors.Is(err, ErrPipeClosed) {
		t.Error(err)
	}
	if err := b.WriteMsg(Msg{}); !errors.Is(err, ErrPipeClosed) {
		t.Error(err)
	}
}

// ExpectMsg says what differs.
func TestExpectMsg(t *testing.T) {
	for _, tc := range []struct {
		code uint64
		want any
		ok   bool
	}{{1, "word", true}, {1, nil, true}, {2, "word", false}, {1, "other", false}, {1, make(chan int), false}} {
		a, b := MsgPipe()
		go func() { _ = Send(a, 1, "word") }()
		if err := ExpectMsg(b, tc.code, tc.want); (err == nil) != tc.ok {
			t.Errorf("%v: %v", tc, err)
		}
		_ = b.Close()
	}
}

// A message from anywhere can be decoded, and decoding never passes its size.
func TestMsgDecode(t *testing.T) {
	m := Msg{Code: 3, Size: 2, Payload: strings.NewReader("\x01\x02")}
	var n uint64
	if err := m.Decode(&n); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "code 3") {
		t.Error(err)
	}
	m = Msg{Size: 1, Payload: strings.NewReader("\x07\x02")}
	if err := m.Decode(&n); err != nil || n != 7 {
		t.Error(n, err)
	}
	if err := m.Discard(); err != nil {
		t.Error(err)
	}
	if err := (Msg{}).Discard(); err != nil {
		t.Error(err)
	}
	if err := (Msg{}).Decode(&n); !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
	if err := (Msg{Size: 9, Payload: failing{}}).Decode(&n); !errors.Is(err, errFail) || !errors.Is(err, ErrMalformed) {
		t.Error(err)
	}
	if got := m.String(); got != "msg #0 (1 bytes)" {
		t.Error(got)
	}
}

var errFail = errors.New("no more of it")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errFail }

// A payload is a reader like any other.
func TestPayload(t *testing.T) {
	var s payloads
	p := s.of([]byte("hello"), nil)
	if c, err := p.ReadByte(); c != 'h' || err != nil || p.Len() != 4 || p.unread() != 4 {
		t.Error(c, err)
	}
	var w bytes.Buffer
	if n, err := p.WriteTo(&w); n != 4 || err != nil || w.String() != "ello" || p.unread() != 0 {
		t.Error(n, err, w.String())
	}
	if _, err := p.ReadByte(); err != io.EOF {
		t.Error(err)
	}
	if n, err := p.Read(nil); n != 0 || err != nil {
		t.Error(n, err)
	}
	if n, err := p.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Error(n, err)
	}
}

// A peer without a link, as tests of protocols have it.
func TestNewPeer(t *testing.T) {
	p := NewPeer(id.ID{1}, "somebody\x1b[31m", []Cap{{"echo", 1}})
	if strings.Contains(p.Name(), "\x1b") || !p.RunningCap("echo", []uint{1}) || p.Info().Protocols["echo"] != "unknown" || p.RemoteAddr() == nil {
		t.Error(p.Name(), p.Info())
	}
	p.Disconnect(link.Requested)
	p.Log().Info("nobody hears")
	<-p.Done()
}
