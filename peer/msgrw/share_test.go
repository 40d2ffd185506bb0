package msgrw

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// store is a Share of a process with so many bytes.
type store struct {
	held, limit atomic.Int64
	closed      atomic.Bool
}

func (p *store) Add(n int64) { p.held.Add(n) }
func (p *store) Tight() bool { return p.held.Load() >= p.limit.Load() }
func (p *store) Close()      { p.closed.Store(true) }

// shared is a world whose second node has a store for its Runs, or an error.
func shared(t *testing.T, bare bool, limit int64, refusal error, at, there Protocol) (*world, *store) {
	p := &store{}
	p.limit.Store(limit)
	w := newWorldWith(t, bare, []Protocol{at}, []Protocol{there}, func(_, b *end) {
		b.hub.cfg.Share = func(c link.Conn, protocol string) (Share, error) {
			if c != conn || protocol != there.Cap().String() {
				t.Errorf("a share for link %d, protocol %s", c, protocol)
			}
			return p, refusal
		}
	})
	return w, p
}

// Whoever has not read while the process is out of memory loses the link after little,
// and long before its own queue is full; what it held is given back.
func TestTightProcessEndsWhoLags(t *testing.T) {
	p, mine := talk("words")
	q, theirs := talk("words")
	w, store := shared(t, false, 100_000, nil, p, q)
	x, y := <-mine, <-theirs
	payload := make([]byte, 10_000)
	sent := 0
	for ; w.ended == nil && sent < 200; sent++ {
		if err := x.WriteMsg(Msg{Code: 1, Size: uint32(len(payload)), Payload: strings.NewReader(string(payload))}); err != nil {
			break
		}
		for w.turn() {
		}
		w.pass(brakeWithin)
	}
	if most := inBytesTight/len(payload) + 10; w.ended != link.Subprotocol || sent > most {
		t.Errorf("after %d messages of %d bytes the link ended with %v; want Subprotocol within %d", sent, len(payload), w.ended, most)
	}
	x.end <- nil
	y.end <- nil
	w.until("the share is given back", store.closed.Load)
}

// A Run that reads all it gets is not touched by a process without memory: one message
// of each conversation always fits.
func TestTightProcessSparesWhoReads(t *testing.T) {
	p, mine := talk("words")
	q, theirs := talk("words")
	w, store := shared(t, false, 1, nil, p, q)
	x, y := <-mine, <-theirs
	for range 500 {
		if err := x.WriteMsg(Msg{Code: 1, Size: 4, Payload: strings.NewReader("ping")}); err != nil {
			t.Fatal(err)
		}
		for w.turn() {
		}
		read(t, y)
	}
	if w.ended != nil {
		t.Fatalf("the link ended: %v", w.ended)
	}
	x.end <- nil
	y.end <- nil
	w.until("the share is given back", store.closed.Load)
}

// A Run that the process has no room for is not called; the link lives on when it has
// anything else, and ends when it has not.
func TestNoRoomForARun(t *testing.T) {
	for _, bare := range []bool{false, true} {
		p, mine := talk("words")
		w, _ := shared(t, bare, 0, errors.New("no more goroutines"), p, Protocol{Name: "words", Version: 1, Length: 8, Run: func(*Peer, MsgReadWriter) error {
			t.Error("Run is called")
			return nil
		}})
		x := <-mine
		for w.turn() {
		}
		want := error(nil)
		if bare {
			want = link.TooManyPeers
		}
		if w.ended != want {
			t.Errorf("bare %v: ended with %v, want %v", bare, w.ended, want)
		}
		if !strings.Contains(w.b.log.String(), "no more goroutines") {
			t.Errorf("the log does not say why: %s", w.b.log.String())
		}
		x.end <- nil
	}
}

// What a share is told of is what is there, but for what was read since the last look.
func TestShareAccounting(t *testing.T) {
	var all atomic.Int64
	q, p := newInbox(&all), &store{}
	q.share = p
	for range 3 {
		q.put(time.Time{}, 1, make([]byte, 100))
	}
	if p.held.Load() != 0 {
		t.Error("told of what is not shown yet")
	}
	q.flush()
	three := int64(3 * costOf(100))
	if got := p.held.Load(); got != three {
		t.Errorf("%d after three, want %d", got, three)
	}
	q.get()
	q.put(time.Time{}, 1, make([]byte, 50))
	q.flush()
	for range 3 {
		q.get()
	}
	if got, want := p.held.Load(), int64(costOf(50)); got > want {
		t.Errorf("%d after all was read, want at most %d", got, want)
	}
	q.put(time.Time{}, 1, make([]byte, 70))
	q.close(true)
	q.flush()
	if got := p.held.Load(); got > int64(costOf(50)) {
		t.Errorf("%d after the end", got)
	}
}
