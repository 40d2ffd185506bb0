package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/mem"
)

// The result of a dial is one of few words, whatever a remote says.
func TestDialResults(t *testing.T) {
	for want, err := range map[string]error{
		"ok": nil, "timeout": fmt.Errorf("x: %w", context.DeadlineExceeded), "cancelled": context.Canceled,
		"connection refused": fmt.Errorf("x: %w", syscall.ECONNREFUSED), "unreachable": syscall.EHOSTUNREACH,
		"unexpected identity": fmt.Errorf("%w: x", link.WrongIdentity), "too many peers": &link.Closed{Reason: link.TooManyPeers, Remote: true},
		"no link of that kind": errNoTransport, "other": errors.New("x"),
	} {
		if got := dialResult(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	for _, r := range []link.Reason{0x0c, 0x11, 0xff} {
		if got := dialResult(r); got != "other" {
			t.Errorf("reason %#x is %q", uint8(r), got)
		}
	}
}

// A link is counted at its beginning and, with who ended it and why, at its end.
func TestLinksAreCounted(t *testing.T) {
	wire := mem.NewNetwork()
	a, b := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
	join(t, a, b)
	if err := a.Disconnect(t.Context(), b.Info().ID); err != nil {
		t.Fatal(err)
	}
	counted := func(n *Node, line string) bool { return strings.Contains(exposition(t, n), line+" 1\n") }
	until(t, "both have counted the end", func() bool {
		return counted(a, `ropewalk_link_end_total{by="us",reason="requested"}`) && counted(b, `ropewalk_link_end_total{by="remote",reason="requested"}`)
	})
	if !counted(a, `ropewalk_link_total{direction="out"}`) || !counted(b, `ropewalk_link_total{direction="in"}`) || !counted(a, `ropewalk_dial_total{result="ok"}`) {
		t.Error(exposition(t, a))
	}
}
