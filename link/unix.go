package link

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ropewalk/ropewalk/id"
)

// pathBytesMax bounds the path of a Unix socket: what the shortest sun_path of the
// systems we run on holds, 104 bytes with a zero at the end.
const pathBytesMax = 103

// Unix is the RLPx address of a key at a Unix socket; zero when the path is not
// absolute and canonical. The rest is as in Enode.
func Unix(full [64]byte, who id.ID, path string) Addr {
	if checkPath(path) != nil {
		return Addr{}
	}
	return Addr{text: fmt.Sprintf("enode://%x@%s", full, path), who: who}
}

// Path is the path of the Unix socket that the address leads to; empty for others.
func (a Addr) Path() string {
	if a.Network() != NetUnix {
		return ""
	}
	host, _ := a.hostPort()
	return host
}

// canonicalUnix reads a path, and who is there, as they stand after /unix/. A
// path with a part "p2p" is refused: where it ends would be a matter of reading.
func canonicalUnix(rest string) (string, error) {
	path, who, named := strings.Cut("/"+rest, "/p2p/")
	if named {
		if _, err := id.ParsePeerID(who); err != nil {
			return rest, err
		}
		who = "/p2p/" + who
	}
	return "/unix" + path + who, checkPath(path)
}

// checkPath takes absolute paths in the one form they have, of bytes that need no
// quoting in a URL, a shell or a log.
func checkPath(path string) error {
	if len(path) < 2 || len(path) > pathBytesMax || path[0] != '/' {
		return fmt.Errorf("socket %.110q: want an absolute path of at most %d bytes", path, pathBytesMax)
	}
	for _, part := range strings.Split(path[1:], "/") {
		if part == "" || part == "." || part == ".." || part == "p2p" {
			return fmt.Errorf("socket %.110q: want a path without the parts \"\", \".\", \"..\" and \"p2p\"", path)
		}
	}
	odd := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+=~", r))
	}
	if strings.ContainsFunc(path, odd) {
		return errors.New("socket: want a path of letters, digits and . _ - + = ~")
	}
	return nil
}
