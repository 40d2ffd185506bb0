package main

import (
	"errors"
	"net"
	"runtime"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/rlpx"
	gethrlp "github.com/ethereum/go-ethereum/rlp"
)

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// keptFor is how long after the large message the heap is read.
const keptFor = time.Minute

// runHeapAfter: what both ends keep of one message of 15 MiB.
func runHeapAfter(s side, _ uint64) (values, error) {
	const size = 15 << 20
	done := make(chan result, 1)
	stop, err := pairOf(s, proto{"bench", func(dialler bool, c conduit) error {
		if !dialler {
			return confirm(c)
		}
		before := heap()
		if err := sendAll(size)(c, 1); err != nil {
			done <- result{err: err}
			return err
		}
		time.Sleep(keptFor)
		done <- result{v: values{"heap": max(0, float64(heap())-float64(before))}}
		return hold(c)
	}})
	if err != nil {
		return nil, err
	}
	defer stop()
	return wait(done)
}

// listener starts one node of a side with an idle protocol and says where it is.
func listener(s side) (where *enode.Node, stop func(), err error) {
	idle := []proto{{"bench", func(_ bool, c conduit) error { return hold(c) }}}
	if s == rival {
		n, err := gethWith(false, idle)
		if err != nil {
			return nil, nil, err
		}
		self := n.Self()
		return enode.NewV4(self.Pubkey(), self.IP(), self.TCP(), 0), func() { go n.Stop() }, nil
	}
	n, err := ropeWith(overRLPx, false, idle)
	if err != nil {
		return nil, nil, err
	}
	where, err = enode.ParseV4(n.Info().Enode)
	return where, func() { n.Close() }, err
}

// cut is a connection that writes the first bytes of what it is given and drops the
// rest, once it is told so.
type cut struct {
	net.Conn
	left int // < 0: no bound
}

func (c *cut) Write(b []byte) (int, error) {
	n := len(b)
	if c.left >= 0 {
		b = b[:min(len(b), c.left)]
		c.left -= len(b)
	}
	if len(b) > 0 {
		if _, err := c.Conn.Write(b); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// frameHeader is the header of a frame with its tag.
const frameHeader = 32

// runHalfOpen: what a connection costs that shook hands, said Hello, announced a frame
// of 15 MiB and sent nothing of it.
func runHalfOpen(s side, _ uint64) (values, error) {
	const links, size = 8, 15 << 20
	to, stop, err := listener(s)
	if err != nil {
		return nil, err
	}
	defer stop()
	body := make([]byte, size)
	var conns []*cut
	before := heap()
	for range links {
		c, err := announce(to, body)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		conns = append(conns, c)
	}
	time.Sleep(settle)
	grown := max(0, float64(heap())-float64(before)) / links
	runtime.KeepAlive(conns)
	runtime.KeepAlive(body)
	return values{"heap": grown}, nil
}

// announce is one such connection.
func announce(to *enode.Node, body []byte) (*cut, error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, err
	}
	raw, err := net.Dial("tcp", net.JoinHostPort(to.IP().String(), strconv.Itoa(to.TCP())))
	if err != nil {
		return nil, err
	}
	c := &cut{Conn: raw, left: -1}
	conn := rlpx.NewConn(c, to.Pubkey())
	if _, err := conn.Handshake(key); err != nil {
		return nil, err
	}
	hello, err := gethrlp.EncodeToBytes([]any{uint(5), "bench", []any{[]any{"bench", uint(1)}}, uint(0), crypto.FromECDSAPub(&key.PublicKey)[1:]})
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(0, hello); err != nil {
		return nil, err
	}
	if code, _, _, err := conn.Read(); err != nil || code != 0 {
		return nil, errors.Join(errors.New("no Hello"), err)
	}
	c.left = frameHeader
	_, err = conn.Write(16, body)
	return c, err
}

// settle is a moment for dials, handshakes and what they leave behind to end.
const settle = time.Second

// runLinkGoroutines: what a link with one protocol adds at one end.
func runLinkGoroutines(s side, _ uint64) (values, error) {
	p, err := nodesOf(s, proto{"bench", func(_ bool, c conduit) error { return hold(c) }})
	if err != nil {
		return nil, err
	}
	defer p.stop()
	time.Sleep(settle)
	before := runtime.NumGoroutine()
	if err := p.connect(); err != nil {
		return nil, err
	}
	time.Sleep(settle)
	return values{"goroutines": float64(runtime.NumGoroutine()-before) / 2}, nil
}
