package sockstest

import (
	"io"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// Config says how the proxy is. The zero Config connects everybody to everywhere.
type Config struct {
	// User and Password, when set, are asked for; otherwise any are taken, and who
	// offers none needs none.
	User, Password string
	// Names are what the proxy knows beside what it can connect to by itself: where
	// "HOST:PORT" leads to. A name that is not here is unknown to it.
	Names map[string]string
	// From is the IP address it connects from; empty is any. A test that gives one can
	// tell the proxy's connections from others.
	From string
	// Unix has it listen on a Unix socket.
	Unix bool
	// Heard, when set, is called with everything it is asked for, before it answers.
	Heard func(Request)
	// Fault is what is wrong with it, in Phase.
	Fault Fault
	Phase Phase
	Code  byte // of a Refuse
}

// Fault is a way to misbehave.
type Fault string

// The faults.
const (
	Works   Fault = ""
	Stall   Fault = "stall"   // it says nothing more, and hangs up when the other does
	HangUp  Fault = "hang up" // it closes the connection
	Drip    Fault = "drip"    // it begins to answer, and the rest never comes
	Version Fault = "version" // it answers with another version
	Refuse  Fault = "refuse"  // it says no, with a code in the reply
	Method  Fault = "method"  // it picks a method that was not offered
)

// Phase is a part of the dialogue.
type Phase string

// The phases.
const (
	AtGreeting Phase = "greeting"
	AtPassword Phase = "password"
	AtReply    Phase = "reply"
	AtTarget   Phase = "target" // after the reply: as one whose destination says nothing
)

// Request is what somebody asked for.
type Request struct {
	User, Password string
	Host           string // as it came: names are not resolved
	Port           uint16
}

// Server is the proxy at work.
type Server struct {
	cfg      Config
	listener net.Listener

	mu    sync.Mutex
	asked []Request
	conns map[net.Conn]struct{}
	shut  bool
	tasks sync.WaitGroup
}

// Start runs a proxy until the test ends.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	network, address := "tcp", "127.0.0.1:0"
	if c.Unix {
		network, address = "unix", filepath.Join(t.TempDir(), "socks")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{cfg: c, listener: l, conns: make(map[net.Conn]struct{})}
	s.tasks.Go(s.accept)
	t.Cleanup(s.Close)
	return s
}

// Close ends the proxy and everything through it.
func (s *Server) Close() {
	s.mu.Lock()
	s.shut = true
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	_ = s.listener.Close()
	s.tasks.Wait()
}

// URL is the proxy as a configuration names it.
func (s *Server) URL() string {
	if s.cfg.Unix {
		return "unix://" + s.listener.Addr().String()
	}
	return "socks5://" + s.listener.Addr().String()
}

// Asked is everything it was asked for.
func (s *Server) Asked() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.hold(c) {
			return
		}
		s.tasks.Go(func() {
			defer s.letGo(c)
			s.serve(c)
		})
	}
}

func (s *Server) hold(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		_ = c.Close()
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) letGo(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// relay carries bytes both ways until both have ended.
func (s *Server) relay(a, b net.Conn) {
	var both sync.WaitGroup
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
	both.Go(func() { pass(a, b) })
	both.Go(func() { pass(b, a) })
	both.Wait()
}
