package rlpx

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// socketMode lets nobody but our own user dial.
const socketMode = 0o600

// errNoSocket: the path is taken by something that is not ours to remove.
var errNoSocket = errors.New("something that is no socket is there")

// listenUnix listens on a Unix socket. One that a node left behind when it was killed,
// on which nobody listens, is removed first; closing the listener removes ours.
func listenUnix(path string) (net.Listener, error) {
	if err := sweep(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	// Until here the mode is what the umask leaves, and dialling takes the right to
	// write, which it leaves to nobody else.
	if err := os.Chmod(path, socketMode); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// sweep removes a socket on which nobody listens.
func sweep(path string) error {
	at, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case at.Mode().Type() != fs.ModeSocket:
		return errNoSocket
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		_ = c.Close()
		return syscall.EADDRINUSE
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("whether somebody listens there is not known: %w", plainly(err))
	}
	return os.Remove(path)
}

// unix is the address of our key at a socket.
func (t *Transport) unix(path string) link.Addr {
	return link.Unix(t.full, id.ID(keccak256(t.full[:])), path)
}
