package ropewalk

import (
	"bytes"
	"io"
	"testing"
)

// Memory is used again only when nobody can see it: what a Run reads late, in part or
// not at all is as it was sent, whatever came and went meanwhile.
func TestPayloadsStayTheirOwn(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			cfg, mine := kind.make(), newAsker()
			join(t, protocolled(t, cfg("a"), mine.protocol("echo")), protocolled(t, cfg("b"), echoer("echo")))
			c := mine.wait(t)
			const all, behind = 1500, 40
			content := func(i int) []byte {
				return bytes.Repeat([]byte{byte(i), byte(i >> 8), byte(i * i >> 3)}, []int{1, 80, 90, 340, 700, 1400, 9000}[i%7])
			}
			sent := make(chan error, 1)
			go func() {
				for i := range all {
					if err := SendBytes(c.rw, 1, content(i)); err != nil {
						sent <- err
						return
					}
				}
				sent <- nil
			}()
			var late []Msg
			read := func(i int, m Msg) {
				raw, err := io.ReadAll(m.Payload)
				if want := content(i); err != nil || !bytes.Equal(raw, want[len(want)-len(raw):]) || i%3 > 0 && len(raw) < len(want) {
					t.Fatalf("message %d of %d bytes: %d, %.20x, %v", i, m.Size, len(raw), raw, err)
				}
			}
			for i := range all {
				m, err := c.rw.ReadMsg()
				if err != nil {
					t.Fatal(err)
				}
				if i%3 == 0 { // a little of it, and the rest much later
					_, _ = m.Payload.Read(make([]byte, 2))
				}
				late = append(late, m)
				if n := len(late) - 1; i%5 > 0 {
					read(i, m)
					late[n].Payload = nil
				}
				if n := len(late) - behind; n >= 0 && late[n].Payload != nil {
					read(n, late[n])
				}
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		})
	}
}
