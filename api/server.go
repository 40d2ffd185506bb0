package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves one node.
type Server struct {
	opts    Options
	node    Node
	streams streams
	strands strands
	log     *slog.Logger

	http  *http.Server
	cross *http.CrossOriginProtection
	gate  chan struct{} // one place per request being executed
	loose bool          // listening where others can reach it

	ctx  context.Context // of every WebSocket and viewer; ends with Close
	stop context.CancelFunc
	wg   sync.WaitGroup // everything the http.Server does not wait for

	sockets atomic.Int64 // open WebSockets
	files   atomic.Int64 // on their way
	large   atomic.Int64 // bodies above bodySmall
	subs    atomic.Int64 // open subscriptions

	whole *Server   // whom a further node's server belongs to; else nil
	nets  []*Server // of Options.Networks; they listen nowhere

	mu    sync.Mutex
	addr  net.Addr              // nil until started
	names map[string]bool       // acceptable Host headers, lower case
	dnet  *dnet                 // nil unless asked for
	mute  map[net.Conn]struct{} // connections that have not asked anything
	ended bool
}

// NewServer makes a server for a node. It opens nothing.
func NewServer(n Node, opts Options) (*Server, error) {
	return newServer(n, nodeStreams{n}, opts)
}

func newServer(n Node, st streams, opts Options) (*Server, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	s := &Server{
		opts: opts, node: n, streams: st, strands: strandsOf(n), log: opts.Logger,
		cross: http.NewCrossOriginProtection(),
		gate:  make(chan struct{}, inFlightMax),
		names: make(map[string]bool), mute: make(map[net.Conn]struct{}),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	for _, x := range opts.Networks {
		s.nets = append(s.nets, s.network(x))
	}
	s.http = &http.Server{
		Handler:           s.guard(s.byNetwork(s.routes())),
		ReadHeaderTimeout: readHeaderWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      writeWithin,
		IdleTimeout:       idleWithin,
		MaxHeaderBytes:    headerBytesMax,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ConnState:         s.moved,
	}
	return s, nil
}

// network makes the server of one of several nodes, which has its own streams and limits
// and lives behind the locks of s.
func (s *Server) network(x Network) *Server {
	o := s.opts
	o.Network, o.Networks, o.Graph, o.Dnet = x.Name, nil, nil, ""
	out := &Server{
		opts: o, node: x.Node, streams: nodeStreams{x.Node}, strands: strandsOf(x.Node), log: s.log.With("network", x.Name),
		cross: s.cross, gate: s.gate, names: s.names, whole: s,
	}
	out.ctx, out.stop = context.WithCancel(s.ctx)
	return out
}

// Start opens the listeners and serves until Close.
func (s *Server) Start() error {
	ln, err := net.Listen("tcp", s.opts.Listen)
	if err != nil {
		return fmt.Errorf("api: listen on %s: %w", s.opts.Listen, err)
	}
	if s.opts.Dnet != "" {
		d, err := listenDnet(s)
		if err != nil {
			ln.Close()
			return err
		}
		s.mu.Lock()
		s.dnet = d
		s.mu.Unlock()
	}
	return s.serve(ln)
}

// serve starts serving on a listener, which it owns from then on.
func (s *Server) serve(ln net.Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.addr != nil {
		ln.Close()
		return errors.New("api: started twice or after Close")
	}
	s.addr = ln.Addr()
	s.names = ownNames(s.addr, s.opts.Listen, s.opts.Hosts)
	s.loose = !isLoopback(s.addr)
	for _, x := range s.nets {
		x.loose = s.loose
	}
	if s.loose {
		s.log.Warn("the API is open to other machines and not encrypted", "addr", s.addr.String())
	}
	s.wg.Go(func() {
		if err := s.http.Serve(limit(ln, connsMax)); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("API stopped", "err", err)
		}
	})
	return nil
}

// URL is where the server listens: http://127.0.0.1:PORT. Empty before Start.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addr == nil {
		return ""
	}
	return "http://" + reachable(s.addr)
}

// Token is what callers must show.
func (s *Server) Token() string { return s.opts.Token }

// NetworkURL is where a network's node has every path for itself.
func (s *Server) NetworkURL(name string) string { return s.URL() + netPath + name }

// DnetAddr is where DarkFi's viewers connect; empty when that is off.
func (s *Server) DnetAddr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dnet == nil {
		return ""
	}
	at := s.dnet.ln.Addr()
	if at.Network() == "unix" {
		return "unix:" + at.String()
	}
	return at.String()
}

// everyNetwork is the server of each network this process serves.
func (s *Server) everyNetwork() []*Server {
	if s.whole != nil {
		s = s.whole
	}
	if len(s.nets) == 0 {
		return []*Server{s}
	}
	return s.nets
}

// Close ends every subscription, lets calls in flight finish until the context
// ends, and waits for everything the server started. It may be called twice, and
// without Start.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.ended = true
	d := s.dnet
	s.mu.Unlock()
	s.stop()
	if d != nil {
		d.ln.Close()
	}
	s.hangUp()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.wg.Wait()
	for _, x := range s.nets {
		x.wg.Wait()
		x.stop()
	}
	return err
}

// moved keeps who has connected and not asked anything yet. Browsers and clients open
// such connections on suspicion, and Shutdown would wait five seconds for each.
func (s *Server) moved(c net.Conn, to http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case to != http.StateNew:
	case s.ended:
		_ = c.Close()
	default:
		s.mute[c] = struct{}{}
		return
	}
	delete(s.mute, c)
}

// hangUp ends those connections.
func (s *Server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.mute {
		_ = c.Close()
	}
}

// enter takes a place among the requests in flight, waiting at most for wait. It
// tells whether there was one; leave gives it back.
func (s *Server) enter(ctx context.Context, wait time.Duration) bool {
	select {
	case s.gate <- struct{}{}:
		return true
	default:
	}
	if wait == 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case s.gate <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (s *Server) leave() { <-s.gate }
