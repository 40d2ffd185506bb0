package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// payload is size bytes that Snappy makes a little smaller, as real messages are: half
// of it is chance.
func payload(size int) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(uint64(size), 1))
	for i := 0; i < size; i += 2 {
		b[i] = byte(r.Uint32())
	}
	return b
}

// The codes the workloads use.
const (
	codeData = 0
	codeDone = 1
)

// hold waits for the end of the link.
func hold(c conduit) error {
	for {
		if _, _, err := c.read(); err != nil {
			return err
		}
	}
}

// measured runs the dialler's part once the warm-up is done and has it measured; the other
// end answers each done message.
func measured(s side, talk func(c conduit, count int) error, answer func(c conduit) error, warmup, count int) (values, error) {
	return measuredOn(func(p ...proto) (nodes, error) { return nodesOf(s, p...) }, talk, answer, warmup, count)
}

// measuredOn is measured between nodes of any kind.
func measuredOn(start func(...proto) (nodes, error), talk func(c conduit, count int) error, answer func(c conduit) error, warmup, count int) (values, error) {
	done := make(chan result, 1)
	run := func(dialler bool, c conduit) error {
		if !dialler {
			return answer(c)
		}
		if err := talk(c, warmup); err != nil {
			done <- result{err: err}
			return err
		}
		begun := read(true)
		stop := profile()
		err := talk(c, count)
		wall := time.Since(begun.at)
		stop()
		u := begun.used()
		done <- result{values{
			"rate": float64(count) / u.cpu.Seconds(), "wall": float64(count) / wall.Seconds(), "seconds": wall.Seconds(),
			"mallocs": float64(u.mallocs) / float64(count),
		}, err}
		return hold(c)
	}
	p, err := start(proto{"bench", run})
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if err := p.connect(); err != nil {
		return nil, err
	}
	return wait(done)
}

// runOneWay: one end writes count messages, the other reads them and says so after the
// last.
func runOneWay(s side, size, count int) (values, error) {
	v, err := measured(s, sendAll(size), confirm, max(20, count/10), count)
	if err == nil {
		v["speed"] = float64(count) * float64(size) / 1e6 / v["seconds"]
	}
	return v, err
}

func sendAll(size int) func(c conduit, count int) error {
	b := payload(size)
	return func(c conduit, count int) error {
		for range count {
			if err := c.write(codeData, b); err != nil {
				return err
			}
		}
		if err := c.write(codeDone, []byte{0xc0}); err != nil {
			return err
		}
		return expect(c, codeDone)
	}
}

func expect(c conduit, want uint64) error {
	code, _, err := c.read()
	if err == nil && code != want {
		err = fmt.Errorf("code %d, want %d", code, want)
	}
	return err
}

func confirm(c conduit) error {
	for {
		code, _, err := c.read()
		if err == nil && code == codeDone {
			err = c.write(codeDone, []byte{0xc0})
		}
		if err != nil {
			return err
		}
	}
}

// runEcho: one end keeps some messages in flight, the other answers each.
func runEcho(s side, size, count, window int) (values, error) {
	b := payload(size)
	talk := func(c conduit, count int) error {
		sent := make(chan error, 1)
		room := make(chan struct{}, window)
		go func() {
			for range count {
				room <- struct{}{}
				if err := c.write(codeData, b); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		for range count {
			if err := expect(c, codeData); err != nil {
				return err
			}
			<-room
		}
		return <-sent
	}
	return measured(s, talk, echoBack(size), count/10, count)
}

// echoBack answers each message with one as large.
func echoBack(size int) func(c conduit) error {
	b := payload(size)
	return func(c conduit) error {
		for {
			code, _, err := c.read()
			if err == nil {
				err = c.write(code, b)
			}
			if err != nil {
				return err
			}
		}
	}
}

// stalled is a protocol whose acceptor reads nothing, for ever; its dialler sends to it
// first. began is closed when that is done.
func stalled(messages int, began chan<- struct{}) proto {
	return proto{"astall", func(dialler bool, c conduit) error {
		if !dialler {
			select {}
		}
		for range messages {
			if err := c.write(codeData, payload(64)); err != nil {
				return err
			}
		}
		close(began)
		return hold(c)
	}}
}

// echoWithin is how long an echo is waited for; go-ethereum's never comes.
const echoWithin = 5 * time.Second

// runStall: the round trips of an echo while another protocol on the link takes
// nothing.
func runStall(s side, _ uint64) (values, error) {
	const echoes, pause, unread = 400, 2 * time.Millisecond, 20
	began := make(chan struct{})
	done := make(chan result, 1)
	b := payload(64)
	stop, err := pairOf(s, stalled(unread, began), proto{"bench", func(dialler bool, c conduit) error {
		if !dialler {
			return echoBack(64)(c)
		}
		<-began
		go func() {
			time.Sleep(echoWithin)
			done <- result{v: values{"p99": float64(echoWithin)}}
		}()
		var took []time.Duration
		for range echoes {
			start := time.Now()
			if err := c.write(codeData, b); err != nil {
				return err
			}
			if err := expect(c, codeData); err != nil {
				return err
			}
			took = append(took, time.Since(start))
			time.Sleep(pause)
		}
		slices.Sort(took)
		done <- result{v: values{"p99": float64(took[len(took)*99/100])}}
		return hold(c)
	}})
	if err != nil {
		return nil, err
	}
	defer stop()
	return wait(done)
}
