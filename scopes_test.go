package ropewalk

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link/mem"
	"github.com/ropewalk/ropewalk/scope"
)

// scopeNamed is one scope of a node; the zero Scope when there is none.
func scopeNamed(t testing.TB, n *Node, kind, name string) Scope {
	t.Helper()
	all, err := n.Scopes(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Scope == kind && s.Name == name {
			return s
		}
	}
	return Scope{}
}

// A link is counted in the system, in its session and at its peer, a Run at its
// protocol too, what it has not read is counted, and all of it is gone with the link.
func TestScopes(t *testing.T) {
	wire := mem.NewNetwork()
	mine, theirs := newAsker(), newAsker()
	a := protocolled(t, wired(wire, "a"), mine.protocol("talk"))
	b := protocolled(t, wired(wire, "b"), theirs.protocol("talk"))
	if _, err := a.Connect(soon(t), b.transports[0].Addrs()[0].String()); err != nil {
		t.Fatal(err)
	}
	x, y := mine.wait(t), theirs.wait(t)
	who := a.Info().ID.String()
	until(t, "the link is of its session", func() bool { return scopeNamed(t, b, "session", "inbound").Used.Conns == 1 })
	if got := scopeNamed(t, a, "session", "direct").Used; got.Conns != 1 {
		t.Errorf("where it was dialled: %+v", got)
	}
	for _, at := range [][2]string{{"system", ""}, {"session", "inbound"}, {"peer", who}} {
		got := scopeNamed(t, b, at[0], at[1]).Used
		if got.Conns != 1 || got.Streams < 5 || got.Goroutines < 2 {
			t.Errorf("%v: %+v, want one link with its lanes, reader and Run", at, got)
		}
	}
	if got := scopeNamed(t, b, "protocol", "talk/1").Used; got.Goroutines != 1 || got.Conns != 0 {
		t.Errorf("protocol: %+v, want one goroutine", got)
	}
	if got := scopeNamed(t, b, "session", scope.Transient).Used; got != (ScopeCost{}) {
		t.Errorf("transient: %+v", got)
	}

	body := string(bytes.Repeat([]byte("x"), 100_000))
	if err := SendBytes(x.rw, 1, []byte(body)); err != nil {
		t.Fatal(err)
	}
	until(t, "what is not read is counted", func() bool { return scopeNamed(t, b, "peer", who).Used.Unread > 100_000 })
	y.want(t, 1, body)

	x.end <- errors.New("over") // which may be the end of the link, before it is asked for
	if err := a.Disconnect(soon(t), b.Info().ID); err != nil && !errors.Is(err, ErrNoSuchPeer) {
		t.Fatal(err)
	}
	until(t, "nothing is left", func() bool {
		return scopeNamed(t, b, "system", "").Used == ScopeCost{} && scopeNamed(t, a, "system", "").Used == ScopeCost{}
	})
	for _, n := range []*Node{a, b} {
		all, _ := n.Scopes(soon(t))
		for _, s := range all {
			if s.Scope == "peer" || s.Scope == "protocol" {
				t.Errorf("left over: %+v", s)
			}
		}
	}
}

// A link beyond what the process has room for is closed as one too many, both the
// dialler and the dialled are told so, and the place is there again when one goes.
func TestScopeRefusesALink(t *testing.T) {
	wire := mem.NewNetwork()
	full := started(t, wired(wire, "full"))
	_, err := ask(t.Context(), full, func(_ time.Time, reply func(struct{}, error)) {
		full.scopes = scope.New(scope.Limits{System: scope.Cost{Conns: 1}})
		reply(struct{}{}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	at := full.transports[0].Addrs()[0].String()
	one, two := started(t, wired(wire, "one")), started(t, wired(wire, "two"))
	if _, err := one.Connect(soon(t), at); err != nil {
		t.Fatal(err)
	}
	events := full.Events(t.Context(), "scope")
	defer events.Close()
	for range 2 {
		// The dialler may hear of the end only after its link was up.
		_, _ = two.Connect(soon(t), at)
		select {
		case e := <-events.C():
			if e.Kind != "refused" || e.Peer != two.Info().ID.String() {
				t.Fatalf("event %+v", e)
			}
		case <-soon(t).Done():
			t.Fatal("the second link is not refused")
		}
		until(t, "the second is gone", func() bool { all, _ := two.Sessions(soon(t)); return len(all) == 0 })
	}
	if got := scopeNamed(t, full, "system", ""); got.Used.Conns != 1 || got.Refused != 2 {
		t.Errorf("%+v, want one link and two refused", got)
	}
	if err := one.Disconnect(soon(t), full.Info().ID); err != nil {
		t.Fatal(err)
	}
	until(t, "the place is free", func() bool { return scopeNamed(t, full, "system", "").Used.Conns == 0 })
	if _, err := two.Connect(soon(t), at); err != nil {
		t.Fatalf("the place is free: %v", err)
	}
}

// Each profile has budgets of its own, in the order of their size.
func TestScopesOfProfiles(t *testing.T) {
	var last scope.Limits
	for _, name := range []string{"light", "desktop", "server"} {
		n := made(t, Config{Profile: name, Localnet: true, Transports: []Transport{}})
		got := n.scopeLimits(4)
		if got.System.Conns <= last.System.Conns && got.System.Conns < fileBudget() || got.System.Bytes <= last.System.Bytes {
			t.Errorf("%s: %+v is not above %+v", name, got.System, last.System)
		}
		if got.Peer.Bytes > got.System.Bytes/2 || got.Protocol.Bytes > got.System.Bytes/2 {
			t.Errorf("%s: one peer or protocol may take more than half of %d bytes", name, got.System.Bytes)
		}
		last = got
	}
}
