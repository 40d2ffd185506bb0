package peer

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// queues is a table with n peers on the gossip lane, and what was traced.
type stand struct {
	t   testing.TB
	tab *Table
	now time.Time
	ev  map[string]int64 // by kind and why
}

func newStand(t testing.TB, n int, cfg Config) *stand {
	s := &stand{t: t, now: t0, ev: map[string]int64{}}
	cfg.Trace = func(_ time.Time, e trace.Event) {
		if e.Kind == "queue_full" {
			e.N = 1
		}
		s.ev[e.Kind+" "+e.Err] += e.N
	}
	s.tab = newTable(cfg)
	for i := range n {
		s.tab.Add(t0, link.Conn(i+1), info(member(i+1), link.Out, gossip, chat))
	}
	s.tab.TakeReady()
	for i := range n {
		s.next(i+1, 0) // the writers wait
	}
	return s
}

func member(i int) id.ID { return id.ID{1: byte(i), 2: 1} }

func (s *stand) queue(i int, m Message) error {
	return s.tab.Queue(s.now, member(i), gossip, m)
}

func (s *stand) must(i int, m Message) {
	s.t.Helper()
	if err := s.queue(i, m); err != nil {
		s.t.Fatal(err)
	}
}

// next is the first byte of what peer i's writer gets, or 0.
func (s *stand) next(i int, busy link.LaneSet) byte {
	m, ok := s.tab.Next(s.now, link.Conn(i), busy)
	if !ok {
		return 0
	}
	return m.Data[0]
}

func (s *stand) ready(want ...link.Conn) {
	s.t.Helper()
	got := s.tab.TakeReady()
	for i := 0; i < max(len(got), len(want)); i++ {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			s.t.Fatalf("ready %v, want %v", got, want)
		}
	}
}

func large(c byte) []byte {
	b := make([]byte, bulkBytes)
	b[0] = c
	return b
}

// Own messages go before those of others, but not for ever.
// Rule: Q4
func TestOrdinaryBeforeSpare(t *testing.T) {
	s := newStand(t, 1, Config{})
	for range 3 {
		s.must(1, Message{Data: []byte("s"), Class: Spare})
	}
	for range 2 * ordinaryRunMax {
		s.must(1, Message{Data: []byte("o"), Class: Ordinary})
	}
	s.must(1, Message{Data: []byte("u"), Class: Urgent})
	var got string
	for b := s.next(1, 0); b != 0; b = s.next(1, 0) {
		got += string(b)
	}
	run := "oooooooooooooooo"
	if want := "u" + run + "s" + run + "ss"; got != want {
		t.Errorf("went out %s\nwant     %s", got, want)
	}
}

// G18: a full queue drops what others published first, the oldest first, then for
// urgent messages what we published, and never an urgent one.
// Rule: Q1, Q3
func TestG18DropOrder(t *testing.T) {
	s := newStand(t, 1, Config{QueueMsgs: 8}) // six per lane
	for _, m := range []string{"a", "b", "c"} {
		s.must(1, Message{Data: []byte(m), Class: Spare})
	}
	for _, m := range []string{"1", "2", "3"} {
		s.must(1, Message{Data: []byte(m), Class: Ordinary})
	}
	s.must(1, Message{Data: []byte("d"), Class: Spare})    // instead of a
	s.must(1, Message{Data: []byte("4"), Class: Ordinary}) // instead of b
	s.must(1, Message{Data: []byte("u"), Class: Urgent})   // instead of c
	s.must(1, Message{Data: []byte("v"), Class: Urgent})   // instead of d
	if err := s.queue(1, Message{Data: []byte("5"), Class: Ordinary}); !errors.Is(err, ErrQueueFull) {
		t.Fatalf("an ordinary message with nothing spare to drop: %v", err)
	}
	s.must(1, Message{Data: []byte("w"), Class: Urgent}) // instead of 1
	var got string
	for b := s.next(1, 0); b != 0; b = s.next(1, 0) {
		got += string(b)
	}
	if got != "uvw234" {
		t.Errorf("went out %q", got)
	}
	if s.ev["evicted spare"] != 4 || s.ev["evicted ordinary"] != 1 || s.ev["queue_full ordinary"] != 1 {
		t.Errorf("events %v", s.ev)
	}
}

// Bytes bound the queue as well, and a message that does not fit even then drops
// nothing.
// Rule: Q1
func TestRoomByBytes(t *testing.T) {
	s := newStand(t, 1, Config{QueueBytes: 40_000}) // 30,000 per lane
	for range 3 {
		s.must(1, Message{Data: make([]byte, 9000), Class: Spare})
	}
	s.must(1, Message{Data: make([]byte, 20_000), Class: Ordinary})
	if s.ev["evicted spare"] != 2 {
		t.Errorf("events %v, want two dropped", s.ev)
	}
	if err := s.queue(1, Message{Data: make([]byte, 25_000), Class: Ordinary}); !errors.Is(err, ErrQueueFull) || s.ev["evicted spare"] != 2 {
		t.Errorf("a message that cannot fit: %v, events %v", err, s.ev)
	}
}

// Rule: Q2
func TestMessagesExpire(t *testing.T) {
	s := newStand(t, 1, Config{})
	until := t0.Add(time.Second)
	s.must(1, Message{Data: []byte("u"), Class: Urgent, Until: until})
	s.must(1, Message{Data: []byte("o"), Class: Ordinary, Until: until})
	s.must(1, Message{Data: []byte("s"), Class: Spare, Until: until})
	s.must(1, Message{Data: []byte("t"), Class: Spare})
	s.now = until
	if a, b, c := s.next(1, 0), s.next(1, 0), s.next(1, 0); a != 'u' || b != 't' || c != 0 {
		t.Errorf("went out %c %c %c, want u and t", a, b, c)
	}
	if s.ev["expired ordinary"] != 1 || s.ev["expired spare"] != 1 {
		t.Errorf("events %v", s.ev)
	}
}

func TestCancelTakesOne(t *testing.T) {
	s := newStand(t, 2, Config{})
	for i := 1; i <= 2; i++ {
		s.must(i, Message{Data: []byte("a"), Class: Spare, Tag: 7})
		s.must(i, Message{Data: []byte("b"), Class: Spare, Tag: 8})
		s.must(i, Message{Data: large('c'), Class: Ordinary, Tag: 9})
	}
	for tag, want := range map[uint64]bool{0: false, 8: true, 9: true, 10: false} {
		if got := s.tab.Cancel(member(1), gossip, tag); got != want {
			t.Errorf("Cancel(%d) = %v", tag, got)
		}
	}
	if s.tab.Cancel(member(1), gossip, 8) || s.tab.Cancel(member(1), chat, 7) || s.tab.Cancel(member(3), gossip, 7) {
		t.Error("cancelled what is not there")
	}
	if a, b := s.next(1, 0), s.next(1, 0); a != 'a' || b != 0 {
		t.Errorf("went out %c %c, want a alone", a, b)
	}
	s.tab.TakeCancels()
	if s.tab.Cancel(member(1), gossip, 7) {
		t.Error("cancelled what was written")
	}
	if got := s.tab.TakeCancels(); !slices.Equal(got, []Cancelled{{1, gossip, 7}}) {
		t.Errorf("to be looked for in links: %v", got)
	}
	for range cancelsMax + 1 {
		s.tab.Cancel(member(1), gossip, 7)
	}
	if a, b := len(s.tab.TakeCancels()), len(s.tab.TakeCancels()); a != cancelsMax || b != 0 {
		t.Errorf("%d and %d are named, want %d and none", a, b, cancelsMax)
	}
	p, _ := s.tab.ByConn(2)
	if n, _ := p.Queued(); n != 3 {
		t.Errorf("%d messages wait for the other peer, want 3", n)
	}
}

// A few links write bulk at one time. The others pass small messages, and are
// called in turn when a writer comes back for more.
// Rule: F10
func TestBulkTakesTurns(t *testing.T) {
	s := newStand(t, 4, Config{BulkLinks: 2})
	for i := 1; i <= 4; i++ {
		s.must(i, Message{Data: large('A'), Class: Spare})
		s.must(i, Message{Data: []byte("x"), Class: Spare})
		s.must(i, Message{Data: large('B'), Class: Spare})
	}
	s.ready(1, 2, 3, 4)
	for i, want := range []byte{'A', 'A', 'x', 'x'} {
		if got := s.next(i+1, 0); got != want {
			t.Fatalf("peer %d writes %c, want %c", i+1, got, want)
		}
	}
	if s.next(3, 0) != 0 || s.next(4, 0) != 0 {
		t.Fatal("more than two write bulk")
	}
	s.ready()
	if got := s.next(1, 0); got != 'x' { // it has written: 3 may
		t.Fatalf("peer 1 writes %c", got)
	}
	s.ready(3)
	if got := s.next(1, 0); got != 0 { // its second comes after 4's first
		t.Fatalf("peer 1 writes %c out of turn", got)
	}
	if got := s.next(3, 0); got != 'A' {
		t.Fatalf("peer 3 writes %c", got)
	}
	if got := s.next(2, link.LaneSet(0).With(gossip)); got != 0 { // its wire is still full of the first
		t.Fatal("a busy lane was served")
	}
	s.ready()
	if got := s.next(2, 0); got != 'x' {
		t.Fatalf("peer 2 writes %c", got)
	}
	s.ready(4)
}

// Bulk and small messages of a class go in their order while there is a place.
func TestBulkKeepsOrderWithAPlace(t *testing.T) {
	s := newStand(t, 1, Config{})
	for _, m := range [][]byte{[]byte("1"), large('2'), []byte("3"), large('4'), []byte("5")} {
		s.must(1, Message{Data: m, Class: Ordinary})
	}
	var got string
	for b := s.next(1, 0); b != 0; b = s.next(1, 0) {
		got += string(b)
	}
	if got != "12345" {
		t.Errorf("went out %q", got)
	}
}

// A place that is held too long passes on; so does one whose holder goes, and one
// whose message was cancelled.
func TestBulkPlacePassesOn(t *testing.T) {
	s := newStand(t, 6, Config{BulkLinks: 1})
	for i := 1; i <= 6; i++ {
		s.must(i, Message{Data: large('A'), Class: Spare, Tag: 1})
		s.next(i, 0)
	}
	s.tab.TakeReady()
	if got := s.tab.Deadline(); got != t0.Add(bulkHold) {
		t.Fatalf("deadline %v, want that of the place", got.Sub(t0))
	}
	s.now = t0.Add(bulkHold)
	s.tab.Advance(s.now) // 1 is stuck
	s.ready(2)
	s.tab.Drop(s.now, member(2), link.Useless)
	s.ready(3)
	s.tab.Cancel(member(3), gossip, 1)
	s.tab.Cancel(member(4), gossip, 1)
	if s.next(3, 0) != 0 {
		t.Fatal("what was cancelled is written")
	}
	s.ready(5)
	s.tab.Shut(s.now, 5, gossip)
	s.ready(6)
	if s.next(6, 0) != 'A' || s.next(6, 0) != 0 {
		t.Fatal("peer 6 does not write")
	}
	s.now = s.now.Add(time.Minute)
	if got := s.tab.Deadline(); !got.IsZero() {
		t.Errorf("deadline %v of a table in which nothing waits", got)
	}
	if len(s.tab.bulk.waiting) != 0 || len(s.tab.bulk.held) != 0 {
		t.Errorf("left behind: %d wait, %d hold", len(s.tab.bulk.waiting), len(s.tab.bulk.held))
	}
}

// G18: two hundred peers that read nothing cost what their queues may hold and are
// closed when they have been stuck for stallAfter, though nothing more is sent.
// Rule: S8
func TestG18PeersThatNeverRead(t *testing.T) {
	const n = 200
	s := newStand(t, n, Config{QueueMsgs: 64})
	frame := make([]byte, 4<<10)
	for range 1000 {
		for i := 1; i <= n; i++ {
			s.must(i, Message{Data: frame, Class: Spare})
		}
	}
	p, _ := s.tab.ByID(member(1))
	if msgs, bytes := p.Queued(); msgs != 48 || bytes != 48*costOf(len(frame)) || s.tab.bytes != n*bytes {
		t.Fatalf("%d messages, %d bytes wait", msgs, bytes)
	}
	s.now = t0.Add(10 * time.Second)
	s.next(1, 0) // one reads after all
	if at := s.tab.Deadline(); at != t0.Add(stallAfter) {
		t.Fatalf("deadline %v", at.Sub(t0))
	}
	s.tab.Advance(t0.Add(stallAfter))
	closes := s.tab.TakeCloses()
	if len(closes) != n-1 || closes[0].Reason != link.Timeout {
		t.Fatalf("%d closed, want %d", len(closes), n-1)
	}
	if at := s.tab.Deadline(); at != t0.Add(10*time.Second+stallAfter) {
		t.Errorf("next deadline %v", at.Sub(t0))
	}
	for i := 1; i <= n; i++ {
		s.tab.Remove(s.now, link.Conn(i), nil)
	}
	if s.tab.bytes != 0 || !s.tab.Deadline().IsZero() || s.tab.spare.n > freeItemsMax || s.tab.spare.m > freeItemsMax {
		t.Error("something is left of them")
	}
}

// Who waits for others to write bulk is not stuck.
func TestWaitingForAPlaceIsNoStall(t *testing.T) {
	s := newStand(t, 2, Config{BulkLinks: 1})
	for i := 1; i <= 2; i++ {
		s.must(i, Message{Data: large('A'), Class: Spare})
		s.must(i, Message{Data: large('B'), Class: Spare})
		s.next(i, 0)
	}
	s.now = t0.Add(stallAfter)
	if s.tab.bulk.held[0].until = s.now.Add(time.Hour); true {
		s.tab.Advance(s.now)
	}
	if got := s.tab.TakeCloses(); len(got) != 1 || got[0].Conn != 1 {
		t.Fatalf("closes %v, want the one that writes", got)
	}
	s.tab.TakeReady()
	s.now = s.now.Add(time.Second) // its time runs from when it was called
	s.tab.checkAt = s.now
	s.tab.Advance(s.now)
	if got := s.tab.TakeCloses(); len(got) != 0 {
		t.Fatalf("closes %v", got)
	}
	if s.next(2, 0) != 'A' {
		t.Error("peer 2 was not called")
	}
}

// Searching a full queue for what is not in it.
func BenchmarkCancelMiss(b *testing.B) {
	s := newStand(b, 1, Config{})
	for i := range 384 {
		s.must(1, Message{Data: []byte("x"), Class: Spare, Tag: uint64(i + 1)})
	}
	for b.Loop() {
		s.tab.Cancel(member(1), gossip, 1<<40)
	}
}
