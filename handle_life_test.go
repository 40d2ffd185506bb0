package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/ropewalk/ropewalk/link"
)

// closedFor waits for the end of the link at a node and says who ended it and why.
func closedFor(t testing.TB, events *EventSubscription) string {
	t.Helper()
	for {
		select {
		case e := <-events.C():
			if e.Kind == "down" {
				return e.Err
			}
		case <-soon(t).Done():
			t.Fatal("the link did not end in time")
		}
	}
}

// What Run returns decides how the link ends, or that it does not.
// Origin: C4
func TestC4ErrorsAndReasons(t *testing.T) {
	wrapped := func(err error) error { return fmt.Errorf("while talking: %w", err) }
	for _, tc := range []struct {
		name string
		err  error
		want DiscReason
		ends bool
	}{
		{"nothing", nil, 0, false},
		{"detach", ErrDetach, 0, false},
		{"detach, wrapped", wrapped(ErrDetach), 0, false},
		{"a reason", DiscUselessPeer, DiscUselessPeer, true},
		{"a reason, wrapped", wrapped(DiscTooManyPeers), DiscTooManyPeers, true},
		{"requested", DiscRequested, DiscRequested, true},
		{"malformed", wrapped(ErrMalformed), DiscProtocolError, true},
		{"bad code", wrapped(ErrInvalidCode), DiscProtocolError, true},
		{"too large", wrapped(ErrMsgTooLarge), DiscProtocolError, true},
		{"cancelled", wrapped(context.Canceled), DiscQuitting, true},
		{"shutting down", ErrShuttingDown, DiscQuitting, true},
		{"another", errors.New("no more"), DiscSubprotocolError, true},
		{"end of file", io.EOF, DiscSubprotocolError, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg, mine, theirs, echo := kinds[0].make(), newAsker(), newAsker(), newAsker()
			a := protocolled(t, cfg("a"), mine.protocol("words"), echo.protocol("echo"))
			b := protocolled(t, cfg("b"), theirs.protocol("words"), echoer("echo"))
			atA, atB := a.Events(t.Context(), "peer"), b.Events(t.Context(), "peer")
			join(t, a, b)
			c, e := mine.wait(t), echo.wait(t)
			x := theirs.wait(t)
			if err := SendBytes(x.rw, 5, []byte("last words")); err != nil {
				t.Fatal(err)
			}
			x.end <- tc.err
			c.want(t, 5, "last words") // what was accepted is written before the link ends
			if !tc.ends {
				e.ask(t, 1, "the link lives on")
				until(t, "the protocol has ended there", func() bool {
					s, err := b.Protocols(t.Context())
					return err == nil && s[0].Detached == 1
				})
				if err := SendBytes(x.rw, 1, nil); !errors.Is(err, ErrShuttingDown) {
					t.Errorf("writing after the end: %v", err)
				}
				for range 10 {
					if err := SendBytes(c.rw, 1, []byte("to nobody")); err != nil {
						t.Error(err)
					}
				}
				until(t, "messages for nobody are counted", func() bool {
					s, err := b.Protocols(t.Context())
					return err == nil && s[0].Discarded == 10
				})
				return
			}
			if got, want := closedFor(t, atB), (&link.Closed{Reason: tc.want}).Error(); got != want {
				t.Errorf("b was told %q, want %q", got, want)
			}
			if got, want := closedFor(t, atA), (&link.Closed{Reason: tc.want, Remote: true}).Error(); got != want {
				t.Errorf("a was told %q, want %q", got, want)
			}
			if _, err := e.rw.ReadMsg(); err != io.EOF {
				t.Errorf("a neighbour reads %v", err)
			}
		})
	}
}

// Disconnect may come from inside Run, from any goroutine, any number of times; the
// first reason is told, and Run's own error afterwards changes nothing.
// Origin: C10
func TestC10DisconnectFromAnywhere(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			cfg, mine := kind.make(), newAsker()
			a := protocolled(t, cfg("a"), mine.protocol("words"))
			b := protocolled(t, cfg("b"), Protocol{Name: "words", Version: 1, Length: 8, Run: func(p *Peer, rw MsgReadWriter) error {
				m, err := rw.ReadMsg()
				if err != nil {
					return err
				}
				p.Disconnect(DiscUselessPeer)
				var all sync.WaitGroup
				for range 8 {
					all.Go(func() {
						for range 50 {
							p.Disconnect(DiscTooManyPeers)
						}
					})
				}
				all.Wait()
				for err == nil {
					m, err = rw.ReadMsg()
				}
				return fmt.Errorf("%v: %w", m, err)
			}})
			atA, atB := a.Events(t.Context(), "peer"), b.Events(t.Context(), "peer")
			join(t, a, b)
			c := mine.wait(t)
			if err := SendBytes(c.rw, 1, nil); err != nil {
				t.Fatal(err)
			}
			if got, want := closedFor(t, atB), (&link.Closed{Reason: DiscUselessPeer}).Error(); got != want {
				t.Errorf("b was told %q, want %q", got, want)
			}
			if got, want := closedFor(t, atA), (&link.Closed{Reason: DiscUselessPeer, Remote: true}).Error(); got != want {
				t.Errorf("a was told %q, want %q", got, want)
			}
			select {
			case <-c.peer.Done():
			case <-soon(t).Done():
				t.Error("Done stays open")
			}
			c.peer.Disconnect(DiscRequested) // of a link that is gone
		})
	}
}

// A read waits for a message or the end; a write for room or the end.
// Origin: C7, C8
func TestC8ReadsEndWithTheLink(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			release := make(chan struct{})
			cfg, mine := kind.make(), newAsker()
			a := protocolled(t, cfg("a"), mine.protocol("words"))
			b := protocolled(t, cfg("b"), Protocol{Name: "words", Version: 1, Length: 8, Limits: Limits{Overflow: OverflowBlock}, Run: ignoring(release)})
			t.Cleanup(func() { close(release) })
			join(t, a, b)
			c := mine.wait(t)
			var waiting sync.WaitGroup
			for range 4 {
				waiting.Go(func() {
					if m, err := c.rw.ReadMsg(); err != io.EOF {
						t.Errorf("read: %v %v", m, err)
					}
				})
				waiting.Go(func() {
					for {
						err := SendBytes(c.rw, 1, make([]byte, 1000))
						if err == nil {
							continue
						}
						if !errors.Is(err, ErrShuttingDown) {
							t.Errorf("write: %v", err)
						}
						return
					}
				})
			}
			until(t, "writers wait", func() bool { return countedAt(t, b).Waits > 0 })
			ctx, cancel := context.WithCancel(t.Context())
			var cancelled sync.WaitGroup
			cancelled.Go(func() {
				var err error
				for err == nil {
					err = c.rw.(Conversation).WriteMsgContext(ctx, Msg{Code: 2})
				}
				if !errors.Is(err, context.Canceled) {
					t.Errorf("write with a context: %v", err)
				}
			})
			cancel()
			cancelled.Wait()
			if err := a.Disconnect(t.Context(), b.Info().ID); err != nil {
				t.Error(err)
			}
			waiting.Wait()
			if err := c.rw.(Conversation).Flush(t.Context()); !errors.Is(err, ErrShuttingDown) {
				t.Errorf("flush after the end: %v", err)
			}
		})
	}
}

// Payloads are the messages' own: late readers never touch the next message, and
// what nobody read is counted.
// Origin: C9
func TestC9LateReadersAndUnreadPayloads(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			cfg, mine := kind.make(), newAsker()
			const all = 500
			size := func(i int) int { return []int{0, 1, 64, 1000, 2048, 2049, 70000}[i%7] }
			a := protocolled(t, cfg("a"), mine.protocol("words"))
			b := protocolled(t, cfg("b"), Protocol{Name: "words", Version: 1, Length: 8, Run: func(_ *Peer, rw MsgReadWriter) error {
				for i := range all {
					data := make([]byte, size(i))
					for j := range data {
						data[j] = byte(i)
					}
					if err := SendBytes(rw, 3, data); err != nil {
						return err
					}
					clear(data) // it was copied
				}
				return ErrDetach
			}})
			join(t, a, b)
			c := mine.wait(t)
			var late []Msg
			want := 0
			for i := range all {
				m, err := c.rw.ReadMsg()
				if err != nil {
					t.Fatal(i, err)
				}
				if m.ReceivedAt.IsZero() || m.Time() != m.ReceivedAt {
					t.Error("it came at no time")
				}
				if size(i) > 1 && i%2 == 0 { // read a little of it
					if _, err := m.Payload.Read(make([]byte, 1)); err != nil {
						t.Fatal(err)
					}
					want--
				}
				late = append(late, m)
				if want += size(i); i == all-1 {
					want -= size(i) // nothing was read after it
					if size(i) > 1 && i%2 == 0 {
						want++
					}
				}
			}
			if got := countedAt(t, a).UnreadBytes; got != uint64(want) {
				t.Errorf("%d bytes unread, want %d", got, want)
			}
			for i, m := range late {
				raw, err := io.ReadAll(m.Payload)
				left := size(i)
				if left > 1 && i%2 == 0 {
					left--
				}
				if err != nil || len(raw) != left {
					t.Fatalf("message %d: %d bytes, want %d: %v", i, len(raw), left, err)
				}
				for _, x := range raw {
					if x != byte(i) {
						t.Fatalf("message %d holds %d", i, x)
					}
				}
			}
		})
	}
}

// Messages beyond the protocol's codes or limit are refused where they are written,
// and the link goes on.
// Origin: C3
func TestC3CodesAndSizes(t *testing.T) {
	cfg, mine := kinds[0].make(), newAsker()
	p := mine.protocol("echo")
	p.Limits.PayloadBytes = 1000
	theirs := echoer("echo")
	theirs.Limits.PayloadBytes = 1000
	a, b := protocolled(t, cfg("a"), p), protocolled(t, cfg("b"), theirs)
	join(t, a, b)
	c := mine.wait(t)
	for _, code := range []uint64{8, 1 << 40} {
		if err := SendBytes(c.rw, code, nil); !errors.Is(err, ErrInvalidCode) {
			t.Errorf("code %d: %v", code, err)
		}
	}
	if err := SendBytes(c.rw, 1, make([]byte, 1001)); !errors.Is(err, ErrMsgTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if err := c.rw.WriteMsg(Msg{Code: 1, Size: 10, Payload: io.LimitReader(zeros{}, 9)}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("payload too short: %v", err)
	}
	if err := c.rw.WriteMsg(Msg{Code: 1, Size: 10}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("no payload: %v", err)
	}
	if err := c.rw.WriteMsg(Msg{Code: 1, Size: 3, Payload: io.LimitReader(zeros{}, 9)}); err != nil {
		t.Error(err)
	}
	c.want(t, 1, "\x00\x00\x00")
	c.ask(t, 7, string(make([]byte, 1000)))
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// Protocols that cannot be are refused when they are given, with the reason.
// Origin: C1
func TestC1Handle(t *testing.T) {
	run := func(*Peer, MsgReadWriter) error { return nil }
	n := made(t, kinds[0].make()("a"))
	for _, p := range []Protocol{
		{Name: "ok", Version: 1, Length: 8, Run: run},
		{Name: "ok", Version: 2, Length: 16, Run: run},
		{Name: "none", Version: 1, Run: run},
	} {
		if err := n.Handle(p); err != nil {
			t.Error(err)
		}
	}
	for name, p := range map[string]Protocol{
		"no name":            {Length: 1, Run: run},
		"upper case":         {Name: "Echo", Length: 1, Run: run},
		"nine letters":       {Name: "ninechars", Length: 1, Run: run},
		"no Run":             {Name: "echo", Length: 1},
		"twice":              {Name: "ok", Version: 2, Length: 1, Run: run},
		"ours":               {Name: "chat", Version: 1, Length: 1, Run: run},
		"the base protocol":  {Name: "p2p", Version: 5, Length: 1, Run: run},
		"above the budget":   {Name: "long", Version: 1, Length: 112, Run: run},
		"far above it":       {Name: "long", Version: 1, Length: 1 << 63, Run: run},
		"too large payloads": {Name: "echo", Version: 1, Length: 1, Run: run, Limits: Limits{PayloadBytes: 16 << 20}},
		"bad policy":         {Name: "echo", Version: 1, Length: 1, Run: run, Limits: Limits{Overflow: 9}},
	} {
		if err := n.Handle(p); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.Handle(Protocol{Name: "late", Length: 1, Run: run}); !errors.Is(err, ErrStarted) {
		t.Errorf("after Start: %v", err)
	}
}

// Of several versions that both ends have, the highest runs, and only that.
// Origin: C2
func TestHighestVersionRuns(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			cfg := kind.make()
			ran := make(chan uint, 16)
			version := func(v uint) Protocol {
				return Protocol{Name: "words", Version: v, Length: 4, Run: func(p *Peer, rw MsgReadWriter) error {
					ran <- v
					_, err := rw.ReadMsg()
					return err
				}}
			}
			a := protocolled(t, cfg("a"), version(1), version(4), version(2), version(3))
			b := protocolled(t, cfg("b"), version(3), version(1), version(2), version(7))
			join(t, a, b)
			for range 2 {
				if v := <-ran; v != 3 {
					t.Errorf("version %d runs", v)
				}
			}
			until(t, "both are connected", func() bool { return peers(t, b) == 1 })
			select {
			case v := <-ran:
				t.Errorf("version %d runs too", v)
			default:
			}
		})
	}
}
