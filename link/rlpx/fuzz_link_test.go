package rlpx

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"

	"github.com/ropewalk/ropewalk/link"
)

// model is what a link should make of what a remote says.
type model struct {
	want  []byte // the sizes of the messages that are delivered, one byte each
	pings int    // that were answered
	over  bool
	told  link.Reason // when it is
	ours  bool        // we say it; else the remote does, or nobody
	lost  bool
}

// step says one thing and tells what should come of it.
func (m *model) step(s *speaker, act byte) (out []byte) {
	end := func(why link.Reason) { m.over, m.told, m.ours = true, why, true }
	switch act % 12 {
	default:
		m.want = append(m.want, act)
		return s.frame(uint64(0x10+act%8), bytes.Repeat([]byte{act}, int(act)))
	case 1:
		if m.pings++; m.pings > pingsBurst {
			m.pings--
			end(link.Breach)
		}
		return s.frame(codePing, emptyList)
	case 2:
		return s.frame(codePong, emptyList)
	case 3:
		return s.frame(4+uint64(act)%12, []byte("reserved"))
	case 4:
		end(link.Breach)
		return s.helloFrame(s.hello())
	case 5:
		end(link.Breach)
		return s.frame(0x1c+uint64(act), nil)
	case 6:
		m.over, m.told = true, link.Reason(act)
		return s.frame(codeDisconnect, appendReason(nil, link.Reason(act)))
	case 7:
		end(link.Breach)
		b := s.frame(0x10, []byte("flipped"))
		b[int(act)%len(b)] ^= 1
		return b
	case 8:
		m.over, m.lost = true, true
		b := s.frame(0x10, []byte("cut"))
		return b[:int(act)%len(b)]
	}
}

// A remote says anything in any order: exactly what it may say comes up, in order, and
// the link ends for the first thing it may not say, with the right reason at both ends.
func FuzzLink(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 9, 10, 11, 255})
	for act := range byte(12) {
		f.Add([]byte{9, act, 10, 33})
	}
	f.Add([]byte{1, 1, 1, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, acts []byte) {
		if len(acts) > 64 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			tr := made(t, Config{})
			ours, theirs := wires(window)
			go tr.admit(ours)
			s, l := met(t, tr, theirs, nil)
			m := model{}
			var script []byte
			for _, act := range acts {
				if script = append(script, m.step(s, act)...); m.over {
					break
				}
			}
			go func() {
				_, _ = theirs.Write(script)
				if !m.ours {
					_ = theirs.CloseWrite()
				}
			}()
			var got []byte
			err := l.Feed(func(msg link.Msg) bool {
				if msg.Op != link.Data || msg.Lane != 0 || len(msg.Data) > 0 && byte(len(msg.Data)) != msg.Data[0] || msg.Code != uint64(byte(len(msg.Data))%8) {
					t.Errorf("lane %d code %d: %d bytes", msg.Lane, msg.Code, len(msg.Data))
				}
				got = append(got, byte(len(msg.Data)))
				return true
			})
			if !bytes.Equal(got, m.want) {
				t.Errorf("delivered %v, want %v", got, m.want)
			}
			switch {
			case m.over && !m.lost:
				wantEnd(t, err, m.told, !m.ours)
			case l.err != err || tr.Stats().Lost != 1:
				t.Errorf("the end is %v", err)
			}
			if m.ours {
				if why := s.told(); why != m.told {
					t.Errorf("told %q, want %q", why, m.told)
				}
			}
			_, _ = io.Copy(io.Discard, theirs)
			_ = theirs.Close()
			<-l.gone
			if n := tr.Stats().PingsAnswered; n != uint64(m.pings) {
				t.Errorf("%d pings answered, want %d", n, m.pings)
			}
		})
	})
}
