package api

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// limited is a listener with at most cap(places) connections at once; further
// ones wait in the kernel's queue.
type limited struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func limit(ln net.Listener, most int) net.Listener {
	return &limited{Listener: ln, places: make(chan struct{}, most), closed: make(chan struct{})}
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &placed{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// placed gives its place back when it is closed.
type placed struct {
	net.Conn
	leave func()
}

func (c *placed) Close() error {
	err := c.Conn.Close()
	c.leave()
	return err
}

// ownNames are the Host headers that mean this listener: its loopback names, the
// address it was asked to listen on, and those its owner configured.
func ownNames(addr net.Addr, listen string, more []string) map[string]bool {
	names := make(map[string]bool)
	port := portOf(addr)
	add := func(host string) {
		host = strings.ToLower(host)
		names[net.JoinHostPort(host, port)] = true
		if port == "80" {
			names[host] = true
		}
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		add(host)
	}
	if host, _, err := net.SplitHostPort(listen); err == nil {
		if ip, err := netip.ParseAddr(host); err == nil && !ip.IsUnspecified() {
			add(host)
		}
	}
	for _, host := range more {
		if _, _, err := net.SplitHostPort(host); err == nil {
			names[strings.ToLower(host)] = true
		} else {
			add(host)
			names[strings.ToLower(host)] = true // behind a proxy on its scheme's own port
		}
	}
	return names
}

func portOf(addr net.Addr) string {
	if a, err := netip.ParseAddrPort(addr.String()); err == nil {
		return strconv.Itoa(int(a.Port()))
	}
	return ""
}

func isLoopback(addr net.Addr) bool {
	a, err := netip.ParseAddrPort(addr.String())
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// reachable is the address in the form a caller on this machine can use: a
// listener on all interfaces is reached over loopback.
func reachable(addr net.Addr) string {
	a, err := netip.ParseAddrPort(addr.String())
	if err != nil || !a.Addr().IsUnspecified() {
		return addr.String()
	}
	if a.Addr().Is4() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port()).String()
	}
	return netip.AddrPortFrom(netip.IPv6Loopback(), a.Port()).String()
}
