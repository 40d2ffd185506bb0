package chat

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// testLog is a log with three lines of others and one of our own, delivered.
func testLog(t testing.TB) (room string, data []byte, ends []int) {
	tag, a := tagOf(testNetwork), testAuthor(t, 1)
	data = appendHead(nil, tag, "lobby")
	ends = append(ends, len(data))
	for i := range 4 {
		raw := lineAt(a, testNetwork, "lobby", fmt.Sprint(i), uint64(i), epoch.Add(time.Duration(i)))
		data = appendLine(data, logged{pos: uint64(i + 1), received: uint64(epoch.UnixNano()), state: queued, raw: raw})
		ends = append(ends, len(data))
	}
	data = appendState(data, logged{pos: 2, state: delivered, peers: 3})
	return "lobby", data, append(ends, len(data))
}

func loadedHall(files map[string][]byte) (*Hall, News) {
	a := NewAuthor(testKey(2))
	h := New(Config{Network: testNetwork, Author: a}, nowhere{}, nowhere{})
	return h, h.Load(epoch.Add(time.Hour), func(name string) ([]byte, bool) { b, ok := files[name]; return b, ok })
}

func testKey(n byte) *id.Key {
	k, err := id.KeyFromBytes(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		panic(err)
	}
	return k
}

// nowhere is a Publisher and Sender that reaches nobody.
type nowhere struct{}

func (nowhere) Publish(time.Time, id.Ticket, string, []byte) {}
func (nowhere) Follow(time.Time, string)                     {}
func (nowhere) Unfollow(time.Time, string)                   {}
func (nowhere) Send(id.ID, uint64, []byte) error             { return nil }
func (nowhere) Drop(id.ID, error)                            {}

// A log torn anywhere keeps its whole records and is repaired by a replacing save
// that loads again to the same.
func TestTornLog(t *testing.T) {
	room, data, ends := testLog(t)
	file := keyOf(tagOf(testNetwork), room).logFile()
	list := appendRoom(nil, room, true)
	for n := range len(data) + 1 {
		whole := 0
		for _, e := range ends[1:5] {
			if e <= n {
				whole++
			}
		}
		h, news := loadedHall(map[string][]byte{roomsFile: list, file: data[:n]})
		got, _, err := h.History(room, "", 0)
		if err != nil || len(got) != whole {
			t.Fatalf("torn at %d: %d lines, %v; want %d", n, len(got), err, whole)
		}
		clean := n == 0
		for _, e := range ends {
			clean = clean || e == n
		}
		if clean != (len(news.Saves) == 0) {
			t.Fatalf("torn at %d: %d saves", n, len(news.Saves))
		}
		if clean {
			continue
		}
		s := news.Saves[0]
		if s.Append || s.File != file {
			t.Fatalf("torn at %d: repaired by %+v", n, s)
		}
		h2, news := loadedHall(map[string][]byte{roomsFile: list, file: s.Data})
		again, _, _ := h2.History(room, "", 0)
		if len(again) != whole || len(news.Saves) != 0 {
			t.Fatalf("torn at %d: the repaired log has %d lines, %d saves", n, len(again), len(news.Saves))
		}
	}
}

// A flipped bit costs what stands behind it, never the start, and nothing wrong
// is read.
func TestRottenLog(t *testing.T) {
	room, data, ends := testLog(t)
	file := keyOf(tagOf(testNetwork), room).logFile()
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		h, _ := loadedHall(map[string][]byte{roomsFile: appendRoom(nil, room, true), file: bad})
		got, _, _ := h.History(room, "", 0)
		want := 0
		for _, e := range ends[1:5] {
			if e <= i {
				want++
			}
		}
		if len(got) != want {
			t.Fatalf("bit flipped at %d: %d lines, want %d", i, len(got), want)
		}
		for j, l := range got {
			if l.Text != fmt.Sprint(j) {
				t.Fatalf("bit flipped at %d: line %d is %q", i, j, l.Text)
			}
		}
	}
}

func TestStateInLog(t *testing.T) {
	room, data, _ := testLog(t)
	h := New(Config{Network: testNetwork, Author: testAuthor(t, 1)}, nowhere{}, nowhere{})
	files := map[string][]byte{roomsFile: appendRoom(nil, room, true), keyOf(tagOf(testNetwork), room).logFile(): data}
	h.Load(epoch, func(name string) ([]byte, bool) { b, ok := files[name]; return b, ok })
	var states []State
	page, _, _ := h.History(room, "", 0)
	for _, l := range page {
		states = append(states, l.State)
	}
	if fmt.Sprint(states) != "[queued delivered queued queued]" || page[1].Peers != 3 {
		t.Errorf("states %v", states)
	}
	if h.lastSeq != 3 || h.lastAt != epoch.UnixNano()+3 {
		t.Errorf("sequence %d, time %d", h.lastSeq, h.lastAt)
	}
	if h.Deadline().IsZero() {
		t.Error("queued lines are not tried again")
	}
}

func TestDamagedRoomsFile(t *testing.T) {
	list := appendRoom(appendRoom(nil, "one", true), "two", false)
	for n := range len(list) + 1 {
		h, news := loadedHall(map[string][]byte{roomsFile: list[:n]})
		first := len(appendRoom(nil, "one", true))
		if want := n >= first; (len(h.Rooms()) == 1) != want {
			t.Fatalf("cut at %d: rooms %v", n, h.Rooms())
		}
		damaged := n != 0 && n != first && n != len(list)
		if damaged != (len(news.Saves) == 2) {
			t.Fatalf("cut at %d: %d saves", n, len(news.Saves))
		}
		if damaged && (!bytes.Equal(news.Saves[0].Data, list[:n]) || news.Saves[0].File == roomsFile) {
			t.Fatalf("cut at %d: the damaged list is not kept aside", n)
		}
	}
}

// Lines beyond the bounds drop the oldest; the log is rewritten now and then, is
// bounded, and holds the same as the memory.
func TestRoomBounds(t *testing.T) {
	const limit = 50
	w := newWorld(t)
	a := w.node("a", func(c *Config) { c.RoomLines, c.RoomBytes = limit, 100_000 })
	a.join("lobby")
	w.run(time.Second)
	w.job = 200 * time.Millisecond // lines come while the log is rewritten
	topic := Topic(testNetwork, "lobby")
	text := strings.Repeat("x", 4000)
	largest := 0
	for i := range 2000 {
		author := testAuthor(t, byte(i%20+1)) // each below the rate
		n := 10
		if i%7 == 0 {
			n = len(text)
		}
		a.news(a.hall.Delivered(w.now, topic, lineAt(author, testNetwork, "lobby", text[:n], uint64(i), w.now), id.ID{9}))
		w.run(50 * time.Millisecond)
		if err := a.hall.checkInvariants(); err != nil {
			t.Fatal(err)
		}
		largest = max(largest, len(a.disk[keyOf(tagOf(testNetwork), "lobby").logFile()]))
	}
	if largest > slackBytes+200_000 || largest < slackBytes/2 {
		t.Errorf("the log grew to %d bytes", largest)
	}
	w.run(time.Second)
	before := a.all("lobby")
	if len(before) > limit || len(before) < 10 {
		t.Errorf("%d lines kept", len(before))
	}
	a.kill()
	a.start()
	after := a.all("lobby")
	if len(after) != len(before) {
		t.Fatalf("%d lines after a restart, %d before", len(after), len(before))
	}
	for i := range after {
		if after[i].ID != before[i].ID {
			t.Fatalf("line %d differs after a restart", i)
		}
	}
}

// A room of 10,000 lines is handed to a member that joins late, and older lines
// do not come back to a room that is full.
func TestFullRoom(t *testing.T) {
	limit := roomLinesMax
	if testing.Short() {
		limit = 3000 // still more than a page of IDs
	}
	bound := func(c *Config) { c.RoomLines = limit }
	w := newWorld(t)
	a := w.node("a", bound)
	r := fillRoom(t, a, limit+500)
	if len(r.byPos) != limit {
		t.Fatalf("%d lines", len(r.byPos))
	}
	b := w.node("b", bound)
	w.link(a, b)
	ticket := b.join("lobby")
	w.run(20 * time.Second)
	if x, ok := b.answers[ticket]; !ok || x.Err != nil {
		t.Fatalf("join %v %v", ok, x.Err)
	}
	if got := b.hall.Rooms()[0].Lines; got != limit {
		t.Fatalf("%d lines after sync", got)
	}
	// c has two of the lines that the full rooms dropped.
	c := w.node("c", bound)
	rc := fillRoom(t, c, 2)
	if rc.byPos[0].at >= r.floor {
		t.Fatal("c's lines are not old")
	}
	asked := 0
	w.tap = func(from, to *vnode, code uint64, data []byte) []byte {
		if to == c && code == codeGetIDs {
			asked++
		}
		return data
	}
	w.link(c, a)
	w.run(2 * time.Minute)
	if asked > 0 {
		t.Errorf("a full room asks %d times for lines it would not keep", asked)
	}
	if got := a.hall.Rooms()[0].Lines; got != limit {
		t.Errorf("%d lines", got)
	}
	for _, n := range w.nodes {
		if err := n.hall.checkInvariants(); err != nil || len(n.dropped) > 0 {
			t.Error(n.name, err, n.dropped)
		}
	}
}

// fillRoom puts n lines into lobby as a log, 20 s apart: five authors, signed.
func fillRoom(t *testing.T, n *vnode, lines int) *room {
	log := appendHead(nil, n.hall.tag, "lobby")
	start := epoch.Add(-6 * 24 * time.Hour)
	authors := []*Author{testAuthor(t, 1), testAuthor(t, 2), testAuthor(t, 3)}
	for i := range lines {
		raw := lineAt(authors[i%3], testNetwork, "lobby", fmt.Sprint(i), uint64(i), start.Add(time.Duration(i)*20*time.Second))
		log = appendLine(log, logged{pos: uint64(i + 1), received: uint64(epoch.UnixNano()), raw: raw})
	}
	n.kill()
	n.disk[roomsFile] = appendRoom(nil, "lobby", true)
	n.disk[keyOf(n.hall.tag, "lobby").logFile()] = log
	n.start()
	r, _ := n.hall.rooms.Get(keyOf(n.hall.tag, "lobby"))
	return r
}

func FuzzLog(f *testing.F) {
	_, data, _ := testLog(f)
	f.Add(data)
	f.Add(data[:len(data)-3])
	tag := tagOf(testNetwork)
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, good := parseLog(tag, "lobby", data)
		again, n := parseLog(tag, "lobby", data[:good])
		if n != good || len(again) != len(lines) {
			t.Fatal("the good part is not good")
		}
		written := encodeLog(tag, "lobby", lines)
		third, n := parseLog(tag, "lobby", written)
		if n != len(written) || len(third) != len(lines) {
			t.Fatal("what was read cannot be written")
		}
		for i, l := range third {
			if l.pos != lines[i].pos || l.state != lines[i].state || !bytes.Equal(l.raw, lines[i].raw) {
				t.Fatalf("line %d changed", i)
			}
		}
		parseRooms(data)
	})
}
