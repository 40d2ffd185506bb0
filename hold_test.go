package ropewalk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/mem"
)

// A held link lives until its last holder lets it go; that of Connect until Disconnect.
func TestHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		a, b := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
		addr, who := b.Info().LibP2P[0], b.Info().ID
		dial := func() *Hold {
			t.Helper()
			h, err := a.Dial(t.Context(), addr)
			if err != nil || h.ID() != who {
				t.Fatalf("dial: %v", err)
			}
			return h
		}
		links := func(want int, when string) {
			t.Helper()
			synctest.Wait()
			if got := peers(t, a); got != want {
				t.Fatalf("%s: %d links, want %d", when, got, want)
			}
		}
		first, second := dial(), dial()
		first.Close()
		first.Close()
		links(1, "one of two holders is gone")
		second.Close()
		links(0, "both are gone")

		join(t, a, b)
		join(t, a, b)
		dial().Close()
		links(1, "a user has it")
		old := dial()
		if err := a.Disconnect(t.Context(), who); err != nil {
			t.Fatal(err)
		}
		links(0, "the user wants it no more")
		kept := dial()
		old.Close()
		links(1, "a holder of an earlier link is gone")

		if err := a.Protect(t.Context(), who.String(), "app"); err != nil {
			t.Fatal(err)
		}
		kept.Close()
		links(1, "it is protected")
		if list, _ := a.Sessions(t.Context()); !slices.Equal(list[0].Protections, []string{"app"}) {
			t.Errorf("protected by %v", list[0].Protections)
		}
		if err := a.Unprotect(t.Context(), who.String(), "app"); err != nil {
			t.Fatal(err)
		}
		links(0, "it is protected no more")
		for _, c := range []struct{ err, want error }{
			{a.Unprotect(t.Context(), who.String(), "app"), ErrNoSuchPeer},
			{a.Protect(t.Context(), who.String(), ""), ErrBadInput},
			{a.Protect(t.Context(), who.String(), strings.Repeat("x", 65)), ErrBadInput},
			{a.Protect(t.Context(), a.Info().ID.String(), "app"), ErrBadTarget},
			{a.Protect(t.Context(), "nobody", "app"), ErrBadTarget},
			{a.Value(t.Context(), who.String(), "app", 5), ErrNoSuchPeer},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%v, want %v", c.err, c.want)
			}
		}
	})
}

// TestTrap34CancelledDial: a dial whose asker is gone is given up; the link that comes
// late is closed, and no use of it is left.
func TestTrap34CancelledDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		b := started(t, memConfig(wire, "b"))
		cfg := memConfig(wire, "a")
		cfg.Transports = []Transport{&lateTransport{cfg.Transports[0]}}
		a := started(t, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Dial(ctx, b.Info().LibP2P[0]); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("dial: %v", err)
		}
		time.Sleep(time.Minute)
		if n := peers(t, a) + peers(t, b); n != 0 {
			t.Errorf("%d links of a dial that nobody waited for", n)
		}
		if err := a.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		nothingLeft(t, a)
	})
}

// lateTransport has its links ready after five seconds, whatever became of the asker.
type lateTransport struct{ Transport }

func (l *lateTransport) Dial(ctx context.Context, t id.Ticket, to link.Addr) (link.Link, error) {
	time.Sleep(5 * time.Second)
	return l.Transport.Dial(context.WithoutCancel(ctx), t, to)
}
