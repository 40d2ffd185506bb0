package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/id"
)

// anyPort is any port of loopback.
var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

// newTalker starts a discv5 node of a side.
func newTalker(s side, at, via netip.AddrPort, bootnodes ...string) (talker, error) {
	if s == ours {
		return speak(at, via, bootnodes...)
	}
	return gethSpeak(at, via, bootnodes...)
}

// runTalk has one node ask another: round trips per second of CPU and allocations of
// each, both ends together. 64 askers wait for answers at a time.
func runTalk(s side, size, count int) (values, error) {
	a, err := newTalker(s, anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer a.close()
	b, err := newTalker(s, anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := askAll(a, b.record(), size, count/10); err != nil {
		return nil, err
	}
	start := read(true)
	stop := profile()
	err = askAll(a, b.record(), size, count)
	stop()
	used := start.used()
	return values{"rate": float64(count) / used.cpu.Seconds(), "mallocs": float64(used.mallocs) / float64(count)}, err
}

// asking is a record as the side keeps it, so that it is not parsed for every request.
func asking(a talker, record string) (func(body []byte, done func([]byte, error)), error) {
	switch a := a.(type) {
	case *speaker:
		to, err := a.peer(record)
		return func(body []byte, done func([]byte, error)) {
			if !a.ask(func(now time.Time, t id.Ticket) discv5.News { return a.d.Talk(now, t, to, benchProto, body) },
				func(x discv5.Answer) { done(x.Body, x.Err) }) {
				done(nil, errClosed)
			}
		}, err
	case *gethTalker:
		to, err := enode.Parse(enode.ValidSchemes, record)
		return func(body []byte, done func([]byte, error)) { done(a.v5.TalkRequest(to, benchProto, body)) }, err
	}
	return nil, errors.New("neither side")
}

// askAll has 64 askers send count requests in all and checks every answer.
func askAll(a talker, record string, size, count int) error {
	ask, err := asking(a, record)
	if err != nil {
		return err
	}
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, inFlight)
	for i := range inFlight {
		group.Go(func() {
			body := make([]byte, size)
			done := make(chan error, 1)
			check := func(got []byte, err error) {
				if err == nil && (len(got) != size || binary.BigEndian.Uint64(got) != binary.BigEndian.Uint64(body)) {
					err = fmt.Errorf("another answer: %x", got)
				}
				done <- err
			}
			for {
				n := next.Add(1)
				if n > int64(count) {
					return
				}
				binary.BigEndian.PutUint64(body, uint64(n))
				ask(body, check)
				if errs[i] = <-done; errs[i] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// runTheirTalk is what a question and an answer of a size cost go-ethereum's discv5, both
// ends, with nothing done for the answer.
func runTheirTalk(size, count int) (values, error) {
	a, err := gethSpeak(anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer a.close()
	b, err := gethSpeak(anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer b.close()
	to, err := enode.Parse(enode.ValidSchemes, b.record())
	if err != nil {
		return nil, err
	}
	ask := func(count int) error {
		var next atomic.Int64
		var group sync.WaitGroup
		errs := make([]error, inFlight)
		for i := range inFlight {
			group.Go(func() {
				body := make([]byte, blob.KeyBytes)
				binary.BigEndian.PutUint16(body[8:], uint16(size))
				for next.Add(1) <= int64(count) && errs[i] == nil {
					var got []byte
					if got, errs[i] = a.v5.TalkRequest(to, sizedProto, body); errs[i] == nil && len(got) != size {
						errs[i] = errOther
					}
				}
			})
		}
		group.Wait()
		return errors.Join(errs...)
	}
	if err := ask(count / 10); err != nil {
		return nil, err
	}
	start := read(true)
	stop := profile()
	err = ask(count)
	stop()
	used := start.used()
	return values{"cpu": float64(used.cpu) / float64(count), "mallocs": float64(used.mallocs) / float64(count)}, err
}

// runTalkFar counts the answers from one node at that round-trip time, with 64 requests
// under way.
func runTalkFar(s side, rtt, during time.Duration) (values, error) {
	a, err := newTalker(s, anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer a.close()
	r, err := newRelay(rtt / 2)
	if err != nil {
		return nil, err
	}
	defer r.close()
	b, err := newTalker(s, anyPort, r.near())
	if err != nil {
		return nil, err
	}
	defer b.close()
	far, err := portOf(b)
	if err != nil {
		return nil, err
	}
	r.start(far)
	if _, err := a.talk(b.record(), request(0, 32)); err != nil {
		return nil, fmt.Errorf("first request: %w", err)
	}
	ask, err := asking(a, b.record())
	if err != nil {
		return nil, err
	}
	var answered, failed atomic.Int64
	var group sync.WaitGroup
	end := time.Now().Add(during)
	for i := range inFlight {
		group.Go(func() {
			body, done := request(i, 32), make(chan error, 1)
			for time.Now().Before(end) {
				ask(body, func(_ []byte, err error) { done <- err })
				if err := <-done; err != nil {
					failed.Add(1)
				} else if time.Now().Before(end) {
					answered.Add(1)
				}
			}
		})
	}
	group.Wait()
	return values{"rate": float64(answered.Load()) / during.Seconds(), "failed": float64(failed.Load())}, nil
}

// portOf is where a talker listens, whatever its record says.
func portOf(t talker) (netip.AddrPort, error) {
	switch t := t.(type) {
	case *speaker:
		return t.sock.LocalAddr(), nil
	case *gethTalker:
		return t.at, nil
	}
	return netip.AddrPort{}, errors.New("neither side")
}
