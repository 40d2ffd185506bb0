package chat

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

func TestTwoTalk(t *testing.T) {
	w := newWorld(t)
	a, b := w.node("a"), w.node("b")
	w.link(a, b)
	ja, jb := a.join("lobby"), b.join("lobby")
	w.run(time.Second)
	for n, j := range map[*vnode]id.Ticket{a: ja, b: jb} {
		if x, ok := n.answers[j]; !ok || x.Err != nil {
			t.Fatalf("%s joined: %v, %v", n.name, ok, x.Err)
		}
	}
	l := a.mustSay("lobby", "one")
	if l.State != Sent || l.Peers != 1 || l.Author != "~"+a.id.Short() || l.AuthorID != a.id {
		t.Fatalf("answered %+v", l)
	}
	b.mustSay("lobby", "two")
	w.run(time.Second)
	w.same("lobby", "one two", a, b)
	if s, n := a.state("lobby", l.ID); s != Delivered || n != 1 {
		t.Errorf("the line is %s with %d, want delivered with 1", s, n)
	}
	if s, _ := b.state("lobby", l.ID); s != Received {
		t.Errorf("b has the line as %s", s)
	}
	var states []State
	for _, x := range a.lines {
		if x.ID == l.ID {
			states = append(states, x.State)
		}
	}
	if fmt.Sprint(states) != "[queued sent delivered]" {
		t.Errorf("subscribers saw %v", states)
	}
}

// "kill -9 B, say two more, restart B: shows all three once, in order."
func TestKilledMemberCatchesUp(t *testing.T) {
	w := newWorld(t)
	a, b := w.two("lobby")
	a.mustSay("lobby", "one")
	b.kill()
	w.run(time.Second)
	l2, l3 := a.mustSay("lobby", "two"), a.mustSay("lobby", "three")
	if l2.State != Queued || l3.State != Queued {
		t.Fatalf("said to nobody: %s, %s", l2.State, l3.State)
	}
	w.run(time.Minute)
	b.start()
	w.same("lobby", "one", b)
	w.link(a, b)
	w.run(time.Second)
	w.same("lobby", "one two three", a, b)
	for _, l := range []Line{l2, l3} {
		if s, _ := a.state("lobby", l.ID); s != Delivered {
			t.Errorf("%q is %s after b came back", l.Text, s)
		}
	}
}

func TestCrashBeforeSync(t *testing.T) {
	w := newWorld(t)
	a, b := w.two("lobby")
	w.sync = time.Hour // the disks of both hang
	ticket := a.say("lobby", "lost")
	w.run(time.Second)
	if _, ok := a.answers[ticket]; ok {
		t.Fatal("answered before it was on disk")
	}
	a.kill()
	w.sync = 5 * time.Millisecond
	a.start()
	w.link(a, b)
	w.run(time.Second)
	w.same("lobby", "", a, b)
	w.sync = time.Hour
	b.say("lobby", "lost too")
	w.run(time.Second)
	w.sync = 5 * time.Millisecond
	b.kill()
	b.start()
	w.link(a, b)
	w.run(time.Second)
	l := b.mustSay("lobby", "again")
	// A line from others that was not synced comes back as history.
	a.kill()
	delete(a.disk, keyOf(tagOf(testNetwork), "lobby").logFile())
	a.start()
	w.link(a, b)
	w.run(time.Second)
	w.same("lobby", "again", a, b)
	if s, _ := b.state("lobby", l.ID); s != Delivered {
		t.Errorf("state %s", s)
	}
}

func TestLateJoinerWaitsForHistory(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.node("a"), w.node("b"), w.node("c")
	w.link(a, b)
	w.link(b, c)
	w.link(a, c)
	a.join("lobby")
	b.join("lobby")
	w.run(time.Second)
	var want []string
	for i := range 40 {
		text := fmt.Sprint("line", i)
		[]*vnode{a, b}[i%2].mustSay("lobby", text)
		want = append(want, text)
	}
	ticket := c.join("lobby")
	for range 1000 {
		w.run(time.Millisecond)
		if _, ok := c.answers[ticket]; ok {
			break
		}
	}
	if x, ok := c.answers[ticket]; !ok || x.Err != nil {
		t.Fatalf("join: %v %v", ok, x.Err)
	}
	w.same("lobby", strings.Join(want, " "), a, b, c)
	if w.now.Sub(epoch) > 6*time.Second {
		t.Errorf("joined only at %v", w.now.Sub(epoch))
	}
}

func TestJoinAnswer(t *testing.T) {
	for _, tt := range []struct {
		name     string
		set      func(w *world, a *vnode)
		wait     time.Duration
		from, to time.Duration
	}{
		{"alone", func(*world, *vnode) {}, 0, 0, 10 * time.Millisecond},
		{"alone and patient", func(*world, *vnode) {}, 3 * time.Second, 3 * time.Second, 3010 * time.Millisecond},
		{"among strangers", func(w *world, a *vnode) {
			w.link(a, w.node("b"))
			w.link(a, w.node("c"))
		}, 0, 20 * time.Millisecond, 100 * time.Millisecond},
		{"with a mute peer", func(w *world, a *vnode) {
			b := w.node("b")
			w.tap = func(from, _ *vnode, _ uint64, data []byte) []byte {
				if from == b {
					return nil
				}
				return data
			}
			w.link(a, b)
		}, 0, 3 * time.Second, 3010 * time.Millisecond},
		{"with a member and a mute peer", func(w *world, a *vnode) {
			b, c := w.node("b"), w.node("c")
			w.tap = func(from, _ *vnode, _ uint64, data []byte) []byte {
				if from == b {
					return nil
				}
				return data
			}
			c.join("lobby")
			w.run(time.Second)
			c.mustSay("lobby", "hello")
			w.link(a, b)
			w.link(a, c)
		}, 0, 20 * time.Millisecond, 150 * time.Millisecond},
		{"patient, a member comes", func(w *world, a *vnode) {
			b := w.node("b")
			b.join("lobby")
			w.after(time.Second, func() { w.link(a, b) })
		}, 10 * time.Second, time.Second, 1100 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			a := w.node("a")
			tt.set(w, a)
			start := w.now
			ticket := a.tickets.Next()
			a.news(a.hall.Join(w.now, ticket, "lobby", tt.wait))
			for range 5000 {
				if _, ok := a.answers[ticket]; ok {
					break
				}
				w.run(time.Millisecond)
			}
			if took := w.now.Sub(start); took < tt.from || took > tt.to {
				t.Errorf("answered after %v, want %v to %v", took, tt.from, tt.to)
			}
		})
	}
}

func TestManyUnderLoss(t *testing.T) {
	w := newWorld(t)
	var nodes []*vnode
	for i := range 12 {
		nodes = append(nodes, w.node(fmt.Sprint("n", i)))
	}
	for i, n := range nodes {
		w.link(n, nodes[(i+1)%len(nodes)])
		if j := (i + 5) % len(nodes); n.links[nodes[j].id] == nil {
			w.link(n, nodes[j])
		}
		n.join("lobby")
	}
	w.run(time.Second)
	w.drop = func(_, _ *vnode, _ string) bool { return w.rng.Float64() < 0.7 }
	for i := range 60 {
		nodes[w.rng.IntN(len(nodes))].say("lobby", fmt.Sprint(i))
		w.run(100 * time.Millisecond)
	}
	w.run(3 * time.Minute)
	first := nodes[0].hall
	for _, n := range nodes {
		if err := n.hall.checkInvariants(); err != nil {
			t.Error(n.name, err)
		}
		r, _ := n.hall.rooms.Get(keyOf(tagOf(testNetwork), "lobby"))
		r0, _ := first.rooms.Get(r.key)
		if len(r.byTime) != 60 {
			t.Errorf("%s has %d lines of 60", n.name, len(r.byTime))
			continue
		}
		for i, e := range r.byTime {
			if e.id != r0.byTime[i].id {
				t.Fatalf("%s has another order at %d", n.name, i)
			}
		}
	}
}

func TestOutboxSurvivesRestart(t *testing.T) {
	w := newWorld(t)
	a, b := w.node("a"), w.node("b")
	a.join("lobby")
	b.join("lobby")
	w.run(time.Second)
	l := a.mustSay("lobby", "alone")
	if l.State != Queued {
		t.Fatalf("state %s", l.State)
	}
	if got := a.hall.Rooms()[0].Queued; got != 1 {
		t.Errorf("%d queued", got)
	}
	a.kill()
	a.start()
	w.link(a, b)
	w.run(time.Second)
	w.same("lobby", "alone", a, b)
	if s, n := a.state("lobby", l.ID); s != Delivered || n != 1 {
		t.Errorf("state %s, %d", s, n)
	}
	a.kill()
	a.start()
	if s, _ := a.state("lobby", l.ID); s != Delivered {
		t.Errorf("state %s after another restart", s)
	}
}

// A member behind another one gets the line, but only direct peers confirm.
func TestReceiptsOnlyFromDirectPeers(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.node("a"), w.node("b"), w.node("c")
	w.link(a, b)
	w.link(b, c)
	for _, n := range []*vnode{a, b, c} {
		n.join("lobby")
	}
	w.run(time.Second)
	receipts := 0
	w.tap = func(_, _ *vnode, code uint64, data []byte) []byte {
		if code == codeReceipts {
			receipts++
		}
		return data
	}
	l := a.mustSay("lobby", "x")
	w.run(time.Second)
	w.same("lobby", "x", a, b, c)
	if s, n := a.state("lobby", l.ID); s != Delivered || n != 1 || receipts != 1 {
		t.Errorf("state %s, %d peers, %d receipts", s, n, receipts)
	}
}

func TestReceiptsAreBatchedAndCounted(t *testing.T) {
	w := newWorld(t)
	a := w.node("a")
	a.join("lobby")
	var lines []LineID
	for i := range 5 {
		o := w.node(fmt.Sprint("o", i))
		w.link(a, o)
		o.join("lobby")
	}
	w.run(time.Second)
	receipts := 0
	w.tap = func(_, _ *vnode, code uint64, data []byte) []byte {
		if code == codeReceipts {
			receipts++
		}
		return data
	}
	for range 10 {
		a.say("lobby", "x")
	}
	w.run(5 * time.Second)
	for _, l := range a.all("lobby") {
		lines = append(lines, l.ID)
		if l.State != Delivered || l.Peers != 5 {
			t.Errorf("%s, %d peers", l.State, l.Peers)
		}
	}
	if len(lines) != 10 || receipts != 5 {
		t.Errorf("%d lines, %d receipts", len(lines), receipts)
	}
	// The same receipts again count nothing.
	r, _ := a.hall.rooms.Get(keyOf(tagOf(testNetwork), "lobby"))
	_, err := a.hall.Recv(w.now, a.order[0].id, codeReceipts, encodeReceipts([]confirmed{{r.key, lines}}))
	if err != nil || a.all("lobby")[0].Peers != 5 {
		t.Errorf("repeated receipts: %v, %d", err, a.all("lobby")[0].Peers)
	}
}

func TestSayRefuses(t *testing.T) {
	w := newWorld(t)
	a := w.node("a")
	a.join("lobby")
	w.run(time.Second)
	for _, tt := range []struct {
		room, text string
		want       error
	}{
		{"other", "x", ErrNoRoom}, {"", "x", ErrRoom}, {"a b", "x", ErrRoom}, {"a\x1b", "x", ErrRoom},
		{strings.Repeat("r", 65), "x", ErrRoom}, {"lobby", "", ErrText}, {"lobby", strings.Repeat("x", 4097), ErrText},
		{"lobby", "\xff", ErrText}, {"lobby", strings.Repeat("x", 4096), nil},
	} {
		ticket := a.say(tt.room, tt.text)
		w.run(time.Second)
		if x, ok := a.answers[ticket]; !ok || !errors.Is(x.Err, tt.want) {
			t.Errorf("%.10q in %.10q: %v, want %v", tt.text, tt.room, x.Err, tt.want)
		}
	}
	var fast int
	for range 100 {
		if x := a.answers[a.say("lobby", "x")]; errors.Is(x.Err, ErrTooFast) {
			fast++
		}
	}
	if fast == 0 || fast > 60 {
		t.Errorf("%d of 100 lines at once refused", fast)
	}
}

func TestFailedDisk(t *testing.T) {
	w := newWorld(t)
	a := w.node("a")
	a.join("lobby")
	w.run(time.Second)
	a.mustSay("lobby", "one")
	a.diskErr = errors.New("disk full")
	ticket := a.say("lobby", "two")
	w.run(time.Second)
	if x := a.answers[ticket]; x.Err == nil || !errors.Is(x.Err, a.diskErr) {
		t.Fatalf("answered %v", x.Err)
	}
	w.same("lobby", "one", a)
	a.diskErr = nil
	a.mustSay("lobby", "three") // at once, behind a torn record: the log is rewritten
	a.kill()
	a.start()
	w.same("lobby", "one three", a)
	w.run(time.Minute)
	a.kill()
	a.start()
	w.same("lobby", "one three", a)
}

// Two own lines are under way when the first save fails: the second may only be
// acknowledged when it can be read again.
func TestFailedDiskUnderWay(t *testing.T) {
	w := newWorld(t)
	a := w.node("a")
	a.join("lobby")
	w.run(time.Second)
	a.diskErr = errors.New("disk full")
	t1 := a.say("lobby", "one")
	w.after(3*time.Millisecond, func() { a.say("lobby", "two") })
	w.after(7*time.Millisecond, func() { a.diskErr = nil })
	w.run(8*time.Millisecond + 500*time.Microsecond)
	if a.answers[t1].Err == nil {
		t.Fatal("the first was not refused")
	}
	for range 2000 {
		w.run(100 * time.Microsecond)
		if len(a.answers) == 3 {
			break
		}
	}
	a.kill()
	a.start()
	w.same("lobby", "two", a)
}

func TestLeave(t *testing.T) {
	w := newWorld(t)
	a, b := w.two("lobby")
	a.mustSay("lobby", "one")
	ticket := b.tickets.Next()
	b.news(b.hall.Leave(w.now, ticket, "lobby"))
	w.run(time.Second)
	if x, ok := b.answers[ticket]; !ok || x.Err != nil {
		t.Fatalf("leave: %v, %v", ok, x.Err)
	}
	if got := a.hall.Rooms()[0].Peers; got != 0 || len(b.hall.Rooms()) != 0 {
		t.Errorf("a sees %d members; b is in %v", got, b.hall.Rooms())
	}
	if l := a.mustSay("lobby", "two"); l.State != Queued {
		t.Errorf("said to nobody: %s", l.State)
	}
	w.same("lobby", "one", b) // history stays
	b.kill()
	b.start()
	w.link(a, b)
	w.run(time.Second)
	w.same("lobby", "one", b)
	b.join("lobby")
	w.run(time.Second)
	w.same("lobby", "one two", a, b)
}

func TestRoomsAreBounded(t *testing.T) {
	w := newWorld(t)
	a, b := w.node("a"), w.node("b")
	w.link(a, b)
	for i := range roomsMax {
		a.join(fmt.Sprint("r", i))
		b.join(fmt.Sprint("r", i))
	}
	w.run(10 * time.Second)
	if x := a.answers[a.join("one-more")]; !errors.Is(x.Err, ErrTooManyRooms) {
		t.Fatalf("one more: %v", x.Err)
	}
	if len(a.dropped)+len(b.dropped) > 0 {
		t.Fatalf("honest peers dropped each other: %v %v", a.dropped, b.dropped)
	}
	a.news(a.hall.Leave(w.now, id.Ticket{}, "r7"))
	a.join("one-more")
	w.run(time.Second)
	if n := a.hall.rooms.Len(); n != roomsMax {
		t.Errorf("%d rooms", n)
	}
	if b, ok := a.disk[keyOf(tagOf(testNetwork), "r7").logFile()]; ok && len(b) > 0 {
		t.Error("the forgotten room's log is still there")
	}
	a.kill()
	a.start()
	if n := len(a.hall.Rooms()); n != roomsMax {
		t.Errorf("%d rooms after a restart", n)
	}
}

func TestJoinIsDurable(t *testing.T) {
	w := newWorld(t)
	a := w.node("a")
	w.sync = time.Minute
	first, second := a.join("lobby"), a.join("lobby")
	w.run(50 * time.Second)
	if len(a.answers) != 0 {
		t.Fatal("answered before it was on disk")
	}
	w.run(20 * time.Second)
	if _, ok := a.answers[first]; !ok || len(a.answers) != 2 {
		t.Fatal(first, second, a.answers)
	}
	a.diskErr = errors.New("disk full")
	w.sync = time.Millisecond
	ticket := a.join("bar")
	w.run(time.Second)
	if x := a.answers[ticket]; !errors.Is(x.Err, a.diskErr) {
		t.Fatalf("answered %v", x.Err)
	}
	a.diskErr = nil
	ticket = a.join("bar")
	w.run(time.Second)
	if x, ok := a.answers[ticket]; !ok || x.Err != nil {
		t.Fatalf("again: answered %v, %v", ok, x.Err)
	}
	a.kill()
	a.start()
	if n := len(a.hall.Rooms()); n != 2 {
		t.Errorf("%d rooms after a restart", n)
	}
}

func TestHistoryPages(t *testing.T) {
	w := newWorld(t)
	a := w.node("a")
	a.join("lobby")
	w.run(time.Second)
	topic, b := Topic(testNetwork, "lobby"), testAuthor(t, 2)
	deliver := func(text string, ago time.Duration) {
		a.news(a.hall.Delivered(w.now, topic, lineAt(b, testNetwork, "lobby", text, 1, w.now.Add(-ago)), id.ID{9}))
	}
	for i := range 5 {
		deliver(fmt.Sprint("late", i), time.Duration(i)*time.Minute)
	}
	texts := func(since string, limit int) (string, string) {
		page, next, err := a.hall.History("lobby", since, limit)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, l := range page {
			out = append(out, l.Text)
		}
		return strings.Join(out, " "), next
	}
	got, cursor := texts("", 3)
	if got != "late2 late1 late0" { // received first, in the order of their claimed time
		t.Errorf("first page %q", got)
	}
	deliver("oldest", 10*time.Minute) // received last, so no page misses it
	if got, cursor = texts(cursor, 3); got != "oldest late4 late3" {
		t.Errorf("second page %q", got)
	}
	if got, again := texts(cursor, 3); got != "" || again != cursor {
		t.Errorf("after the end %q, cursor %q, want %q", got, again, cursor)
	}
	if got, tail := texts(Tail, 2); got != "oldest late4" || tail != cursor {
		t.Errorf("tail %q, %q", got, tail)
	}
	w.run(time.Second)
	a.kill()
	a.start()
	if got, _ := texts(cursor, 3); got != "" {
		t.Errorf("a cursor gives %q after a restart", got)
	}
	for _, bad := range []string{"x", "-1", "1.5", "99999999999999999999"} {
		if _, _, err := a.hall.History("lobby", bad, 1); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
	if got, _ := texts("4611686018427387903", 1); got != "" {
		t.Errorf("a cursor beyond the end gives %q", got)
	}
	if _, _, err := a.hall.History("bar", "", 1); !errors.Is(err, ErrNoRoom) {
		t.Errorf("no room: %v", err)
	}
}
