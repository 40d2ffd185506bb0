package chat

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// shelf holds the pages of a world, whoever put them.
type shelf struct {
	pages  map[PageID][]byte
	lag    time.Duration
	others int   // replicas of what is put
	err    error // of every put
	gets   int
	missed int
	puts   int
	drops  int
	under  int
	most   int // gets at a time
}

func newShelf() *shelf {
	return &shelf{pages: map[PageID][]byte{}, lag: 50 * time.Millisecond, others: 3}
}

// reader is the shelf as one node sees it.
type reader struct {
	*shelf
	n *vnode
}

func (s reader) Put(_ time.Time, t id.Ticket, page []byte) {
	s.puts++
	s.n.later(s.lag, func() {
		if s.err == nil {
			s.pages[sha256.Sum256(page)] = page
		}
		s.n.news(s.n.hall.Paged(s.n.w.now, t, nil, s.others, s.err))
	})
}

func (s reader) Get(_ time.Time, t id.Ticket, p PageID) {
	s.gets++
	s.under++
	s.most = max(s.most, s.under)
	s.n.later(s.lag, func() {
		s.under--
		raw, ok := s.pages[p]
		var err error
		if !ok {
			s.missed++
			err = errors.New("nobody has it")
		}
		s.n.news(s.n.hall.Paged(s.n.w.now, t, raw, 0, err))
	})
}

func (s reader) Drop(_ time.Time, p PageID) {
	s.drops++
	delete(s.pages, p)
}

func withArchive(t testing.TB) *world {
	w := newWorld(t)
	w.shelf = newShelf()
	return w
}

// log is the room in the order of its lines.
func (n *vnode) log(room string) string {
	n.w.t.Helper()
	page, _, err := n.hall.History(room, "", pageMax)
	if err != nil {
		n.w.t.Fatal(err)
	}
	if err := n.hall.checkInvariants(); err != nil {
		n.w.t.Errorf("%s: %v", n.name, err)
	}
	var out []string
	for _, l := range page {
		out = append(out, l.Text)
	}
	return strings.Join(out, " ")
}

// talk has a node say n lines, some a second, and returns them.
func (n *vnode) talk(room string, from, count int) (texts []string) {
	n.w.t.Helper()
	for i := range count {
		text := fmt.Sprintf("%s%03d", n.name, from+i)
		n.say(room, text)
		n.w.run(300 * time.Millisecond)
		texts = append(texts, text)
	}
	return texts
}

// A writes and leaves for good. B was there but keeps few lines, C comes when only B is
// there: what no member has any more comes from the archive, once, in order.
func TestOlderThanAnyMemberOnline(t *testing.T) {
	w := withArchive(t)
	a := w.node("a")
	b := w.node("b", func(c *Config) { c.RoomLines = 10 })
	w.link(a, b)
	a.join("lobby")
	b.join("lobby")
	w.run(time.Second)
	want := a.talk("lobby", 0, 100)
	w.run(40 * time.Second) // the open page is put after a pause
	a.kill()
	w.run(time.Minute)
	if got := len(b.all("lobby")); got != 10 {
		t.Fatalf("b has %d lines, want the last 10", got)
	}
	c := w.node("c")
	w.link(b, c)
	j := c.join("lobby")
	for range 300 { // the answer waits for the archive, within its bound
		if _, ok := c.answers[j]; ok {
			break
		}
		w.run(10 * time.Millisecond)
	}
	if x, ok := c.answers[j]; !ok || x.Err != nil {
		t.Fatalf("join: %v %v", ok, x.Err)
	}
	if got := c.log("lobby"); got != strings.Join(want, " ") {
		t.Errorf("c has %q", got)
	}
	seen := map[LineID]int{}
	for _, l := range c.lines {
		seen[l.ID]++
	}
	if len(seen) != 100 {
		t.Errorf("subscribers saw %d lines", len(seen))
	}
	if info := c.hall.Rooms()[0]; info.Restored != 90 || info.Archived != 0 {
		t.Errorf("%+v, want 90 lines restored", info)
	}
	if n := len(w.shelf.pages); n != 2 {
		t.Errorf("%d pages are kept, want 2", n)
	}
	gets := w.shelf.gets
	w.run(time.Hour)
	if w.shelf.gets != gets {
		t.Errorf("%d pages were fetched again", w.shelf.gets-gets)
	}
}

// Lines older than what members compare, a week, come too.
func TestOlderThanAWeek(t *testing.T) {
	w := withArchive(t)
	a, b := w.two("lobby")
	want := a.talk("lobby", 0, 5)
	w.run(time.Minute)
	a.kill()
	w.now = w.now.Add(8 * 24 * time.Hour)
	w.run(time.Minute)
	c := w.node("c")
	w.link(b, c)
	c.join("lobby")
	w.run(3 * time.Second)
	w.same("lobby", strings.Join(want, " "), b, c)
}

// Without an archive nothing is put, asked for or told.
func TestNoArchive(t *testing.T) {
	w := withArchive(t)
	off := func(c *Config) { c.Pages = nil }
	a, b := w.node("a", off), w.node("b")
	w.link(a, b)
	a.join("lobby")
	b.join("lobby")
	w.run(time.Second)
	var notes int
	w.tap = func(from, _ *vnode, code uint64, data []byte) []byte {
		if m, err := decodeLines(data); code == codeLines && err == nil && m.req == 0 && from == a {
			notes++
		}
		return data
	}
	a.talk("lobby", 0, 70)
	b.talk("lobby", 0, 3)
	w.run(time.Minute)
	if w.shelf.puts != 1 || notes != 0 || len(a.dropped)+len(b.dropped) != 0 {
		t.Errorf("%d pages put, want that of b; %d notes of a; dropped %v %v", w.shelf.puts, notes, a.dropped, b.dropped)
	}
	if a.hall.rooms.Values()[0].walking() || a.hall.rooms.Values()[0].heads.Len() != 0 {
		t.Error("a took heads")
	}
}

// A member from before there were notes takes them for answers to a question that it no
// longer asks: it loses nothing but the archive.
func TestMemberOfAnOlderVersion(t *testing.T) {
	w := withArchive(t)
	a, b := w.node("a"), w.node("b")
	old := w.node("old", func(c *Config) { c.Pages = nil })
	w.link(a, b)
	w.link(a, old)
	w.link(b, old)
	notes := 0
	w.tap = func(_, to *vnode, code uint64, data []byte) []byte {
		m, err := decodeLines(data)
		if to != old || code != codeLines || err != nil || m.req != 0 {
			return data
		}
		notes += len(m.lines)
		return someLines{1 << 40, m.lines}.encode() // what 0 was: nobody's request
	}
	a.join("lobby")
	b.join("lobby")
	w.run(time.Second)
	want := a.talk("lobby", 0, 70)
	want = append(want, b.talk("lobby", 0, 5)...)
	w.run(time.Minute)
	old.join("lobby")
	w.run(time.Second)
	want = append(want, old.talk("lobby", 0, 3)...)
	w.run(time.Minute)
	w.same("lobby", strings.Join(want, " "), a, b, old)
	if n := len(a.dropped) + len(b.dropped) + len(old.dropped); notes < 2 || n != 0 {
		t.Errorf("%d notes came, %d links dropped", notes, n)
	}
}

// Members that have the lines fetch no page.
func TestNothingMissing(t *testing.T) {
	w := withArchive(t)
	a, b := w.two("lobby")
	for range 3 {
		a.talk("lobby", 0, 50)
		b.talk("lobby", 0, 50)
		w.run(time.Minute)
	}
	if w.shelf.gets != 0 {
		t.Errorf("%d pages fetched", w.shelf.gets)
	}
	for _, n := range []*vnode{a, b} {
		r := n.hall.rooms.Values()[0]
		if r.heads.Len() != 2 {
			t.Errorf("%s knows %d heads", n.name, r.heads.Len())
		}
		for _, k := range r.heads.All() {
			if k.done != k.head.mark() || k.head.lines != 150 {
				t.Errorf("%s: %d lines, done %+v", n.name, k.head.lines, k.done)
			}
		}
	}
	if w.shelf.drops == 0 {
		t.Error("pages that had become longer were kept")
	}
}

// An author who comes back goes on with his last page, or behind it when nobody has it.
func TestArchiveGoesOn(t *testing.T) {
	for _, lost := range []bool{false, true} {
		w := withArchive(t)
		a := w.node("a")
		a.join("lobby")
		w.run(time.Second)
		want := a.talk("lobby", 0, 70)
		w.run(time.Minute)
		a.kill()
		if lost {
			k, _ := a.hall.ours(a.hall.rooms.Values()[0])
			delete(w.shelf.pages, k.head.newest)
		}
		a.start()
		w.run(time.Second)
		want = append(want, a.talk("lobby", 70, 5)...)
		w.run(time.Minute)
		k, _ := a.hall.ours(a.hall.rooms.Values()[0])
		if k.head.lines != 75 || k.head.number != map[bool]uint64{false: 1, true: 2}[lost] {
			t.Errorf("lost %v: %d lines, page %d", lost, k.head.lines, k.head.number)
		}
		b := w.node("b")
		b.join("lobby")
		b.hall.heardAll(w.now, a.hall)
		w.run(time.Minute)
		if lost {
			want = append(want[:64:64], want[70:]...)
		}
		if got := b.texts("lobby"); got != strings.Join(want, " ") && !sameSet(got, want) {
			t.Errorf("lost %v: b has %q", lost, got)
		}
	}
}

func sameSet(got string, want []string) bool {
	g := strings.Fields(got)
	slices.Sort(g)
	return slices.Equal(g, slices.Sorted(slices.Values(want)))
}

// heardAll gives h the heads of another hall, as a member would.
func (h *Hall) heardAll(now time.Time, of *Hall) {
	for key, r := range of.rooms.All() {
		mine, _ := h.rooms.Get(key)
		for _, k := range r.heads.All() {
			same := knownOf(k.head, k.raw)
			same.who = k.who
			h.keepHead(now, mine, same, id.ID{})
		}
	}
}

// Whose log and heads are lost learns of his own archive from others, and neither starts
// a second one nor uses a sequence number twice.
func TestOwnArchiveComesBack(t *testing.T) {
	w := withArchive(t)
	a, b := w.node("a"), w.node("b", func(c *Config) { c.RoomLines = 3 })
	w.link(a, b)
	a.join("lobby")
	b.join("lobby")
	w.run(time.Second)
	want := a.talk("lobby", 0, 70)
	w.run(time.Minute)
	a.kill()
	clear(a.disk)
	w.run(time.Minute)
	a.start()
	w.link(a, b)
	a.join("lobby")
	w.run(time.Minute)
	want = append(want, a.talk("lobby", 70, 3)...)
	w.run(time.Minute)
	if !sameSet(a.texts("lobby"), want) {
		t.Errorf("a has %q", a.texts("lobby"))
	}
	k, _ := a.hall.ours(a.hall.rooms.Values()[0])
	if k.head.lines != 73 || k.head.number != 1 {
		t.Errorf("%d lines, page %d", k.head.lines, k.head.number)
	}
}

// Flush puts the open page and is answered when its head is told.
func TestFlush(t *testing.T) {
	w := withArchive(t)
	a, b := w.node("a"), w.node("b")
	w.link(a, b)
	a.join("lobby")
	a.join("den")
	b.join("lobby")
	w.run(time.Second)
	a.talk("lobby", 0, 3)
	a.talk("den", 0, 3)
	ticket := a.tickets.Next()
	a.news(a.hall.Flush(w.now, ticket))
	if _, ok := a.answers[ticket]; ok {
		t.Fatal("answered at once")
	}
	w.run(time.Second)
	if x, ok := a.answers[ticket]; !ok || x.Err != nil {
		t.Fatalf("not answered: %v", x.Err)
	}
	if len(w.shelf.pages) != 2 || b.hall.rooms.Values()[0].heads.Len() != 1 {
		t.Errorf("%d pages, b knows %d heads", len(w.shelf.pages), b.hall.rooms.Values()[0].heads.Len())
	}
	// Members know of it when it is answered, over links that take their time.
	w.lag = flushGrace - 50*time.Millisecond
	a.talk("lobby", 3, 1)
	ticket = a.tickets.Next()
	a.news(a.hall.Flush(w.now, ticket))
	for x := range 2 * time.Second / time.Millisecond {
		if _, ok := a.answers[ticket]; ok {
			break
		} else if w.run(time.Millisecond); x == 2*time.Second/time.Millisecond-1 {
			t.Fatal("not answered")
		}
	}
	a.kill()
	if k, _ := b.hall.rooms.Values()[0].heads.Get(a.hall.cfg.Author.node); k == nil || k.head.lines != 4 {
		t.Error("b does not know of the last line")
	}
	a.start()
	// Nothing to put, or nothing that can be put: answered all the same.
	for _, err := range []error{nil, errors.New("no room")} {
		if w.shelf.err = err; err != nil {
			a.talk("lobby", 3, 1)
		}
		ticket := a.tickets.Next()
		a.news(a.hall.Flush(w.now, ticket))
		w.run(time.Second)
		if _, ok := a.answers[ticket]; !ok {
			t.Errorf("not answered with %v", err)
		}
	}
}

// A page that cannot be put is put later; one that no other node took is offered again.
func TestPutAgain(t *testing.T) {
	w := withArchive(t)
	a := w.node("a")
	a.join("lobby")
	w.run(time.Second)
	w.shelf.err = errors.New("no room")
	a.talk("lobby", 0, 3)
	w.run(10 * time.Minute)
	if w.shelf.puts < 3 || w.shelf.puts > 6 {
		t.Errorf("%d tries in ten minutes", w.shelf.puts)
	}
	w.shelf.err, w.shelf.others = nil, 0
	w.run(20 * time.Minute)
	r := a.hall.rooms.Values()[0]
	if len(w.shelf.pages) != 1 || len(r.own.lonely) != 1 {
		t.Fatalf("%d pages, %d lonely", len(w.shelf.pages), len(r.own.lonely))
	}
	a.kill()
	a.start()
	w.shelf.others = 1
	w.run(5 * time.Minute)
	if r = a.hall.rooms.Values()[0]; len(r.own.lonely) != 0 {
		t.Errorf("%d lonely", len(r.own.lonely))
	}
}

// A page is dropped for one with more lines only when the disk knows of that one: a crash
// in between leaves an author who finds his own archive.
func TestCrashAfterPut(t *testing.T) {
	w := withArchive(t)
	a := w.node("a")
	a.join("lobby")
	w.run(time.Second)
	a.talk("lobby", 0, 10)
	w.run(40 * time.Second)
	a.talk("lobby", 10, 5)
	for puts := w.shelf.puts; w.shelf.puts == puts; {
		w.run(10 * time.Millisecond)
	}
	for range 20 { // a crash at any moment around the end of the put
		w.run(5 * time.Millisecond)
		disk := map[string][]byte{}
		for name, b := range a.disk {
			disk[name] = slices.Clone(b)
		}
		again := w.node("a", func(c *Config) { c.Pages = nil })
		again.kill()
		again.disk = disk
		again.cfg.Pages = reader{w.shelf, again}
		again.start()
		r := again.hall.rooms.Values()[0]
		if k, ok := again.hall.ours(r); !ok || w.shelf.pages[k.head.newest] == nil {
			t.Fatal("the head on disk names a page that is dropped")
		}
		again.kill()
	}
}
