package msgrw

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	own   link.Lane = 1 // the first of the user; lane 0 is the node's
	conn  link.Conn = 7
	delay           = 30 * time.Second // bounds every wait; only failures meet it
)

// world plays two nodes with one link: the test is the loop of both, and Runs are
// goroutines as they are in life.
type world struct {
	t     tester
	now   time.Time
	a, b  *end
	ended error // of the link
}

// tester is what testing.T and rapid.T have in common here.
type tester interface {
	Helper()
	Errorf(string, ...any)
	Fatal(...any)
	Fatalf(string, ...any)
	Cleanup(func())
}

// end is one of the nodes.
type end struct {
	w        *world
	tab      *peer.Table
	hub      *Hub
	handlers []peer.Handler
	remote   *end
	id       id.ID
	held     link.LaneSet // what Hold says
	alone    bool
	log      bytes.Buffer
	msgs     []link.Msg // that the gate holds up
	why      error      // of Down

	mu    sync.Mutex
	posts []func(time.Time)
}

// Hold implements Gate.
func (e *end) Hold(ln link.Lane) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = e.held.With(ln)
	return e.alone
}

// Free implements Gate.
func (e *end) Free(ln link.Lane) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held &^= 1 << ln
}

func newWorld(t tester, bare bool, at, there []Protocol) *world {
	return newWorldWith(t, bare, at, there, func(*end, *end) {})
}

// newWorldWith is newWorld with a word to both ends before the link comes up.
func newWorldWith(t tester, bare bool, at, there []Protocol, set func(a, b *end)) *world {
	w := &world{t: t, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	w.a, w.b = w.end(1, at), w.end(2, there)
	w.a.remote, w.b.remote = w.b, w.a
	set(w.a, w.b)
	w.a.up(link.Out, bare)
	w.b.up(link.In, bare)
	t.Cleanup(w.close)
	return w
}

func (w *world) end(n byte, protocols []Protocol) *end {
	e := &end{w: w, id: id.ID{0: n}}
	e.hub = NewHub(Config{
		Post: func(f func(time.Time)) bool {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.posts = append(e.posts, f)
			return true
		},
		Gate: func(link.Conn) Gate { return e }, Own: own, Log: slog.New(slog.NewTextHandler(&e.log, nil)),
	})
	table := []link.Protocol{{Name: "node", Version: 1, Length: 1}}
	for _, p := range protocols {
		if err := p.Check(table); err != nil {
			w.t.Fatal(err)
		}
		e.handlers = append(e.handlers, e.hub.Handler(p))
		table = append(table, p.Link())
	}
	e.tab = peer.New(peer.Config{Self: e.id, Protocols: table, Private: own})
	return e
}

// up brings the link up at one end; a bare one has no lane of the node's own.
func (e *end) up(dir link.Direction, bare bool) {
	info := link.Info{ID: e.remote.id, Dir: dir, Kind: link.Mem, Agent: "tester"}
	for i := range len(e.handlers) + 1 {
		if i > 0 || !bare {
			info.Lanes = append(info.Lanes, link.LaneInfo{Lane: link.Lane(i), Stream: "/test"})
		}
	}
	e.tab.Add(e.w.now, conn, info)
	p, _ := e.tab.ByConn(conn)
	for i, h := range e.handlers {
		h.Up(e.w.now, e.tab.Port(p, own+link.Lane(i)))
	}
}

// turn does all there is to do and tells whether that was anything.
func (w *world) turn() (did bool) {
	for _, e := range []*end{w.a, w.b} {
		e.mu.Lock()
		posts := e.posts
		e.posts = nil
		e.mu.Unlock()
		for _, f := range posts {
			f(w.now)
			did = true
		}
		if w.ended == nil {
			did = e.write() || did
			did = e.remote.read() || did
		}
		e.hub.Flush()
		for _, c := range e.tab.TakeCloses() {
			w.cut(e, c.Reason)
			did = true
		}
	}
	return did
}

// write moves a batch to the other end.
func (e *end) write() (did bool) {
	for range 64 {
		m, ok := e.tab.Next(e.w.now, conn, 0)
		if !ok {
			break
		}
		e.remote.msgs = append(e.remote.msgs, m)
		did = true
	}
	e.tab.Written(conn)
	for _, o := range e.tab.TakeRooms() {
		e.handlers[o.Lane()-own].Room(e.w.now, o)
		did = true
	}
	return did
}

// read hands in what came, as far as the gate lets it.
func (e *end) read() (did bool) {
	left := e.msgs[:0]
	for _, m := range e.msgs {
		e.mu.Lock()
		held := e.held
		e.mu.Unlock()
		if held.Has(m.Lane) || held != 0 && !e.alone {
			left = append(left, m)
			continue
		}
		did = true
		p, ok := e.tab.ByConn(conn)
		if !ok || p.Closing() {
			continue
		}
		if err := e.handlers[m.Lane-own].Recv(e.w.now, e.tab.Port(p, m.Lane), m); err != nil {
			why := link.Subprotocol
			errors.As(err, &why)
			e.tab.Drop(e.w.now, p.ID(), why)
		}
	}
	e.msgs = left
	return did
}

// cut ends the link at both ends.
func (w *world) cut(by *end, why link.Reason) {
	if w.ended != nil {
		return
	}
	w.ended = why
	// What was written before still comes.
	by.remote.held = 0
	by.remote.read()
	by.down(&link.Closed{Reason: why})
	by.remote.down(&link.Closed{Reason: why, Remote: true})
}

func (e *end) down(why error) {
	e.why = why
	p, ok := e.tab.ByConn(conn)
	if !ok {
		return
	}
	e.tab.Remove(e.w.now, conn, why)
	for i, h := range e.handlers {
		if o := e.tab.ClosePort(p, own+link.Lane(i)); o != nil {
			h.Down(e.w.now, o, why)
		}
	}
}

// until turns the world until something is so.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(delay); !ok(); {
		if !w.turn() {
			runtime.Gosched()
		}
		if time.Now().After(end) {
			w.t.Fatalf("not in time: %s", what)
		}
	}
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	for _, e := range []*end{w.a, w.b} {
		for _, h := range e.handlers {
			if at := h.Deadline(); !at.IsZero() && !at.After(w.now) {
				h.Advance(w.now)
			}
		}
	}
}

// close ends everything, and sees that nothing is left of it.
func (w *world) close() {
	w.cut(w.a, link.Quitting)
	for range 3 {
		w.turn()
	}
	idle := func(e *end) func() bool {
		return func() bool {
			e.hub.mu.Lock()
			defer e.hub.mu.Unlock()
			return len(e.hub.runs) == 0
		}
	}
	w.until("Runs return", func() bool { return idle(w.a)() && idle(w.b)() })
	w.turn()
	for _, e := range []*end{w.a, w.b} {
		e.hub.Close()
		h := e.hub
		if len(h.peers)+len(h.dirty)+len(h.ends)+len(h.before) > 0 || e.tab.Waiting() > 0 {
			w.t.Errorf("left: %d peers, %d to flush, %d ends, %d before, %d bytes", len(h.peers), len(h.dirty), len(h.ends), len(h.before), e.tab.Waiting())
		}
		for _, k := range h.kinds {
			if k.live != 0 || k.stuck != 0 {
				w.t.Errorf("%s: %d live, %d stuck", k.label, k.live, k.stuck)
			}
		}
	}
}

// talk is a protocol whose Run the test is.
func talk(name string) (Protocol, chan *held) {
	got := make(chan *held, 8)
	return Protocol{Name: name, Version: 1, Length: 8, Run: func(p *Peer, rw MsgReadWriter) error {
		h := &held{rw.(Conversation), p, make(chan error, 1)}
		got <- h
		return <-h.end
	}}, got
}

// held is a Run in the hands of the test.
type held struct {
	Conversation
	peer *Peer
	end  chan error
}

// sink reads until the end.
func sink(name string) Protocol {
	return Protocol{Name: name, Version: 1, Length: 8, Run: func(_ *Peer, rw MsgReadWriter) error {
		for {
			if _, err := rw.ReadMsg(); err != nil {
				return err
			}
		}
	}}
}

func read(t testing.TB, r MsgReader) (uint64, string) {
	t.Helper()
	m, err := r.ReadMsg()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(m.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return m.Code, string(raw)
}
