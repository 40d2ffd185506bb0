package main

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// relay stands between two nodes and keeps every datagram for a while. Who writes to
// its near socket reaches the far node, who sees the far socket, and the answers go back
// the same way. It is for one node on the near side.
type relay struct {
	delay     time.Duration
	nearConn  *net.UDPConn
	farConn   *net.UDPConn
	mu        sync.Mutex
	nearest   netip.AddrPort // who wrote to the near socket last
	pipes     sync.WaitGroup
	toFar     chan held
	toNear    chan held
	closeOnce sync.Once
}

// held is a datagram that waits.
type held struct {
	due  time.Time
	data []byte
}

func newRelay(delay time.Duration) (*relay, error) {
	r := &relay{delay: delay, toFar: make(chan held, 1<<14), toNear: make(chan held, 1<<14)}
	for _, c := range []**net.UDPConn{&r.nearConn, &r.farConn} {
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(anyPort))
		if err != nil {
			return nil, err
		}
		_ = conn.SetReadBuffer(4 << 20)
		_ = conn.SetWriteBuffer(4 << 20)
		*c = conn
	}
	return r, nil
}

// near is the address that leads to the far node.
func (r *relay) near() netip.AddrPort { return r.nearConn.LocalAddr().(*net.UDPAddr).AddrPort() }

// start begins to pass on what comes.
func (r *relay) start(far netip.AddrPort) {
	r.pipes.Go(func() { r.hold(r.nearConn, r.toFar, true) })
	r.pipes.Go(func() { r.hold(r.farConn, r.toNear, false) })
	r.pipes.Go(func() { r.pass(r.farConn, r.toFar, func() netip.AddrPort { return far }) })
	r.pipes.Go(func() {
		r.pass(r.nearConn, r.toNear, func() netip.AddrPort {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.nearest
		})
	})
}

// hold reads datagrams and has them wait; what finds no room is lost.
func (r *relay) hold(from *net.UDPConn, to chan held, learns bool) {
	defer close(to)
	buf := make([]byte, 2048)
	for {
		n, who, err := from.ReadFromUDPAddrPort(buf)
		if err != nil {
			return // closed
		}
		if learns {
			r.mu.Lock()
			r.nearest = who
			r.mu.Unlock()
		}
		select {
		case to <- held{time.Now().Add(r.delay), append([]byte(nil), buf[:n]...)}:
		default:
		}
	}
}

// pass sends each datagram when it is due.
func (r *relay) pass(by *net.UDPConn, from chan held, to func() netip.AddrPort) {
	for d := range from {
		if wait := time.Until(d.due); wait > 0 {
			time.Sleep(wait)
		}
		_, _ = by.WriteToUDPAddrPort(d.data, to())
	}
}

func (r *relay) close() {
	r.closeOnce.Do(func() {
		r.nearConn.Close()
		r.farConn.Close()
	})
	r.pipes.Wait()
}
