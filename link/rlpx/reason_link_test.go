package rlpx

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// A reason that came before the wire broke is the reason, though a write failed first.
func TestReasonBeforeBrokenWrite(t *testing.T) {
	tr := listening(t, Config{})
	for range 30 {
		s, l := met(t, tr, dialled(t, tr), nil)
		s.say(codeDisconnect, []byte{0xc1, 0x04})
		_ = s.c.Close()
		var err error
		for err == nil {
			err = l.Write(link.Msg{Data: small})
		}
		_ = l.Close(link.NetworkError)
		wantEnd(t, ended(l), link.TooManyPeers, true)
		<-l.gone
	}
}

// Our reason arrives although the remote has sent much that nobody read, and sends on.
func TestReasonWithUnreadInput(t *testing.T) {
	inTime(t, func(t *testing.T, tr *Transport, w *wire) {
		s, l := met(t, tr, w, nil)
		go func() {
			for {
				if _, err := w.Write(s.frame(0x10, make([]byte, 10<<10))); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		time.Sleep(time.Second)
		_ = l.Close(link.TooManyPeers)
		time.Sleep(tr.linger / 2) // it is on its way, and the remote slow
		if why := s.told(); why != link.TooManyPeers {
			t.Errorf("told %q", why)
		}
		_ = w.Close()
		<-l.gone
	})
}
