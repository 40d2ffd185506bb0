package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/outage"
)

// cutOff is a transport of a machine without IPv6.
type cutOff struct{ done chan struct{} }

func (c *cutOff) Kind() link.Kind    { return link.LibP2P }
func (c *cutOff) Listen() error      { return nil }
func (c *cutOff) Addrs() []link.Addr { return nil }
func (c *cutOff) Close() error {
	select {
	case <-c.done:
	default:
		close(c.done)
	}
	return nil
}
func (c *cutOff) Accept() (link.Link, error) { <-c.done; return nil, errors.New("closed") }
func (c *cutOff) Dial(_ context.Context, _ id.Ticket, _ link.Addr) (link.Link, error) {
	return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
}

// A machine that loses IPv6 has its hosts there in the dark after a few of them, not after
// one, and looks again after five minutes.
func TestTrap27KindsGoDarkAndComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cutOff{done: make(chan struct{})}
		n := started(t, Config{Session: SessionConfig{Outbound: -1, RefineEvery: time.Hour}, Transports: []Transport{c}, Listen: ListenConfig{NAT: "none"}})
		var records []*enr.Record
		for i := range 6 {
			b := enr.Builder{Seq: 1, IP6: netip.MustParseAddr(fmt.Sprintf("2a%02x::1", i)), Rope: &enr.Rope{Network: enr.NetworkTag("ropewalk"), TCP: 4001}}
			r, err := b.Sign(linktest.Key(fmt.Sprint(i)))
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, r)
		}
		n.post(input{fn: func(now time.Time) { n.machine.Offer(now, "test", records) }})
		six := func(i int) string {
			return fmt.Sprintf("/ip6/2a%02x::1/tcp/4001/p2p/%s", i, linktest.Key(fmt.Sprint(i)).Public().PeerID())
		}
		dark := func() (n6 int) {
			page, err := n.Hosts(t.Context(), "dark", 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			return page.Total
		}
		for i := range 4 {
			if d := dark(); d != 0 {
				t.Fatalf("%d in the dark after %d errors", d, i)
			}
			_, _ = n.Connect(t.Context(), six(10+i))
		}
		if d := dark(); d == 0 {
			t.Fatal("IPv6 is gone, and its hosts are not in the dark")
		}
		time.Sleep(6 * time.Minute)
		if d := dark(); d != 0 {
			t.Fatalf("%d in the dark after the pause", d)
		}
	})
}

func TestOutcomeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want outage.Outcome
	}{
		{nil, outage.Answered},
		{fmt.Errorf("x: %w", syscall.ECONNREFUSED), outage.Answered},
		{&link.Closed{Reason: link.TooManyPeers, Remote: true}, outage.Answered},
		{fmt.Errorf("x: %w", link.WrongIdentity), outage.Answered},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}, outage.Cut},
		{syscall.EHOSTUNREACH, outage.Cut},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), outage.Silent},
		{os.ErrDeadlineExceeded, outage.Silent},
		{context.Canceled, 0},
		{errNoTransport, 0},
		{link.Self, 0},
		{errors.New("shut out"), 0},
	} {
		if got, tells := outcomeOf(c.err); got != c.want || tells != (c.want != 0) {
			t.Errorf("%v: %d, %v, want %d", c.err, got, tells, c.want)
		}
	}
}
