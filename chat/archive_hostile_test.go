package chat

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// forger is a remote that tells a hall of archives it makes up.
type forger struct {
	*puppet
	by    *Author
	pages map[PageID][]byte
	gets  int
	queue []func()
}

func (f *forger) Put(_ time.Time, t id.Ticket, page []byte) {
	f.queue = append(f.queue, func() { f.take(f.hall.Paged(f.now, t, nil, 1, nil)) })
}

func (f *forger) Get(_ time.Time, t id.Ticket, p PageID) {
	f.gets++
	f.queue = append(f.queue, func() {
		raw, ok := f.pages[p]
		var err error
		if !ok {
			err = errors.New("nobody has it")
		}
		f.take(f.hall.Paged(f.now, t, raw, 0, err))
	})
}

// pagesOf is a forger as Pages, whose Drop is another than a Sender's.
type pagesOf struct{ *forger }

func (pagesOf) Drop(time.Time, PageID) {}

func newForger(t testing.TB, lines int) *forger {
	f := &forger{puppet: &puppet{t: t, now: epoch, id: id.ID{7}, lost: map[id.ID]bool{}}, by: testAuthor(t, 2), pages: map[PageID][]byte{}}
	f.hall = New(Config{Network: testNetwork, Author: testAuthor(t, 1), Pages: pagesOf{f}, RoomLines: lines}, f.puppet, f.puppet)
	f.hall.Load(f.now, func(string) ([]byte, bool) { return nil, false })
	f.take(f.hall.Join(f.now, id.Ticket{Owner: "test", N: 1}, "lobby", 0))
	f.hall.Up(f.now, f.id)
	return f
}

func (f *forger) room() *room { return f.hall.rooms.Values()[0] }

// run lets time pass and answers what the hall asks of the archive.
func (f *forger) run(d time.Duration) {
	for end := f.now.Add(d); f.now.Before(end); {
		for len(f.queue) > 0 {
			next := f.queue[0]
			f.queue = f.queue[1:]
			next()
			if err := f.hall.checkInvariants(); err != nil {
				f.t.Fatal(err)
			}
		}
		f.pass(min(100*time.Millisecond, end.Sub(f.now)))
	}
}

// tell sends notes.
func (f *forger) tell(notes ...[]byte) error {
	return f.recv(codeLines, someLines{lines: notes}.encode())
}

// lines are signed lines of the author, numbered from seq.
func (f *forger) lines(by *Author, room string, seq uint64, n int) (out [][]byte) {
	for i := range n {
		at := epoch.Add(-time.Hour + time.Duration(seq+uint64(i))*time.Second)
		out = append(out, lineAt(by, testNetwork, room, fmt.Sprint("line ", seq+uint64(i)), seq+uint64(i), at))
	}
	return out
}

// shelve seals a page for a room and keeps it.
func (f *forger) shelve(room string, p *page) PageID {
	raw := pageKeyOf(tagOf(testNetwork), room).seal(p)
	which := PageID(sha256.Sum256(raw))
	f.pages[which] = raw
	return which
}

// good is a page and its head that a hall takes.
func (f *forger) good(n int) (*page, *head) {
	p := &page{room: lobby(), author: f.by.pub, node: f.by.node, lines: f.lines(f.by, "lobby", 1, n)}
	return p, &head{room: lobby(), lines: uint64(n), seq: uint64(n), at: uint64(epoch.UnixNano())}
}

func (f *forger) signed(d *head) []byte {
	f.by.signHead(d)
	return d.encode()
}

func TestGoodArchive(t *testing.T) {
	f := newForger(t, 0)
	p, d := f.good(5)
	d.newest = f.shelve("lobby", p)
	if err := f.tell(f.signed(d)); err != nil {
		t.Fatal(err)
	}
	f.run(time.Minute)
	if n := len(f.room().byPos); n != 5 || f.gets != 1 || f.room().restored != 5 {
		t.Errorf("%d lines, %d gets", n, f.gets)
	}
}

// A page that is not what its head promises costs one fetch, and nothing of it is kept.
func TestHostilePages(t *testing.T) {
	other := testAuthor(t, 3)
	for name, spoil := range map[string]func(f *forger, p *page, d *head) []byte{ // a result takes the page's place
		"another author":             func(f *forger, p *page, _ *head) []byte { p.author, p.node = other.pub, other.node; return nil },
		"lines of another author":    func(f *forger, p *page, _ *head) []byte { p.lines = f.lines(other, "lobby", 1, 5); return nil },
		"one line of another author": func(f *forger, p *page, _ *head) []byte { p.lines[4] = f.lines(other, "lobby", 5, 1)[0]; return nil },
		"lines of another room":      func(f *forger, p *page, _ *head) []byte { p.lines = f.lines(f.by, "den", 1, 5); return nil },
		"page of another room":       func(f *forger, p *page, _ *head) []byte { p.room = keyOf(tagOf(testNetwork), "den"); return nil },
		"sealed for another room": func(f *forger, p *page, _ *head) []byte {
			return pageKeyOf(tagOf(testNetwork), "den").seal(p)
		},
		"out of order": func(f *forger, p *page, _ *head) []byte { p.lines[1], p.lines[2] = p.lines[2], p.lines[1]; return nil },
		"a line twice": func(f *forger, p *page, _ *head) []byte { p.lines[1] = p.lines[0]; return nil },
		"a line changed": func(f *forger, p *page, _ *head) []byte {
			p.lines[3] = flip(p.lines[3], len(p.lines[3])-80)
			return nil
		},
		"a signature":        func(f *forger, p *page, _ *head) []byte { p.lines[3] = flip(p.lines[3], len(p.lines[3])-1); return nil },
		"no line":            func(f *forger, p *page, _ *head) []byte { p.lines[3] = []byte{0xc0}; return nil },
		"later than it says": func(f *forger, p *page, d *head) []byte { d.seq = 3; return nil },
		"more than it says":  func(f *forger, p *page, d *head) []byte { d.lines = 4; return nil },
		"another number":     func(f *forger, p *page, d *head) []byte { d.number, d.last = 2, PageID{1}; return nil },
		"too many lines": func(f *forger, p *page, _ *head) []byte {
			p.lines = f.lines(f.by, "lobby", 1, pageLinesMax+1)
			return nil
		},
		"too large": func(f *forger, p *page, _ *head) []byte {
			return pageKeyOf(tagOf(testNetwork), "lobby").seal(&page{lines: [][]byte{make([]byte, 1<<20)}})
		},
		"nothing":     func(*forger, *page, *head) []byte { return []byte{} },
		"a file":      func(*forger, *page, *head) []byte { return bytes.Repeat([]byte("file"), 1000) },
		"a bit of it": func(_ *forger, p *page, _ *head) []byte { return flip(lobbyKey().seal(p), 100) },
		"cut short":   func(_ *forger, p *page, _ *head) []byte { b := lobbyKey().seal(p); return b[:len(b)-1] },
		"before its head": func(f *forger, p *page, d *head) []byte {
			p.number, p.before, p.prevs = 1, 3, []PageID{{9}}
			d.number, d.lines, d.last = 1, 8, PageID{8}
			return nil
		},
	} {
		f := newForger(t, 0)
		p, d := f.good(5)
		raw := spoil(f, p, d)
		if raw == nil {
			raw = lobbyKey().seal(p)
		}
		d.newest = sha256.Sum256(raw)
		f.pages[d.newest] = raw
		if err := f.tell(f.signed(d)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f.run(3 * time.Hour)
		if n := len(f.room().byPos); n != 0 || f.gets != 1 || len(f.drop) != 0 {
			t.Errorf("%s: %d lines, %d gets, dropped %v", name, n, f.gets, f.drop)
		}
		if len(f.hall.walks) != 0 || f.hall.gets != 0 {
			t.Errorf("%s: %d walks go on", name, len(f.hall.walks))
		}
	}
}

func lobbyKey() pageKey { return pageKeyOf(tagOf(testNetwork), "lobby") }

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// Whose archive is refused is not looked at again for an hour, however often he signs.
func TestBarred(t *testing.T) {
	f := newForger(t, 0)
	for i := range 50 {
		d := &head{room: lobby(), lines: uint64(i + 1), seq: 9, at: uint64(epoch.UnixNano())}
		raw := fmt.Appendf(nil, "no page, but as long as one has to be: %d", i)
		d.newest = sha256.Sum256(raw)
		f.pages[d.newest] = raw
		if err := f.tell(f.signed(d)); err != nil {
			t.Fatal(err)
		}
		f.run(time.Minute)
	}
	if f.gets != 1 {
		t.Errorf("%d gets in 50 minutes", f.gets)
	}
}

// An archive without an end is followed as far as a walk goes, one of pages that nobody has
// costs a few gets, less and less often.
func TestEndlessArchives(t *testing.T) {
	f := newForger(t, 0)
	var prev PageID
	last := uint64(walkPagesMax + 88)
	for n := range last + 1 {
		p := &page{room: lobby(), author: f.by.pub, node: f.by.node, number: n, before: n, lines: f.lines(f.by, "lobby", n+1, 1)}
		if n > 0 {
			p.prevs = []PageID{prev}
		}
		if n == last {
			d := &head{room: lobby(), number: n, last: prev, lines: n + 1, seq: n + 1, at: uint64(epoch.UnixNano())}
			d.newest = f.shelve("lobby", p)
			if err := f.tell(f.signed(d)); err != nil {
				t.Fatal(err)
			}
		}
		prev = f.shelve("lobby", p)
	}
	f.run(time.Hour)
	if f.gets != walkPagesMax || len(f.room().byPos) != walkPagesMax {
		t.Errorf("%d gets, %d lines; want %d", f.gets, len(f.room().byPos), walkPagesMax)
	}

	f = newForger(t, 0)
	p := &page{room: lobby(), author: f.by.pub, node: f.by.node, number: 1 << 40, before: 1 << 50, lines: f.lines(f.by, "lobby", 1, 1)}
	for i := range prevsMax {
		p.prevs = append(p.prevs, PageID{byte(i + 1)})
	}
	d := &head{room: lobby(), number: 1 << 40, last: p.prevs[0], lines: 1<<50 + 1, seq: 1, at: uint64(epoch.UnixNano())}
	d.newest = f.shelve("lobby", p)
	if err := f.tell(f.signed(d)); err != nil {
		t.Fatal(err)
	}
	f.run(time.Minute)
	early := f.gets
	f.run(24 * time.Hour)
	if early > 1+5*prevsMax || f.gets > 1+20*prevsMax {
		t.Errorf("%d gets in a minute, %d in a day", early, f.gets)
	}
}

// An archive that is there in part leads from hole to hole: each page that is there names
// seven that are not. A walk leaves off at missingMax of them in each round, and comes to
// the end.
func TestArchiveOfHoles(t *testing.T) {
	f := newForger(t, 0)
	const last = 50 * prevsMax
	var prevs []PageID
	for n := range uint64(last + 1) {
		p := &page{room: lobby(), author: f.by.pub, node: f.by.node, number: n, before: n, lines: f.lines(f.by, "lobby", n+1, 1), prevs: prevs}
		which := PageID{byte(n), byte(n >> 8), 1}
		if n%prevsMax == 0 {
			which = f.shelve("lobby", p)
		}
		if n == last {
			if err := f.tell(f.signed(&head{room: lobby(), number: n, newest: which, last: prevs[0], lines: n + 1, seq: n + 1, at: uint64(epoch.UnixNano())})); err != nil {
				t.Fatal(err)
			}
		}
		prevs = append([]PageID{which}, prevs[:min(len(prevs), prevsMax-1)]...)
	}
	f.run(walkRetry - time.Second)
	missed := func() int { return f.gets - len(f.room().byPos) }
	const most = missingMax + getsMax - 1 // those under way come back too
	if n := missed(); n < missingMax || n > most || len(f.hall.walks) != 0 {
		t.Errorf("%d pages missed at first, want %d", n, missingMax)
	}
	for k, _ := f.room().heads.Get(f.by.node); k.walk != nil; {
		before := missed()
		f.pass(k.due.Sub(f.now))
		f.run(time.Second)
		if n := missed() - before; n > most || len(f.hall.walks) != 0 {
			t.Fatalf("%d pages missed in a round, want %d", n, missingMax)
		}
	}
	if n := len(f.room().byPos); n != last/prevsMax+1 || f.gets > walkPagesMax {
		t.Errorf("%d lines, want all that are there; %d gets", n, f.gets)
	}
}

// A walk goes over a page that nobody has, and comes back for it.
func TestHole(t *testing.T) {
	f := newForger(t, 0)
	var prevs []PageID
	var hidden []byte
	for n := range uint64(5) {
		p := &page{room: lobby(), author: f.by.pub, node: f.by.node, number: n, before: 2 * n, lines: f.lines(f.by, "lobby", 2*n+1, 2), prevs: prevs}
		which := f.shelve("lobby", p)
		if n == 4 {
			if err := f.tell(f.signed(&head{room: lobby(), number: 4, newest: which, last: prevs[0], lines: 10, seq: 10, at: uint64(epoch.UnixNano())})); err != nil {
				t.Fatal(err)
			}
		}
		prevs = append([]PageID{which}, prevs...)
	}
	hole := prevs[2]
	hidden, f.pages[hole] = f.pages[hole], nil
	delete(f.pages, hole)
	f.run(2 * time.Minute)
	if len(f.room().byPos) != 8 {
		t.Errorf("%d lines around the hole, want 8", len(f.room().byPos))
	}
	before := f.gets
	f.pages[hole] = hidden
	f.run(time.Hour)
	if len(f.room().byPos) != 10 || f.gets > before+1 {
		t.Errorf("%d lines, want 10; %d gets more", len(f.room().byPos), f.gets-before)
	}
}

// Lines of the archive do not take the place of lines that are there.
func TestArchiveInFullRoom(t *testing.T) {
	f := newForger(t, 10)
	for i, line := range f.lines(testAuthor(t, 3), "lobby", 1, 8) {
		f.take(f.hall.Delivered(f.now, lobby().topic(), line, id.ID{byte(i)}))
	}
	p, d := f.good(5)
	d.newest = f.shelve("lobby", p)
	if err := f.tell(f.signed(d)); err != nil {
		t.Fatal(err)
	}
	f.run(time.Hour)
	if n := f.room().restored; n != 2 || len(f.room().byPos) != 10 || f.room().floor != 0 {
		t.Errorf("%d lines restored, %d in the room", n, len(f.room().byPos))
	}
	if f.gets != 1 || len(f.hall.walks) != 0 {
		t.Errorf("%d gets", f.gets)
	}
}

// Notes: what is unknown is ignored, what is malformed costs the link, and so does a head
// that its author did not sign.
func TestHostileNotes(t *testing.T) {
	f := newForger(t, 0)
	_, d := f.good(5)
	d.newest = PageID{1}
	good := f.signed(d)
	forged := *d
	forged.lines++
	mark := bytesItem(make([]byte, markBytes))
	room := bytesItem(d.room[:])
	for name, c := range map[string]struct {
		note []byte
		bad  bool
	}{
		"unknown":                {listOf(uintItem(77), room), false},
		"unknown room":           {listOf(uintItem(noteHeads), bytesItem(make([]byte, 32)), bytesItem(make([]byte, 32))), false},
		"ask of an unknown room": {listOf(uintItem(noteAsk), bytesItem(make([]byte, 32)), mark), false},
		"no list":                {[]byte{1}, true},
		"empty":                  {listOf(), true},
		"short digest":           {listOf(uintItem(noteHeads), room, bytesItem(make([]byte, 31))), true},
		"long digest":            {listOf(uintItem(noteHeads), room, bytesItem(make([]byte, 32)), uintItem(1)), true},
		"odd marks":              {listOf(uintItem(noteAsk), room, bytesItem(make([]byte, 9))), true},
		"half a head":            {rlp.AppendList(nil, d.fields()), true},
		"a head of no lines":     {(&head{room: lobby(), at: 1}).encode(), true},
		"a page it cannot have":  {(&head{room: lobby(), at: 1, lines: 3, number: 3, last: PageID{1}}).encode(), true},
		"no page before":         {(&head{room: lobby(), at: 1, lines: 3, number: 1}).encode(), true},
		"one before the first":   {(&head{room: lobby(), at: 1, lines: 3, last: PageID{1}}).encode(), true},
		"of the future":          {f.signed(&head{room: lobby(), lines: 1, at: uint64(epoch.Add(time.Hour).UnixNano())}), false},
	} {
		if err := f.tell(c.note); (err != nil) != c.bad {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f.room().heads.Len() != 0 || len(f.drop) != 0 {
		t.Errorf("%d heads, dropped %v", f.room().heads.Len(), f.drop)
	}
	if err := f.tell(good); err != nil || f.room().heads.Len() != 1 {
		t.Errorf("a good head: %v", err)
	}
	if err := f.tell(forged.encode()); err != nil || len(f.drop) != 1 || !errors.Is(f.drop[0], ErrForged) {
		t.Errorf("a forged head: %v, dropped %v", err, f.drop)
	}
	if k, _ := f.room().heads.Get(f.by.node); k.head.lines != 5 {
		t.Error("the forged head was kept")
	}
}

// One peer cannot fill the table of heads for good, nor bring more than its share.
func TestHeadsOfManyAuthors(t *testing.T) {
	f := newForger(t, 0)
	r := f.room()
	fake := func(n int) *known {
		d := &head{room: lobby(), lines: 1, at: 1}
		k, err := id.KeyFromBytes(append(bytes.Repeat([]byte{5}, 30), byte(n>>8), byte(n)))
		if err != nil {
			t.Fatal(err)
		}
		d.node = k.Public()
		told := knownOf(d, d.encode())
		told.who = k.ID()
		return told
	}
	honest := id.ID{8}
	f.hall.Up(f.now, honest)
	kept := 0
	for n := range headsMax + 100 {
		if f.hall.keepHead(f.now, r, fake(n+1), f.id) {
			kept++
		}
	}
	if kept != headsMax {
		t.Fatalf("%d heads kept", kept)
	}
	for n := range headsMax {
		f.hall.keepHead(f.now, r, fake(n+1000), honest)
	}
	shares := map[id.ID]int{}
	for _, k := range r.heads.All() {
		shares[k.teller]++
	}
	if shares[honest] != headsMax/2 || shares[f.id] != headsMax/2 {
		t.Errorf("shares %v", shares)
	}
	if !f.hall.keepHead(f.now, r, func() *known { k := fake(5000); k.who = f.hall.cfg.Self; return k }(), id.ID{}) {
		t.Error("our own head is refused")
	}
	f.hall.Down(f.now, f.id)
	for _, k := range r.heads.All() {
		if k.teller == f.id {
			t.Fatal("who told of a head is remembered when it is gone")
		}
	}
}

// A peer's new heads are checked at a bounded rate.
func TestHeadRate(t *testing.T) {
	f := newForger(t, 0)
	for i := range 2 * headsMax {
		d := &head{room: lobby(), lines: uint64(i + 1), newest: PageID{1}, at: 1}
		if err := f.tell(f.signed(d)); err != nil {
			t.Fatal(err)
		}
	}
	if k, _ := f.room().heads.Get(f.by.node); k.head.lines > headsMax+1 {
		t.Errorf("%d heads checked at once", k.head.lines)
	}
}
