package api

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/ropewalk/ropewalk/dash"
)

// ErrExposed is returned for a listen address that others can reach while
// Options.Expose is not set.
var ErrExposed = errors.New("api: not a loopback address; the API has no encryption of its own")

// ErrWeakToken is returned for a token that could be guessed or not be sent.
var ErrWeakToken = errors.New("api: a token has at least 16 visible ASCII characters")

// Options say how to serve. The zero Options listen on any free port of
// loopback with a fresh token.
type Options struct {
	Listen  string   // host:port; default 127.0.0.1:0
	Expose  bool     // allow a Listen address that is not loopback
	Hosts   []string // further names of this server, host or host:port, accepted in the Host header
	Token   string   // default: 256 bits of chance
	Network string   // shown by the dashboard's graph and by spawns; default: the node's
	Dnet    string   // the socket for DarkFi's viewers: host:port of loopback, or unix:PATH; default: none
	// DnetControl lets that socket end links, dial and ban; it must be a Unix socket.
	DnetControl bool

	// Networks, when there are any, are all the nodes that the server answers for, each
	// with every path of its own under /net/NAME; the server's node is one of them.
	Networks []Network

	// Graph replaces what the dashboard draws, default: the node and its peers.
	Graph  func() dash.Graph
	Logger *slog.Logger // default: nothing is logged
}

// Network is one of several nodes of a Server.
type Network struct {
	Name string // as it stands in paths: of a-z 0-9 . _ -
	Node Node
}

// fill sets the defaults and refuses what is unsafe.
func (o *Options) fill() error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := checkListen(o.Listen, o.Expose); err != nil {
		return err
	}
	if o.Dnet != "" {
		if err := checkDnet(o.Dnet, o.DnetControl); err != nil {
			return err
		}
	}
	if o.Token == "" {
		raw := make([]byte, tokenBytes)
		rand.Read(raw) // never fails: crypto/rand ends the program instead
		o.Token = base64.RawURLEncoding.EncodeToString(raw)
	}
	if len(o.Token) < tokenMinLen || strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ErrWeakToken
	}
	return nil
}

// checkListen refuses addresses that are no addresses, and open ones.
func checkListen(addr string, expose bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("api: listen on %q: want host:port", addr)
	}
	if expose || host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrExposed, addr)
}
