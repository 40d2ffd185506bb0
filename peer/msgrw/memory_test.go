package msgrw

import (
	"bytes"
	"io"
	"sync/atomic"
	"testing"
	"time"
)

// purse lends memory and wants each piece back once.
type purse struct {
	t    *testing.T
	out  map[*byte]bool
	lent int
}

func (p *purse) Lend(n int) []byte {
	b := make([]byte, n)
	p.out[&b[0]] = true
	p.lent++
	return b
}

func (p *purse) Reuse(b []byte) {
	if len(b) == 0 || !p.out[&b[0]] {
		p.t.Errorf("%d bytes came back that were not out", len(b))
		return
	}
	delete(p.out, &b[0])
	clear(b) // the next has them
}

// came makes an inbox with one message in memory of the purse.
func (p *purse) came(data []byte) Msg {
	p.t.Helper()
	var all atomic.Int64
	in := newInbox(&all)
	in.memory = p
	b := p.Lend(len(data))
	copy(b, data)
	if in.put(time.Time{}, 3, b) {
		p.Reuse(b) // it was copied
	}
	in.flush()
	m, _, err := in.get()
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

// The memory of a large payload goes back when the whole of it was read, in whichever
// way, and not before.
func TestMemoryGoesBack(t *testing.T) {
	text := bytes.Repeat([]byte("t"), 3<<10)
	raw, err := EncodeToBytes(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func(Msg) error{
		"ReadAll": func(m Msg) error {
			_, err := io.ReadFull(m.Payload, make([]byte, m.Size-1))
			if p := m.Payload.(*payload); len(p.home.(*purse).out) != 1 {
				t.Error("back before the last byte was read")
			}
			got, err2 := io.ReadAll(m.Payload)
			if len(got) != 1 || err2 != nil {
				t.Error(len(got), err2)
			}
			return err
		},
		"Copy":    func(m Msg) error { _, err := io.Copy(io.Discard, m.Payload); return err },
		"Discard": Msg.Discard,
		"Decode": func(m Msg) error {
			var got []byte
			err := m.Decode(&got)
			if !bytes.Equal(got, text) {
				t.Error("decoded is what is no longer ours")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &purse{t: t, out: map[*byte]bool{}}
			m := p.came(raw)
			if err := read(m); err != nil || len(p.out) != 0 {
				t.Errorf("%d not back, %v", len(p.out), err)
			}
			if n, err := io.Copy(io.Discard, m.Payload); n != 0 || err != nil {
				t.Error(n, err)
			}
		})
	}
}

// What is written has memory of the link's, which nobody else holds; a whole payload is
// passed on in its own.
func TestMemoryIsPassedOn(t *testing.T) {
	p := &purse{t: t, out: map[*byte]bool{}}
	text := bytes.Repeat([]byte("t"), 3<<10)
	q := newOutbox()
	q.memory = p
	begun := p.came(text)
	if _, err := io.ReadFull(begun.Payload, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	begun.Size--
	for _, c := range []struct {
		name string
		m    Msg
		own  bool
		lent int
	}{
		{"small", Msg{Size: 5, Payload: bytes.NewReader(text[:5])}, false, 0},
		{"large", Msg{Size: 3 << 10, Payload: bytes.NewReader(text)}, true, 1},
		{"from elsewhere", Msg{Size: 3 << 10, Payload: io.MultiReader(bytes.NewReader(text))}, true, 1},
		{"begun", begun, true, 1},
		{"whole", p.came(text), true, 0},
	} {
		had, was := p.lent, len(p.out)
		if _, err := q.put(t.Context(), c.m); err != nil {
			t.Fatal(c.name, err)
		}
		m, ok := q.next()
		if !ok || m.Own != c.own || p.lent-had != c.lent || !bytes.Equal(m.Data, text[:c.m.Size]) {
			t.Errorf("%s: own %v, %d lent, %d bytes", c.name, m.Own, p.lent-had, len(m.Data))
		}
		if m.Own {
			p.Reuse(m.Data) // as the link does
		}
		q.sent()
		if c.own && len(p.out) >= was+c.lent {
			t.Errorf("%s: memory is lost", c.name)
		}
		if left, err := io.Copy(io.Discard, c.m.Payload); left != 0 || err != nil {
			t.Errorf("%s: %d bytes left of what was written, %v", c.name, left, err)
		}
	}
	if len(p.out) != 0 {
		t.Errorf("%d pieces not back", len(p.out))
	}
}
