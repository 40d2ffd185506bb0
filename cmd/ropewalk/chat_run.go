package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/ropewalk/ropewalk"
)

// lookEvery is how often the terminal chat asks who is there.
const lookEvery = 2 * time.Second

// interactive runs the terminal chat until the user leaves.
func (r *chatRoom) interactive(ctx context.Context) error {
	// Subscribed before the history is read, so that no line falls between; the
	// model shows a line once, however often it hears of it.
	sub, err := r.client.Subscribe(ctx, "chat_subscribe", map[string]any{"room": r.name})
	if err != nil {
		return err
	}
	if err := r.join(ctx, "0s"); err != nil {
		return err
	}
	m := newChatModel(r.name, func(text string) tea.Cmd {
		return func() tea.Msg {
			line, err := r.send(ctx, text)
			if err != nil {
				return noticeMsg(err.Error())
			}
			return lineMsg(line)
		}
	}, func() tea.Msg { return r.look(ctx) })
	m.put = func(file string) tea.Cmd {
		return func() tea.Msg {
			line, err := r.attach(ctx, file)
			if err != nil {
				return noticeMsg(err.Error())
			}
			return lineMsg(line)
		}
	}
	m.save = func(a attached, name string) tea.Cmd {
		return func() tea.Msg {
			name, err := r.save(ctx, a, name)
			if err != nil {
				return noticeMsg(err.Error())
			}
			return noticeMsg("saved as " + name)
		}
	}
	if err := r.history(ctx, func(l ropewalk.ChatLine) error { m.add(l); return nil }); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(r.app.in), tea.WithOutput(r.app.out), tea.WithEnvironment(r.app.env))
	pumped := make(chan struct{})
	go func() { // ends with the context, or with the subscription
		defer close(pumped)
		for {
			raw, err := sub.Next(ctx)
			if err != nil {
				p.Send(goneMsg{})
				return
			}
			var l ropewalk.ChatLine
			if json.Unmarshal(raw, &l) == nil {
				p.Send(lineMsg(l))
			}
		}
	}()
	final, err := p.Run()
	cancel()
	<-pumped
	if err != nil && !errors.Is(err, tea.ErrInterrupted) {
		return fmt.Errorf("terminal: %w", err)
	}
	if end, ok := final.(*chatModel); ok && end.gone {
		return failf(exitNoNode, "the node ended")
	}
	return nil
}

// look asks who is in the room.
func (r *chatRoom) look(ctx context.Context) tea.Msg {
	var rooms []ropewalk.Room
	var sessions []ropewalk.Session
	if err := r.client.Call(ctx, "chat_rooms", nil, &rooms); err != nil {
		return noticeMsg(err.Error())
	}
	if err := r.client.Call(ctx, "session_list", nil, &sessions); err != nil {
		return noticeMsg(err.Error())
	}
	out := presenceMsg{peers: len(sessions)}
	for _, x := range rooms {
		if x.Room == r.name {
			out.members = x.Members
		}
	}
	return out
}
