package ropewalk

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/portal"
)

// overlaid is a running node that is in the network of files with the first of the others.
func overlaid(t *testing.T, lines int, first *Node) *Node {
	t.Helper()
	cfg := libConfig()
	cfg.Listen.UDP, cfg.Chat.Lines = "127.0.0.1:0", lines
	if first != nil {
		cfg.Session.Bootnodes = []string{first.Record()}
	}
	n := started(t, cfg)
	if first != nil {
		until(t, "a neighbour in the network of files", func() bool { return neighbours(t, n) > 0 })
	}
	return n
}

func neighbours(t *testing.T, n *Node) int {
	t.Helper()
	o, err := n.Network("blob")
	if err != nil {
		t.Fatal(err)
	}
	live, err := overlayLook(soon(t), o, func(_ time.Time, x *portal.Overlay) (int, error) { return x.Stats().Live, nil })
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func joinRoom(t *testing.T, n *Node, room string) {
	t.Helper()
	if err := n.ChatJoin(soon(t), room, 3*time.Second); err != nil {
		t.Fatal(err)
	}
}

// said are the texts of a room, in the order of their lines.
func said(t *testing.T, n *Node, room string) (texts []string) {
	t.Helper()
	lines, _, err := n.ChatHistory(soon(t), room, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		texts = append(texts, l.Text)
	}
	return texts
}

// A writes and leaves for good, with some lines in no page yet; B was there but keeps the last
// three only; C comes when B alone is in the room. All that A said is there, once and in order.
func TestChatOlderThanAnyMember(t *testing.T) {
	keeper := overlaid(t, 0, nil)
	a, b := overlaid(t, 0, keeper), overlaid(t, 3, keeper)
	join(t, a, b)
	joinRoom(t, a, "lobby")
	joinRoom(t, b, "lobby")
	var want []string
	for i := range 70 {
		text := fmt.Sprintf("line %02d", i)
		until(t, "the next line", func() bool {
			_, err := a.ChatSay(soon(t), "lobby", text)
			if err != nil && !errors.Is(err, chat.ErrTooFast) {
				t.Fatal(err)
			}
			return err == nil
		})
		want = append(want, text)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "b has the last lines", func() bool { return slices.Equal(said(t, b, "lobby"), want[67:]) })

	c := overlaid(t, 0, keeper)
	join(t, c, b)
	joinRoom(t, c, "lobby")
	until(t, "c has all lines", func() bool { return len(said(t, c, "lobby")) >= len(want) })
	if got := said(t, c, "lobby"); !slices.Equal(got, want) {
		t.Errorf("c has %q", got)
	}
	rooms, err := c.ChatRooms(soon(t))
	if err != nil || len(rooms) != 1 || rooms[0].Restored != 67 {
		t.Errorf("%+v, %v", rooms, err)
	}
}

// Without the archive what a member does not have any more is gone.
func TestNoChatArchive(t *testing.T) {
	cfg := libConfig()
	cfg.Listen.UDP, cfg.Chat.NoArchive = "127.0.0.1:0", true
	n := started(t, cfg)
	joinRoom(t, n, "lobby")
	if _, err := n.ChatSay(soon(t), "lobby", "hello"); err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	rooms, err := n.ChatRooms(soon(t))
	if err != nil || len(rooms) != 1 || rooms[0].Lines != 1 || rooms[0].Archived != 0 {
		t.Errorf("%+v, %v", rooms, err)
	}
}
