package sockstest

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// serve talks to one client.
func (s *Server) serve(c net.Conn) {
	var r Request
	if !s.greeting(c, &r) || !s.request(c, &r) {
		return
	}
	s.mu.Lock()
	s.asked = append(s.asked, r)
	s.mu.Unlock()
	if s.cfg.Heard != nil {
		s.cfg.Heard(r)
	}
	target, code := s.connect(r)
	if target != nil {
		if !s.hold(target) {
			return
		}
		defer s.letGo(target)
	}
	if s.cfg.Fault == Refuse {
		code = s.cfg.Code
	}
	if !s.say(c, AtReply, []byte{5, code, 0, 1, 127, 0, 0, 1, 0, 0}) || code != 0 {
		return
	}
	if s.cfg.Phase == AtTarget {
		s.fail(c)
		return
	}
	s.relay(c, target)
}

// greeting reads the methods (RFC 1928, section 3) and, if it comes to that, user and
// password (RFC 1929).
func (s *Server) greeting(c net.Conn, r *Request) bool {
	head, ok := get(c, 2)
	if !ok || head[0] != 5 {
		return false
	}
	methods, ok := get(c, int(head[1]))
	if !ok {
		return false
	}
	method := byte(0xff)
	for _, m := range methods {
		if m == 2 || m == 0 && s.cfg.User == "" && method == 0xff {
			method = m
		}
	}
	if s.cfg.Fault == Method {
		method = 1
	}
	if !s.say(c, AtGreeting, []byte{5, method}) || method == 0xff || method == 1 {
		return false
	}
	if method == 0 {
		return true
	}
	if head, ok = get(c, 1); !ok || head[0] != 1 {
		return false
	}
	if r.User, ok = field(c); !ok {
		return false
	}
	if r.Password, ok = field(c); !ok {
		return false
	}
	right := s.cfg.User == "" || r.User == s.cfg.User && r.Password == s.cfg.Password
	status := byte(0)
	if !right {
		status = 1
	}
	return s.say(c, AtPassword, []byte{1, status}) && right
}

// request reads what is asked for (RFC 1928, section 4).
func (s *Server) request(c net.Conn, r *Request) bool {
	head, ok := get(c, 4)
	if !ok || head[0] != 5 || head[1] != 1 || head[2] != 0 {
		return false
	}
	switch head[3] {
	case 1, 4:
		raw, ok := get(c, map[byte]int{1: 4, 4: 16}[head[3]])
		if !ok {
			return false
		}
		ip, _ := netip.AddrFromSlice(raw)
		r.Host = ip.String()
	case 3:
		if r.Host, ok = field(c); !ok {
			return false
		}
	default:
		return false
	}
	port, ok := get(c, 2)
	if ok {
		r.Port = binary.BigEndian.Uint16(port)
	}
	return ok
}

// connect goes where it is told to; else the code says why not.
func (s *Server) connect(r Request) (net.Conn, byte) {
	place := net.JoinHostPort(r.Host, strconv.Itoa(int(r.Port)))
	if to, ok := s.cfg.Names[place]; ok {
		place = to
	} else if _, err := netip.ParseAddr(r.Host); err != nil {
		return nil, 4
	}
	if s.cfg.Fault == Refuse || s.cfg.Phase == AtTarget {
		return nil, 0
	}
	d := net.Dialer{Timeout: 10 * time.Second}
	if s.cfg.From != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(s.cfg.From)}
	}
	c, err := d.Dial("tcp", place)
	if err != nil {
		return nil, 5
	}
	return c, 0
}

// say answers, or does not, as the fault of the phase has it; then it is over.
func (s *Server) say(c net.Conn, p Phase, answer []byte) bool {
	if s.cfg.Phase != p || s.cfg.Fault == Works || s.cfg.Fault == Refuse || s.cfg.Fault == Method {
		_, err := c.Write(answer)
		return err == nil
	}
	switch s.cfg.Fault {
	case Drip:
		_, _ = c.Write(answer[:1])
	case Version:
		_, _ = c.Write(append([]byte{4}, answer[1:]...))
	}
	s.fail(c)
	return false
}

// fail hangs up, or waits for the other to.
func (s *Server) fail(c net.Conn) {
	if s.cfg.Fault != HangUp {
		_, _ = io.Copy(io.Discard, c)
	}
}

func get(c net.Conn, n int) ([]byte, bool) {
	b := make([]byte, n)
	_, err := io.ReadFull(c, b)
	return b, err == nil
}

// field reads bytes with their count before them.
func field(c net.Conn) (string, bool) {
	n, ok := get(c, 1)
	if !ok {
		return "", false
	}
	b, ok := get(c, int(n[0]))
	return string(b), ok
}
