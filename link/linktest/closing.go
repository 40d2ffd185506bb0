package linktest

import (
	"errors"
	"sync"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Whoever closes and whoever is closed hear the same reason, each from its side.
func testReasons(t *testing.T, p Pair) {
	a, b := made(t, p, "a", Protocols()), made(t, p, "b", Protocols())
	n, whys := 0, []link.Reason{link.Requested, link.Useless, link.TooManyPeers, link.AlreadyConnected, link.Quitting, link.Subprotocol}
	for i := range 30 {
		why := whys[i%len(whys)]
		for _, dialler := range []bool{true, false} {
			ours, theirs := joined(t, a, b)
			closer, other := ours, theirs
			if !dialler {
				closer, other = theirs, ours
			}
			write(t, closer, link.Msg{Lane: 0, Data: []byte("before")})
			read(t, other, link.Data)
			if err := closer.Close(why); err != nil {
				t.Errorf("close: %v", err)
			}
			if err := closer.Close(link.NetworkError); err != nil {
				t.Errorf("close again: %v", err)
			}
			checkClosed(t, readEnd(t, closer), why, false)
			if err := readEnd(t, other); !lost(err) {
				checkClosed(t, err, why, true)
			} else if n++; !p.ReasonsLost {
				t.Errorf("the end is %v, want reason %q", err, why)
			}
			for _, l := range []link.Link{closer, other} {
				if err := l.Write(link.Msg{Lane: 0, Data: []byte("after")}); err == nil {
					t.Error("wrote after the end")
				}
			}
			_ = other.Close(link.Requested)
		}
	}
	if n > 6 {
		t.Errorf("%d of 60 reasons were lost", n)
	}
}

// lost tells whether a link ended without anybody's word.
func lost(err error) bool {
	var c *link.Closed
	return !errors.As(err, &c)
}

func checkClosed(t *testing.T, err error, why link.Reason, remote bool) {
	t.Helper()
	var c *link.Closed
	if !errors.As(err, &c) || c.Reason != why || c.Remote != remote {
		t.Errorf("the end is %v, want reason %q, by remote %v", err, why, remote)
	}
}

// Closing from everywhere at once, with traffic, ends everything.
func testCloseRaces(t *testing.T, p Pair) {
	a, b := made(t, p, "a", Protocols()), made(t, p, "b", Protocols())
	for range 10 {
		ours, theirs := joined(t, a, b)
		var all sync.WaitGroup
		for _, l := range []link.Link{ours, theirs} {
			all.Go(func() {
				for n := 0; ; n++ {
					if l.Write(link.Msg{Lane: link.Lane(n % 3), Data: fill(n, 1000)}) != nil {
						return
					}
				}
			})
			all.Go(func() {
				for {
					if _, err := l.Read(); err != nil {
						return
					}
				}
			})
			for range 4 {
				all.Go(func() { _ = l.Close(link.Requested) })
			}
		}
		gather(t, &all)
		// A kind may refuse a second link until the first is gone at both ends.
		readEnd(t, ours)
		readEnd(t, theirs)
	}
}

// Close frees a writer that waits for a remote that does not read.
func testCloseWhileBlocked(t *testing.T, p Pair) {
	ours, theirs := both(t, p)
	f := startFlood(ours, 0)
	f.rest(t)
	_ = ours.Close(link.Timeout)
	if _, err := within(t, "blocked write", func() (struct{}, error) { return struct{}{}, <-f.done }); err == nil {
		t.Error("the blocked write succeeded")
	}
	_ = theirs.Close(link.Requested)
}

// Closing a transport ends its links and frees Accept and Dial.
func testTransportClose(t *testing.T, p Pair) {
	a, b := made(t, p, "a", Protocols()), made(t, p, "b", Protocols())
	ours, theirs := joined(t, a, b)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if l, err := b.Accept(); err == nil {
				t.Errorf("accepted %v from a transport that closes", l.Info())
			}
		})
		all.Go(func() {
			if err := b.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	gather(t, &all)
	checkClosed(t, readEnd(t, theirs), link.Quitting, false)
	if err := readEnd(t, ours); !p.ReasonsLost || !lost(err) {
		checkClosed(t, err, link.Quitting, true)
	}
	if _, err := b.Accept(); err == nil {
		t.Error("accepted after close")
	}
	if _, err := b.Dial(soon(t), id.Ticket{}, a.Addrs()[0]); err == nil {
		t.Error("dialled after close")
	}
}
