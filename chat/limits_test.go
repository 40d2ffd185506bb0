package chat

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// disk applies saves as a world does.
type disk map[string][]byte

func (d disk) apply(n News) {
	for _, s := range n.Saves {
		if !s.Append {
			d[s.File] = nil
		}
		d[s.File] = append(d[s.File], s.Data...)
	}
}

// Lines that come while the log is rewritten are in the new log, and a rewrite
// that was overtaken by a repair changes nothing.
func TestRewriteUnderWay(t *testing.T) {
	for _, overtaken := range []bool{false, true} {
		h, news := loadedHall(nil)
		d := disk{}
		d.apply(news)
		d.apply(h.Join(epoch, id.Ticket{}, "lobby", 0))
		deliver := func(i int) {
			data := lineAt(testAuthor(t, 5), testNetwork, "lobby", fmt.Sprint(i), uint64(i), epoch.Add(time.Duration(i)))
			d.apply(h.Delivered(epoch, Topic(testNetwork, "lobby"), data, id.ID{9}))
		}
		r, _ := h.rooms.Get(lobby())
		deliver(1)
		h.compact(r)
		first := h.take().Jobs[0]
		deliver(2)
		if overtaken {
			h.rewrite(r, task{kind: taskLog})
			h.compact(r)
			news := h.take()
			d.apply(news)
			deliver(3)
			d.apply(h.Done(epoch, first.Ticket, first.Run()))
			first = news.Jobs[0]
			deliver(4)
		}
		d.apply(h.Done(epoch, first.Ticket, first.Run()))
		deliver(5)
		again, news := loadedHall(d)
		want, _, _ := h.History("lobby", "", 0)
		got, _, _ := again.History("lobby", "", 0)
		if len(got) != len(want) || len(news.Saves) > 0 {
			t.Errorf("overtaken %v: %d lines on disk, %d in memory, %d repairs", overtaken, len(got), len(want), len(news.Saves))
		}
		if r2, _ := again.rooms.Get(lobby()); r2.log.bytes != r.log.bytes || r.log.compacting != 0 {
			t.Errorf("overtaken %v: the log has %d bytes, the hall thinks %d", overtaken, r2.log.bytes, r.log.bytes)
		}
	}
}

// Whose receipts came is remembered for so many lines only.
func TestAcksAreBounded(t *testing.T) {
	p := newPuppet(t)
	for i := range ackedMax + 20 {
		p.now = p.now.Add(time.Second)
		p.take(p.hall.Say(p.now, id.Ticket{Owner: "test", N: uint64(i + 2)}, "lobby", "x"))
		l := p.news.Lines[len(p.news.Lines)-1].ID
		if err := p.recv(codeReceipts, encodeReceipts([]confirmed{{lobby(), []LineID{l}}})); err != nil {
			t.Fatal(err)
		}
	}
	r, _ := p.hall.rooms.Get(lobby())
	told := 0
	for _, e := range r.byPos {
		if e.state != delivered || e.peers != 1 {
			t.Fatalf("%v with %d", e.state.state(), e.peers)
		}
		if e.acks != nil {
			told++
		}
	}
	if told != ackedMax || len(p.hall.acked) != ackedMax || len(r.mine) != 0 {
		t.Errorf("%d lines remember, %d listed, %d in the outbox", told, len(p.hall.acked), len(r.mine))
	}
	for i := range byte(2 * acksMax) {
		p.hall.Up(p.now, id.ID{100, i})
		q, _ := p.hall.remotes.Get(id.ID{100, i})
		p.hall.wasDelivered(p.now, q, r, r.byPos[len(r.byPos)-1])
	}
	if n := r.byPos[len(r.byPos)-1].peers; n != acksMax {
		t.Errorf("%d peers told apart", n)
	}
}

// We ask at less than half the pace a peer would take for a flood.
func TestAskPace(t *testing.T) {
	p := newPuppet(t)
	p.recv(codeRooms, encodeRooms([]roomKey{lobby()}))
	q, _ := p.hall.remotes.Get(p.id)
	pl, _ := q.pulls.Get(lobby())
	for range 2 * askBurst {
		p.hall.compare(p.now, pl)
	}
	if n := len(p.out); n > askBurst+1 {
		t.Errorf("%d requests at once", n)
	}
	before := len(p.out)
	p.pass(time.Second)
	if n := len(p.out) - before; n != 1 {
		t.Errorf("%d requests after a pause, want the one that was held", n)
	}
}

// Lines that wait longer than others would take them live are left to history.
func TestOldOutbox(t *testing.T) {
	w := newWorld(t)
	a, b := w.node("a"), w.node("b")
	a.join("lobby")
	w.run(time.Second)
	old := a.mustSay("lobby", "old")
	w.run(25 * time.Hour)
	b.join("lobby")
	w.run(time.Minute)
	if s, _ := a.state("lobby", old.ID); s != Queued {
		t.Errorf("the line is %s", s)
	}
	if a.seen[old.ID] {
		t.Error("published though nobody takes it")
	}
	w.link(a, b)
	w.run(time.Second)
	w.same("lobby", "old", a, b)
	if s, _ := a.state("lobby", old.ID); s != Delivered {
		t.Errorf("the line is %s after sync", s)
	}
}

// The members on the lane decide when the outbox is published.
func TestOutboxWaitsForMembers(t *testing.T) {
	p := newPuppet(t)
	published := 0
	p.hall.pub = counter{&published}
	p.take(p.hall.Say(p.now, id.Ticket{Owner: "test", N: 2}, "lobby", "mine"))
	if last := p.news.Answers[len(p.news.Answers)-1]; published != 0 || last.Err != nil || last.Line.State != Queued {
		t.Fatalf("%d published, answered %+v", published, last)
	}
	p.recv(codeRooms, encodeRooms([]roomKey{lobby()}))
	if published != 1 {
		t.Errorf("%d published when a member came", published)
	}
	p.pass(time.Hour) // no outcome ever comes: tried again, less and less often
	if published < 8 || published > 25 {
		t.Errorf("%d times published in an hour", published)
	}
}

type counter struct{ n *int }

func (c counter) Publish(time.Time, id.Ticket, string, []byte) { *c.n++ }
func (c counter) Follow(time.Time, string)                     {}
func (c counter) Unfollow(time.Time, string)                   {}
