package chat

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A page and a head have one encoding, and what is decoded is within the bounds.
func FuzzPage(f *testing.F) {
	a := testAuthor(f, 2)
	p := &page{room: lobby(), author: a.pub, node: a.node, number: 1, before: 3, prevs: []PageID{{1}}, lines: [][]byte{lineAt(a, testNetwork, "lobby", "one", 4, epoch)}}
	d := &head{room: lobby(), number: 1, newest: PageID{2}, last: PageID{1}, lines: 4, seq: 4, at: 1}
	a.signHead(d)
	f.Add(p.encode())
	f.Add(d.encode())
	key := pageKeyOf(tagOf(testNetwork), "lobby")
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := decodeHead(b); err == nil && !bytes.Equal(d.encode(), b) {
			t.Fatalf("head %x came back as %x", b, d.encode())
		}
		if _, err := key.open(b); err == nil {
			t.Fatal("opened what nobody sealed")
		}
		p, err := decodePage(b)
		if err != nil {
			return
		}
		if !bytes.Equal(p.encode(), b) {
			t.Fatalf("page %x came back as %x", b, p.encode())
		}
		if len(p.lines) == 0 || len(p.lines) > pageLinesMax || len(p.prevs) > prevsMax || uint64(len(p.prevs)) > p.number {
			t.Fatalf("%d lines, %d pages before page %d", len(p.lines), len(p.prevs), p.number)
		}
		again, err := key.open(key.seal(p))
		if err != nil || !bytes.Equal(again.encode(), b) {
			t.Fatalf("sealed and opened: %v", err)
		}
	})
}

// Whatever a peer tells and whatever the archive holds, the hall stays within its bounds
// and comes to rest.
func FuzzNotes(f *testing.F) {
	a := testAuthor(f, 2)
	d := &head{room: lobby(), number: 1, newest: PageID{2}, last: PageID{1}, lines: 4, seq: 4, at: 1}
	a.signHead(d)
	var script []byte
	add := func(note []byte) {
		script = append(binary.BigEndian.AppendUint16(script, uint16(len(note))), note...)
	}
	room := lobby()
	add(listOf(uintItem(noteHeads), bytesItem(room[:]), bytesItem(make([]byte, 32))))
	add(d.encode())
	add(listOf(uintItem(noteAsk), bytesItem(room[:]), bytesItem(make([]byte, 16))))
	f.Add(script, []byte("page"))
	f.Fuzz(func(t *testing.T, script, raw []byte) {
		x := newForger(t, 0)
		x.pages[PageID{2}] = raw
		for len(script) >= 2 {
			n := min(int(binary.BigEndian.Uint16(script)), len(script)-2)
			note := script[2 : 2+n]
			script = script[2+n:]
			if len(note) > lineBytesMax || x.tell(note) != nil {
				break
			}
			x.run(500 * time.Millisecond)
		}
		x.hall.Down(x.now, x.id)
		x.run(2 * time.Second)
		assertNoResidue(t, x.hall)
		if x.hall.gets != 0 {
			t.Fatalf("%d gets", x.hall.gets)
		}
	})
}

// An author talks, falls silent, restarts, meets and loses a member that keeps few lines,
// and leaves. Whoever comes then has all he said, once and in order.
func TestArchiveProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := withArchive(t)
		w.shelf.others = rapid.IntRange(0, 3).Draw(rt, "others")
		a, b := w.node("a"), w.node("b", func(c *Config) { c.RoomLines = 5 })
		linked := false
		meet := func() {
			if !linked {
				w.link(a, b)
				linked = true
			}
		}
		a.join("lobby")
		b.join("lobby")
		meet()
		w.run(time.Second)
		var want []string
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"say", "say", "rest", "restart", "cut", "fail"}).Draw(rt, "step") {
			case "say":
				want = append(want, a.talk("lobby", len(want), rapid.IntRange(1, 80).Draw(rt, "lines"))...)
			case "rest":
				w.run(time.Duration(rapid.IntRange(1, 600).Draw(rt, "seconds")) * time.Second)
			case "restart":
				a.kill()
				linked = false
				w.run(time.Second)
				a.start()
			case "cut":
				if linked {
					w.cut(a, b)
					linked = false
				}
			case "fail":
				w.shelf.err = fmt.Errorf("no room")
				want = append(want, a.talk("lobby", len(want), 10)...)
				w.run(time.Minute)
				w.shelf.err = nil
			}
		}
		meet()
		w.run(time.Minute)
		a.news(a.hall.Flush(w.now, a.tickets.Next()))
		w.run(2 * time.Minute)
		a.kill()
		c := w.node("c")
		w.link(b, c)
		c.join("lobby")
		w.run(2 * time.Minute)
		if got := strings.Fields(c.log("lobby")); !slices.Equal(got, want) {
			rt.Fatalf("c has %d of %d lines: %q", len(got), len(want), got)
		}
		for _, n := range []*vnode{b, c} {
			if err := n.hall.checkInvariants(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}
