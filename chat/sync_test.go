package chat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/ropewalk/ropewalk/id"
	"pgregory.net/rapid"
)

// puppet is a remote that a test plays by hand against one hall.
type puppet struct {
	t    testing.TB
	hall *Hall
	now  time.Time
	id   id.ID
	out  []sentMsg // what the hall sent, to whomever
	drop []error
	news News // all of it
	lost map[id.ID]bool
}

type sentMsg struct {
	to   id.ID
	code uint64
	data []byte
}

func (p *puppet) Publish(time.Time, id.Ticket, string, []byte) {}
func (p *puppet) Follow(time.Time, string)                     {}
func (p *puppet) Unfollow(time.Time, string)                   {}
func (p *puppet) Drop(_ id.ID, why error)                      { p.drop = append(p.drop, why) }
func (p *puppet) Send(to id.ID, code uint64, data []byte) error {
	if p.lost[to] {
		return errors.New("queue full")
	}
	p.out = append(p.out, sentMsg{to, code, data})
	return nil
}

func newPuppet(t testing.TB) *puppet {
	p := &puppet{t: t, now: epoch, id: id.ID{7}, lost: map[id.ID]bool{}}
	p.hall = New(Config{Network: testNetwork, Author: testAuthor(t, 1)}, p, p)
	p.hall.Load(p.now, func(string) ([]byte, bool) { return nil, false })
	p.take(p.hall.Join(p.now, id.Ticket{Owner: "test", N: 1}, "lobby", 0))
	p.hall.Up(p.now, p.id)
	return p
}

// take does jobs and saves at once.
func (p *puppet) take(n News) {
	p.news.Lines = append(p.news.Lines, n.Lines...)
	p.news.Answers = append(p.news.Answers, n.Answers...)
	for _, j := range n.Jobs {
		p.take(p.hall.Done(p.now, j.Ticket, j.Run()))
	}
	for _, s := range n.Saves {
		p.take(p.hall.Saved(p.now, s.Ticket, nil))
	}
}

func (p *puppet) recv(code uint64, data []byte) error {
	n, err := p.hall.Recv(p.now, p.id, code, data)
	p.take(n)
	return err
}

// last is the last message the hall sent us; of code.
func (p *puppet) last(code uint64) []byte {
	p.t.Helper()
	for i := len(p.out) - 1; i >= 0; i-- {
		if p.out[i].code == code && p.out[i].to == p.id {
			return p.out[i].data
		}
	}
	p.t.Fatalf("the hall sent no message of code %d", code)
	return nil
}

func lobby() roomKey { return keyOf(tagOf(testNetwork), "lobby") }

func (p *puppet) pass(d time.Duration) {
	end := p.now.Add(d)
	for n := 0; ; n++ {
		due := p.hall.Deadline()
		if due.IsZero() || due.After(end) {
			break
		}
		if due.After(p.now) {
			p.now = due
		}
		p.take(p.hall.Advance(p.now))
		if n > 10_000 {
			p.t.Fatal("the hall never rests")
		}
	}
	p.now = end
}

// offer leads the hall to ask for the lines, and returns the request's number.
func (p *puppet) offer(lines ...[]byte) uint64 {
	p.t.Helper()
	if err := p.recv(codeRooms, encodeRooms([]roomKey{lobby()})); err != nil {
		p.t.Fatal(err)
	}
	m, err := decodeCompare(p.last(codeCompare))
	if err != nil {
		p.t.Fatal(err)
	}
	s := summary{req: m.req, verdict: verdictDiffers, hours: []hourDigest{{hour: hourOf(p.now.UnixNano()), count: 9}}}
	if err := p.recv(codeSummary, s.encode()); err != nil {
		p.t.Fatal(err)
	}
	g, err := decodeGetIDs(p.last(codeGetIDs))
	if err != nil {
		p.t.Fatal(err)
	}
	var ids []LineID
	for _, l := range lines {
		ids = append(ids, idOf(l))
	}
	if err := p.recv(codeIDs, someIDs{req: g.req, ids: ids}.encode()); err != nil {
		p.t.Fatal(err)
	}
	l, err := decodeGetLines(p.last(codeGetLines))
	if err != nil {
		p.t.Fatal(err)
	}
	if diff := cmp.Diff(ids, l.ids); diff != "" {
		p.t.Fatal(diff)
	}
	return l.req
}

func TestHandedOverLines(t *testing.T) {
	b := testAuthor(t, 2)
	l1 := lineAt(b, testNetwork, "lobby", "one", 1, epoch.Add(-48*time.Hour)) // old is fine in history
	l2 := lineAt(b, testNetwork, "lobby", "two", 2, epoch)
	future := lineAt(b, testNetwork, "lobby", "soon", 3, epoch.Add(time.Hour))
	other := lineAt(b, testNetwork, "bar", "bar", 1, epoch)
	foreign := lineAt(b, "main", "lobby", "main", 1, epoch)
	unsigned := append([]byte(nil), l2...)
	unsigned[len(unsigned)-1] ^= 1
	for _, tt := range []struct {
		name    string
		offered [][]byte
		given   [][]byte
		want    int
		err     bool // from Recv
		drop    bool
	}{
		{"good", [][]byte{l1, l2}, [][]byte{l1, l2}, 2, false, false},
		{"only some", [][]byte{l1, l2}, [][]byte{l2}, 1, false, false},
		{"none", [][]byte{l1, l2}, nil, 0, false, false},
		{"from the future", [][]byte{l1, future}, [][]byte{l1, future}, 1, false, false},
		{"not asked for", [][]byte{l1}, [][]byte{l2}, 0, false, true},
		{"in another order", [][]byte{l1, l2}, [][]byte{l2, l1}, 0, false, true},
		{"twice", [][]byte{l1, l2}, [][]byte{l1, l1}, 0, false, true},
		{"too many", [][]byte{l1}, [][]byte{l1, l2}, 0, true, false},
		{"forged", [][]byte{l1, unsigned}, [][]byte{l1, unsigned}, 0, false, true},
		{"of another room", [][]byte{other}, [][]byte{other}, 0, false, true},
		{"of another network", [][]byte{foreign}, [][]byte{foreign}, 0, false, true},
		{"no line at all", [][]byte{{1, 2, 3}}, [][]byte{{1, 2, 3}}, 0, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPuppet(t)
			err := p.recv(codeLines, someLines{p.offer(tt.offered...), tt.given}.encode())
			if (err != nil) != tt.err || (len(p.drop) > 0) != tt.drop || len(p.news.Lines) != tt.want {
				t.Errorf("error %v, dropped for %v, %d lines", err, p.drop, len(p.news.Lines))
			}
			if tt.drop && !errors.Is(p.drop[0], ErrForged) {
				t.Errorf("dropped for %v", p.drop[0])
			}
			p.hall.Down(p.now, p.id)
			assertNoResidue(t, p.hall)
		})
	}
}

func assertNoResidue(t testing.TB, h *Hall) {
	t.Helper()
	if h.remotes.Len() != 0 || !h.resyncDue.IsZero() || !h.announceDue.IsZero() {
		t.Errorf("%d remotes, resync due %v, announcement due %v", h.remotes.Len(), h.resyncDue, h.announceDue)
	}
	for _, r := range h.rooms.All() {
		if r.pulls.Len() != 0 || r.turn != nil {
			t.Errorf("room %s: %d pulls, turn %v", r.name, r.pulls.Len(), r.turn)
		}
	}
	for _, k := range h.open.All() {
		if k.pull != nil {
			t.Error("a job of a peer that is gone is still open")
		}
	}
	if err := h.checkInvariants(); err != nil {
		t.Error(err)
	}
}

// A peer goes in every stage of a pull, and while its lines are checked.
func TestResidue(t *testing.T) {
	line := lineAt(testAuthor(t, 2), testNetwork, "lobby", "one", 1, epoch)
	p := newPuppet(t)
	p.hall.Down(p.now, p.id)
	assertNoResidue(t, p.hall)
	p.hall.Up(p.now, p.id)
	req := p.offer(line)
	news, err := p.hall.Recv(p.now, p.id, codeLines, someLines{req, [][]byte{line}}.encode())
	if err != nil || len(news.Jobs) != 1 {
		t.Fatal(err, len(news.Jobs))
	}
	p.hall.Down(p.now, p.id)
	p.hall.Up(p.now, p.id) // the same peer, another link
	p.take(news)
	p.hall.Down(p.now, p.id)
	if len(p.news.Lines) != 0 {
		t.Error("lines of a former link were taken")
	}
	assertNoResidue(t, p.hall)
	p.pass(time.Hour)
	if due := p.hall.Deadline(); !due.IsZero() {
		t.Errorf("an idle hall without peers wants to wake at %v", due)
	}
}

func TestUnasked(t *testing.T) {
	p := newPuppet(t)
	line := lineAt(testAuthor(t, 2), testNetwork, "lobby", "one", 1, epoch)
	for code, data := range map[uint64][]byte{
		codeSummary:  summary{req: 99, verdict: verdictDiffers, hours: []hourDigest{{hour: 1, count: 1}}}.encode(),
		codeIDs:      someIDs{req: 99, ids: []LineID{{1}}}.encode(),
		codeLines:    someLines{99, [][]byte{line}}.encode(),
		codeReceipts: encodeReceipts([]confirmed{{lobby(), []LineID{{1}}}}),
	} {
		before := len(p.out)
		if err := p.recv(code, data); err != nil || len(p.out) != before || len(p.news.Lines) != 0 {
			t.Errorf("code %d: %v, %d messages, %d lines", code, err, len(p.out)-before, len(p.news.Lines))
		}
	}
}

func TestMalformedMessages(t *testing.T) {
	many := func(n int) (out []roomKey) {
		for i := range n {
			var k roomKey
			binary.BigEndian.PutUint32(k[:], uint32(i))
			out = append(out, k)
		}
		return out
	}
	ids := make([]LineID, idsMax+1)
	for _, tt := range []struct {
		name string
		code uint64
		data []byte
	}{
		{"unknown code", codes, nil},
		{"empty", codeRooms, nil},
		{"rooms twice", codeRooms, encodeRooms([]roomKey{{1}, {1}})},
		{"too many rooms", codeRooms, encodeRooms(many(roomsMax + 1))},
		{"too many IDs", codeIDs, someIDs{req: 1, ids: ids}.encode()},
		{"too many wanted", codeGetLines, getLines{req: 1, ids: ids[:wantMax+1]}.encode()},
		{"too many receipts", codeReceipts, encodeReceipts([]confirmed{{lobby(), ids[:receiptsMax+1]}})},
		{"too many receipts in parts", codeReceipts, encodeReceipts([]confirmed{{lobby(), ids[:200]}, {roomKey{}, ids[:200]}})},
		{"hours not ascending", codeGetIDs, getIDs{req: 1, hours: []hour{2, 2}}.encode()},
		{"too many hours", codeGetIDs, getIDs{req: 1, hours: make([]hour, hoursMax+1)}.encode()},
		{"summary not ascending", codeSummary, summary{req: 1, verdict: 2, hours: []hourDigest{{hour: 2, count: 1}, {hour: 1, count: 1}}}.encode()},
		{"hour of nothing", codeSummary, summary{req: 1, verdict: 2, hours: []hourDigest{{hour: 2}}}.encode()},
		{"verdict", codeSummary, summary{req: 1, verdict: 3}.encode()},
		{"long line", codeLines, someLines{1, [][]byte{make([]byte, lineBytesMax+1)}}.encode()},
		{"trailing", codeCompare, append(compare{}.encode(), 0)},
		{"huge", codeRooms, make([]byte, Protocol.BytesMax+1)},
	} {
		p := newPuppet(t)
		if err := p.recv(tt.code, tt.data); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestMessageFlood(t *testing.T) {
	p := newPuppet(t)
	var err error
	n := 0
	for ; err == nil && n < 10*recvBurst; n++ {
		err = p.recv(codeCompare, compare{req: 1, room: lobby()}.encode())
	}
	if !errors.Is(err, ErrFlood) || n > recvBurst+1 {
		t.Errorf("after %d messages: %v", n, err)
	}
}

// A member that promises lines and never gives them costs little.
func TestEmptyPromises(t *testing.T) {
	p := newPuppet(t)
	p.recv(codeRooms, encodeRooms([]roomKey{lobby()}))
	n, answered := 0, 0
	for range 600 {
		for answered < len(p.out) {
			m := p.out[answered]
			answered++
			switch m.code {
			case codeCompare:
				c, _ := decodeCompare(m.data)
				var hs []hourDigest
				for i := range hour(hoursMax) {
					hs = append(hs, hourDigest{hour: c.from + i, count: 1 << 60})
				}
				p.recv(codeSummary, summary{req: c.req, verdict: verdictDiffers, hours: hs}.encode())
			case codeGetIDs:
				g, _ := decodeGetIDs(m.data)
				ids := make([]LineID, idsMax)
				for i := range ids {
					n++
					binary.BigEndian.PutUint64(ids[i][:], uint64(n))
				}
				p.recv(codeIDs, someIDs{req: g.req, more: 1, ids: ids}.encode())
			case codeGetLines:
				g, _ := decodeGetLines(m.data)
				p.recv(codeLines, someLines{req: g.req}.encode())
			}
		}
		p.pass(100 * time.Millisecond)
	}
	if len(p.out) > 400 {
		t.Errorf("%d messages in a minute", len(p.out))
	}
	p.hall.Down(p.now, p.id)
	assertNoResidue(t, p.hall)
}

// The member whose turn it is falls silent: another one is asked within 2 s.
func TestSilentMember(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.node("a"), w.node("b"), w.node("c")
	w.link(b, c)
	b.join("lobby")
	c.join("lobby")
	w.run(time.Second)
	for i := range 20 {
		b.mustSay("lobby", fmt.Sprint(i))
	}
	w.tap = func(from, _ *vnode, code uint64, data []byte) []byte {
		if from == b && code != codeSummary && code != codeRooms {
			return nil
		}
		return data
	}
	w.link(a, b) // b is the first to be asked
	w.link(a, c)
	ticket := a.join("lobby")
	w.run(2500 * time.Millisecond)
	if x, ok := a.answers[ticket]; !ok || x.Err != nil {
		t.Fatalf("joined: %v %v", ok, x.Err)
	}
	if n := len(a.all("lobby")); n != 20 {
		t.Errorf("%d lines", n)
	}
}

// Two members have different lines: the second transfers as soon as the first has.
func TestTurns(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.node("a"), w.node("b"), w.node("c")
	for _, n := range []*vnode{b, c} {
		n.join("lobby")
		w.run(time.Second)
		data := lineAt(testAuthor(t, 9), testNetwork, "lobby", "for "+n.name, 1, w.now)
		n.news(n.hall.Delivered(w.now, Topic(testNetwork, "lobby"), data, id.ID{9}))
	}
	w.link(a, b)
	w.link(a, c)
	w.run(time.Second)
	transfers := 0
	w.tap = func(from, _ *vnode, code uint64, data []byte) []byte {
		if from == a && code == codeGetIDs {
			transfers++
			if r, _ := a.hall.rooms.Get(lobby()); r.turn == nil {
				t.Error("a transfer without the turn")
			}
		}
		return data
	}
	a.join("lobby")
	w.run(500 * time.Millisecond)
	if got := len(a.all("lobby")); got != 2 || transfers != 2 {
		t.Errorf("%d lines, %d transfers", got, transfers)
	}
}

// A peer with the same lines has ours: they are delivered without a receipt.
func TestSameHistoryConfirms(t *testing.T) {
	for _, asks := range []bool{true, false} {
		p := newPuppet(t)
		p.take(p.hall.Say(p.now, id.Ticket{Owner: "test", N: 2}, "lobby", "mine"))
		p.recv(codeRooms, encodeRooms([]roomKey{lobby()}))
		c, err := decodeCompare(p.last(codeCompare))
		if err != nil || c.count != 1 {
			t.Fatal(err, c.count)
		}
		wrong := c
		wrong.sum[0]++
		p.recv(codeCompare, wrong.encode())
		if l := p.news.Lines[len(p.news.Lines)-1]; l.State != Queued {
			t.Fatalf("%s after other lines", l.State)
		}
		if asks {
			p.recv(codeCompare, c.encode())
		} else {
			p.recv(codeSummary, summary{req: c.req, verdict: verdictSame}.encode())
		}
		if l := p.news.Lines[len(p.news.Lines)-1]; l.State != Delivered || l.Peers != 1 {
			t.Errorf("asks %v: %s, %d", asks, l.State, l.Peers)
		}
	}
}

func TestFullQueue(t *testing.T) {
	p := newPuppet(t)
	p.lost[p.id] = true
	p.recv(codeRooms, encodeRooms([]roomKey{lobby()}))
	p.hall.Down(p.now, p.id)
	p.hall.Up(p.now, p.id)
	p.pass(3500 * time.Millisecond)
	p.lost[p.id] = false
	p.pass(2 * time.Second)
	if rooms, err := decodeRooms(p.last(codeRooms)); err != nil || !rooms.Has(lobby()) {
		t.Error("the list of rooms was not told again")
	}
}

func TestMessagesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var key roomKey
		copy(key[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "room"))
		n := rapid.Uint64().Draw(t, "n")
		var ids []LineID
		for i := range rapid.IntRange(0, wantMax).Draw(t, "ids") {
			ids = append(ids, idOf([]byte{byte(i)}))
		}
		opts := []cmp.Option{cmp.AllowUnexported(compare{}, summary{}, hourDigest{}, getIDs{}, someIDs{}, getLines{}, someLines{}), cmpopts.EquateEmpty()}
		same := func(a, b any, err error) {
			t.Helper()
			if err != nil || !cmp.Equal(a, b, opts...) {
				t.Fatal(err, cmp.Diff(a, b, opts...))
			}
		}
		c := compare{n, key, n / 2, n / 3, digest(key)}
		c2, err := decodeCompare(c.encode())
		same(c, c2, err)
		s := summary{n, verdictDiffers, []hourDigest{{n / 4, n | 1, digest(key)}, {n/4 + 1, 1, digest{}}}}
		s2, err := decodeSummary(s.encode())
		same(s, s2, err)
		g := getIDs{n, key, []hour{n / 2, n/2 + 7}, n}
		g2, err := decodeGetIDs(g.encode())
		same(g, g2, err)
		i := someIDs{n, n & 1, ids}
		i2, err := decodeIDs(i.encode())
		same(i, i2, err)
		l := getLines{n, key, ids}
		l2, err := decodeGetLines(l.encode())
		same(l, l2, err)
		ls := someLines{n, [][]byte{key[:], {}}}
		ls2, err := decodeLines(ls.encode())
		same(ls, ls2, err)
	})
}

// Two halls with any two sets of lines end with the same set.
func TestSyncConverges(t *testing.T) {
	author := testAuthor(t, 3)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		a, b := w.node("a"), w.node("b")
		a.join("lobby")
		b.join("lobby")
		w.run(time.Second)
		var want int
		for i, mask := range rapid.SliceOfN(rapid.IntRange(0, 3), 0, 40).Draw(rt, "who has it") {
			ago := time.Duration(rapid.IntRange(0, 23*60).Draw(rt, "minutes ago")) * time.Minute
			data := lineAt(author, testNetwork, "lobby", fmt.Sprint(i), uint64(i), w.now.Add(-ago))
			for bit, n := range []*vnode{a, b} {
				if mask&(1<<bit) != 0 {
					n.news(n.hall.Delivered(w.now, Topic(testNetwork, "lobby"), data, id.ID{9}))
				}
			}
			if mask != 0 {
				want++
			}
		}
		w.link(a, b)
		w.run(2 * time.Second)
		if x, y := len(a.all("lobby")), len(b.all("lobby")); x != want || y != want {
			rt.Fatalf("%d and %d lines, want %d", x, y, want)
		}
		for _, n := range w.nodes {
			if err := n.hall.checkInvariants(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

func FuzzRecv(f *testing.F) {
	line := lineAt(testAuthor(f, 2), testNetwork, "lobby", "one", 1, epoch)
	var script []byte
	add := func(code byte, data []byte) {
		script = append(script, code)
		script = binary.BigEndian.AppendUint16(script, uint16(len(data)))
		script = append(script, data...)
	}
	add(codeRooms, encodeRooms([]roomKey{lobby()}))
	add(codeCompare, compare{req: 1, room: lobby(), from: 1}.encode())
	add(codeSummary, summary{req: 1, verdict: verdictDiffers, hours: []hourDigest{{hour: hourOf(epoch.UnixNano()), count: 1}}}.encode())
	add(codeIDs, someIDs{req: 2, more: 1, ids: []LineID{idOf(line)}}.encode())
	add(codeLines, someLines{3, [][]byte{line}}.encode())
	add(codeGetIDs, getIDs{req: 1, room: lobby(), hours: []hour{hourOf(epoch.UnixNano())}}.encode())
	add(codeGetLines, getLines{1, lobby(), []LineID{idOf(line)}}.encode())
	add(codeReceipts, encodeReceipts([]confirmed{{lobby(), []LineID{idOf(line)}}}))
	f.Add(script)
	f.Add([]byte(strings.Repeat("\x00\x00\x01\xc0", 20)))
	f.Fuzz(func(t *testing.T, script []byte) {
		p := newPuppet(t)
		p.take(p.hall.Say(p.now, id.Ticket{Owner: "test", N: 2}, "lobby", "mine"))
		for len(script) >= 3 {
			code, n := uint64(script[0]), int(binary.BigEndian.Uint16(script[1:]))
			n = min(n, len(script)-3)
			err := p.recv(code, script[3:3+n])
			script = script[3+n:]
			if err != nil {
				break
			}
			p.pass(time.Duration(code) * 100 * time.Millisecond)
			if err := p.hall.checkInvariants(); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range p.out {
			if len(m.data) > Protocol.BytesMax {
				t.Fatalf("code %d of %d bytes", m.code, len(m.data))
			}
		}
		p.hall.Down(p.now, p.id)
		assertNoResidue(t, p.hall)
	})
}
