package api

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
)

var pipeAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7777}

// pipeListener is a listener in memory, so that the clock of a synctest bubble
// moves while its connections wait.
type pipeListener struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), ended: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.ended) }); return nil }
func (l *pipeListener) Addr() net.Addr { return pipeAddr }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

// served is a server that listens in memory, and a client of it.
func served(t *testing.T, f *fake) (*Server, *http.Client) {
	t.Helper()
	s, err := newServer(f, f, Options{Token: testToken})
	if err != nil {
		t.Fatal(err)
	}
	ln := newPipeListener()
	if err := s.serve(ln); err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{DialContext: ln.dial}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, &http.Client{Transport: tr}
}
