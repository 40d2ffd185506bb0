package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/internal/plain"
)

// lineRoom is how many lines a listener may be behind.
const lineRoom = 256

// ChatJoin enters a room and, when there is somebody to ask, returns once the
// room's history has arrived, or after wait at the latest.
func (n *Node) ChatJoin(ctx context.Context, room string, wait time.Duration) error {
	_, err := ask(ctx, n, func(now time.Time, reply func(chat.Answer, error)) {
		t := n.tickets.Next()
		n.waits[t] = func(result any) { reply(chat.Answer{}, result.(chat.Answer).Err) }
		n.machine.Join(now, t, room, wait)
	})
	return err
}

// ChatLeave leaves a room. Its log stays.
func (n *Node) ChatLeave(ctx context.Context, room string) error {
	_, err := ask(ctx, n, func(now time.Time, reply func(struct{}, error)) {
		t := n.tickets.Next()
		n.waits[t] = func(result any) { reply(struct{}{}, result.(chat.Answer).Err) }
		n.machine.Leave(now, t, room)
	})
	return chatError(err)
}

// ChatSay says a line in a room we are in. It returns when the line is on disk:
// state "queued" when nobody took it yet, "sent" with the number of peers it went
// to otherwise.
func (n *Node) ChatSay(ctx context.Context, room, text string) (ChatLine, error) {
	l, err := ask(ctx, n, func(now time.Time, reply func(ChatLine, error)) {
		t := n.tickets.Next()
		n.waits[t] = func(result any) {
			a := result.(chat.Answer)
			if a.Err != nil || a.Line == nil {
				reply(ChatLine{}, a.Err)
				return
			}
			reply(chatLine(*a.Line), nil)
		}
		n.machine.Say(now, t, room, text)
	})
	return l, chatError(err)
}

// ChatHistory returns a page of a room's lines, ordered by their authors' times,
// from those received after the cursor, and the cursor that goes on from there.
func (n *Node) ChatHistory(ctx context.Context, room, since string, limit int) ([]ChatLine, string, error) {
	type page struct {
		lines  []ChatLine
		cursor string
	}
	p, err := ask(ctx, n, func(_ time.Time, reply func(page, error)) {
		lines, cursor, err := n.machine.History(room, since, limit)
		out := page{make([]ChatLine, 0, len(lines)), cursor}
		for _, l := range lines {
			out.lines = append(out.lines, chatLine(l))
		}
		reply(out, err)
	})
	return p.lines, p.cursor, chatError(err)
}

// ChatRooms lists the rooms we are in.
func (n *Node) ChatRooms(ctx context.Context) ([]Room, error) {
	return ask(ctx, n, func(_ time.Time, reply func([]Room, error)) {
		out := []Room{}
		for _, r := range n.machine.Rooms() {
			out = append(out, Room{Room: r.Name, Topic: r.Topic, Members: r.Peers, Lines: r.Lines, Archived: r.Archived, Restored: r.Restored})
		}
		reply(out, nil)
	})
}

// flushWithin bounds how long a stop waits for the last lines to reach the archive.
const flushWithin = 3 * time.Second

// flushChat puts what we said last into the archive, so that it is there when we are gone.
func (n *Node) flushChat(ctx context.Context) {
	if !n.archives {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	_, err := ask(ctx, n, func(now time.Time, reply func(struct{}, error)) {
		t := n.tickets.Next()
		n.waits[t] = func(any) { reply(struct{}{}, nil) }
		n.machine.FlushChat(now, t)
	})
	if err != nil {
		n.log.Debug("last lines not archived", "err", err)
	}
}

// ChatSubscribe delivers new lines, and changes of state of our own, of one room
// or of all ("").
func (n *Node) ChatSubscribe(ctx context.Context, room string) *ChatSubscription {
	var wants func(ChatLine) bool
	if room != "" {
		wants = func(l ChatLine) bool { return l.Room == room }
	}
	s := n.lines.listen(lineRoom, wants, nil)
	if s == nil {
		return nil
	}
	s.tie(ctx)
	return &ChatSubscription{s}
}

func chatError(err error) error {
	switch {
	case errors.Is(err, chat.ErrNoRoom):
		return ErrNoSuchRoom
	case errors.Is(err, chat.ErrText), errors.Is(err, chat.ErrRoom), errors.Is(err, chat.ErrCursor):
		return fmt.Errorf("%w: %w", ErrBadInput, err)
	}
	return err
}

// chatLine is a line as it may be shown: what others wrote is made harmless here,
// once, for terminal, log and page.
func chatLine(l chat.Line) ChatLine {
	return ChatLine{ID: l.ID.String(), Room: l.Room, Author: plain.Line(l.Author, 64), AuthorID: l.AuthorID, Text: plain.Text(l.Text, len(l.Text)), At: l.At, State: string(l.State), Peers: l.Peers}
}
