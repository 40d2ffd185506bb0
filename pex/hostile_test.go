package pex

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// claimed is a message whose lists say they are as long as n, and hold little.
func claimed(n int, rest ...byte) []byte { return append(rlp.AppendListHead(nil, n), rest...) }

// However a message is cut, and whatever follows it, it is none.
func TestCutAndTrailed(t *testing.T) {
	for _, c := range []struct {
		name string
		code uint64
		data []byte
	}{
		{"hello", codeHello, encodeHello(record(2, 1))},
		{"get", codeGet, encodeGet(get{1 << 40, 250, false})},
		{"peers", codePeers, encodePeers(1<<40, many(10, 3))},
	} {
		for cut := range c.data {
			x, _ := newPex(Config{})
			x.Up(t0, mate, false)
			if n, err := x.Recv(t0, mate, c.code, c.data[:cut]); !errors.Is(err, ErrMalformed) || len(n.Jobs)+len(n.Wants) > 0 {
				t.Errorf("%s cut to %d of %d bytes: %v", c.name, cut, len(c.data), err)
			}
		}
		for _, more := range [][]byte{{0}, {0xc0}, c.data} {
			x, _ := newPex(Config{})
			x.Up(t0, mate, false)
			if _, err := x.Recv(t0, mate, c.code, append(append([]byte(nil), c.data...), more...)); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s and %x: %v", c.name, more[:1], err)
			}
		}
	}
}

// Nothing is set aside for what a message says it holds.
func TestTrap24NothingByDeclaredCount(t *testing.T) {
	answer := func(list []byte) []byte { return rlp.AppendList(nil, append(rlp.AppendUint(nil, 1), list...)) }
	for _, c := range []struct {
		name string
		code uint64
		data []byte
		ok   bool
	}{
		{"hello of 16 MiB", codeHello, claimed(1<<24, 0x80), false},
		{"answer of 16 MiB", codePeers, claimed(1<<24, 0x01), false},
		{"answer of 4 GiB", codePeers, []byte{0xfb, 0xff, 0xff, 0xff, 0xff, 1}, false},
		{"answer of 2^64-1", codePeers, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, false},
		{"a list of 2^56 within", codePeers, answer([]byte{0xff, 1, 0, 0, 0, 0, 0, 0, 0}), false},
		{"64 KiB of empty records", codePeers, answer(rlp.AppendList(nil, bytesOf(0xc0, 60_000))), false},
		{"250 asked for, none there", codePeers, answer([]byte{0xc0}), true},
	} {
		x, _ := newPex(Config{})
		x.Up(t0, mate, false)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := x.Recv(t0, mate, c.code, c.data)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(64*len(c.data))+64<<10 { // others allocate meanwhile
			t.Errorf("%s: %d bytes of memory for %d", c.name, got, len(c.data))
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func bytesOf(b byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b
	}
	return out
}

// Ten thousand records come in no form in which more than 250 are looked at, ten of
// them used when nobody asked.
func TestTenThousandRecords(t *testing.T) {
	one := record(10, 1).Bytes()
	var all []byte
	for range 10_000 {
		all = append(all, one...)
	}
	x, _ := newPex(Config{})
	x.Up(t0, mate, false)
	if _, err := x.Recv(t0, mate, codePeers, rlp.AppendList(nil, rlp.AppendList(rlp.AppendUint(nil, 1), all))); !errors.Is(err, ErrMalformed) {
		t.Errorf("in one message: %v", err)
	}
	looked := 0
	y, _ := newPex(Config{Verify: func(r *enr.Record) (*enr.Record, error) { looked++; return remember(r) }})
	y.Up(t0, mate, false)
	for i := range 40 {
		run(y, t0, mustRecv(t, y, t0, codePeers, encodePeers(uint64(i), many(1000, 250))).Jobs)
	}
	if looked != recordsAtStart {
		t.Errorf("in forty messages: %d signatures checked, want %d", looked, recordsAtStart)
	}
}

// However much a peer asks for, an answer holds no more than 250 records, and nothing
// says whom of them we are connected with: they come in an order of chance.
func TestTrap11AnswersAreCapped(t *testing.T) {
	all := many(1000, 300)
	first := map[id.ID]bool{}
	for i := range 20 {
		x, d := newPex(Config{})
		x.rng = rand.New(rand.NewPCG(uint64(i), 1))
		x.Up(t0, mate, false)
		w := mustRecv(t, x, t0, codeGet, encodeGet(get{7, 1<<64 - 1, false})).Wants[0]
		if w.Max != recordsMax {
			t.Fatalf("Max %d", w.Max)
		}
		x.Reply(t0, mate, 7, all)
		data := d.take()[0].data
		_, list, err := decodePeers(data)
		if err != nil || len(data) > bytesMax {
			t.Fatal(len(data), err)
		}
		rs, err := decodeRecords(list, recordsMax)
		if err != nil || len(rs) > recordsMax {
			t.Fatalf("%d records: %v", len(rs), err)
		}
		first[enrID(t, rs[0])] = true
	}
	if len(first) < 10 {
		t.Errorf("%d different hosts come first in 20 answers", len(first))
	}
}

func enrID(t *testing.T, r *enr.Record) id.ID {
	t.Helper()
	if err := r.Verify(); err != nil {
		t.Fatal(err)
	}
	return r.ID()
}

// prompt answers a question before Send returns.
type prompt struct {
	x    *Pex
	news News
}

func (p *prompt) Send(to id.ID, code uint64, data []byte) {
	if code == codeGet {
		g, _ := decodeGet(data)
		n, err := p.x.Recv(t0, to, codePeers, encodePeers(g.req, many(10, 20)))
		if err != nil {
			panic(err)
		}
		p.news = run(p.x, t0, n.Jobs)
	}
}

func (p *prompt) Drop(_ id.ID, why error) { panic(fmt.Sprint("dropped: ", why)) }

// An answer that is there before the question has left is one.
func TestTrap25AnswerBeforeAskReturns(t *testing.T) {
	p := &prompt{}
	p.x, _ = newPex(Config{})
	p.x.send = p
	p.x.Up(t0, mate, true)
	p.x.Ask(t0, ticket(1), mate, 0)
	if h := p.news.Heard; len(h) != 1 || !h[0].Done || h[0].Ticket != ticket(1) || len(h[0].Records) != 20 {
		t.Fatalf("heard %+v", h)
	}
	if len(p.x.Advance(at(askTimeout)).Heard) != 0 {
		t.Error("the question ended twice")
	}
}

// Who has a way to hidden networks asks for their hosts too.
func TestHiddenHostsAreAskedFor(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		x, d := newPex(Config{Hidden: hidden})
		y, _ := newPex(Config{})
		x.Up(t0, mate, true)
		y.Up(t0, mate, false)
		x.Ask(t0, ticket(1), mate, 30)
		for _, m := range d.take() {
			if w := mustRecv(t, y, t0, m.code, m.data).Wants; len(w) != 1 || w[0].Hidden != hidden || w[0].Max != 30 {
				t.Errorf("asked %v, heard %+v", hidden, w)
			}
		}
	}
}
