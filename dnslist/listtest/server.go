package listtest

import (
	"net"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// Server answers questions for texts on a UDP port of loopback.
type Server struct {
	conn *net.UDPConn
	done chan struct{}

	mu    sync.Mutex
	zone  Zone
	mute  bool
	asked int
}

// Serve starts a server. Close ends it.
func Serve(z Zone) (*Server, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		return nil, err
	}
	s := &Server{conn: conn, zone: z, done: make(chan struct{})}
	go s.serve()
	return s, nil
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.conn.LocalAddr().String() }

// Close ends the server and waits.
func (s *Server) Close() {
	s.conn.Close()
	<-s.done
}

// Update changes what the server answers.
func (s *Server) Update(f func(z Zone)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.zone)
}

// Mute makes the server take questions and answer none, or answer again.
func (s *Server) Mute(mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = mute
}

// Asked is how many questions came.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *Server) serve() {
	defer close(s.done)
	buf := make([]byte, 4096)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if answer := s.answer(buf[:n]); answer != nil {
			_, _ = s.conn.WriteToUDPAddrPort(answer, from)
		}
	}
}

func (s *Server) answer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.mute {
		return nil
	}
	q := m.Questions[0]
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionDesired: true, RecursionAvailable: true}, Questions: m.Questions}
	texts, ok := s.zone[strings.TrimSuffix(q.Name.String(), ".")]
	if !ok {
		out.RCode = dnsmessage.RCodeNameError
	}
	for _, text := range texts {
		var parts []string
		for len(text) > 255 { // of one string within a text
			parts, text = append(parts, text[:255]), text[255:]
		}
		out.Answers = append(out.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 60},
			Body:   &dnsmessage.TXTResource{TXT: append(parts, text)},
		})
	}
	packed, err := out.Pack()
	if err != nil {
		return nil
	}
	return packed
}
