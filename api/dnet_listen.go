package api

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// ErrDnetControl is returned for Options.DnetControl without a Unix socket: whoever
// reaches a TCP port of this machine could end links, every program and every user.
var ErrDnetControl = errors.New("api: only a Unix socket of dnet can change things: its file is its owner's alone")

// dnetPlace takes an address of the socket apart: unix:PATH, or HOST:PORT; DarkFi's
// spellings unix://PATH and tcp://HOST:PORT are good too.
func dnetPlace(addr string) (network, place string) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return "unix", strings.TrimPrefix(path, "//")
	}
	return "tcp", strings.TrimPrefix(addr, "tcp://")
}

func checkDnet(addr string, control bool) error {
	network, place := dnetPlace(addr)
	if network == "unix" {
		if place == "" {
			return fmt.Errorf("api: listen on %q: want unix:PATH", addr)
		}
		return nil
	}
	if control {
		return ErrDnetControl
	}
	return checkListen(place, false)
}

func openDnet(addr string) (net.Listener, error) {
	network, place := dnetPlace(addr)
	open := func() (net.Listener, error) { return net.Listen(network, place) }
	if network == "unix" {
		open = func() (net.Listener, error) { return listenUnix(place) }
	}
	ln, err := open()
	if err != nil {
		return nil, fmt.Errorf("api: listen on %s: %w", addr, err)
	}
	return ln, nil
}

// unixListener removes its file when it closes.
type unixListener struct {
	net.Listener
	path string
	file os.FileInfo
}

// listenUnix opens a socket that only its owner can reach. It is made in a folder that
// nobody else can enter and moved to its place when its mode is right. A file that a
// program left behind which is gone gives way; one that somebody listens on does not.
func listenUnix(path string) (net.Listener, error) {
	if old, err := os.Lstat(path); err == nil {
		if old.Mode()&os.ModeSocket == 0 {
			return nil, errors.New("there is a file of that name")
		}
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			return nil, errors.New("address already in use")
		}
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".dnet")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	fresh := filepath.Join(dir, "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, err
	}
	ln.SetUnlinkOnClose(false)
	l := &unixListener{Listener: ln, path: path}
	if err = errors.Join(os.Chmod(fresh, 0o600), os.Rename(fresh, path)); err == nil {
		l.file, err = os.Lstat(path)
	}
	if err != nil {
		ln.Close()
		return nil, err
	}
	return l, nil
}

// Addr is the socket's place.
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close ends the listener and removes its file, unless somebody else's stands there.
func (l *unixListener) Close() error {
	if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.file) {
		os.Remove(l.path)
	}
	return l.Listener.Close()
}
