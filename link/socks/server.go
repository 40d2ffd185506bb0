package socks

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"strconv"
)

// Server is where a proxy is and who we are to it.
type Server struct {
	Network, Address string // for net.Dial: "tcp" or "unix"
	User, Password   string // empty: one of our own for each destination
}

// ErrServer is returned for text that names no proxy.
var ErrServer = errors.New("socks: want socks5://IP:PORT, socks5://USER:PASSWORD@IP:PORT or unix:///PATH")

// Parse reads the URL of a proxy. Its host is an IP address or "localhost": a name would
// have to be asked of DNS, in the open.
func Parse(text string) (Server, error) {
	bad := func(why string) (Server, error) { return Server{}, fmt.Errorf("%w: %s", ErrServer, why) }
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return bad("not a URL")
	case u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || u.ForceQuery:
		return bad("nothing may follow the port")
	case u.Scheme == "unix":
		if u.Host != "" || u.User != nil || !path.IsAbs(u.Path) || path.Clean(u.Path) != u.Path {
			return bad("the path is not absolute and clean")
		}
		return Server{Network: "unix", Address: u.Path}, nil
	case u.Scheme != "socks5" && u.Scheme != "socks5h":
		return bad("unknown scheme")
	case u.Path != "" && u.Path != "/":
		return bad("nothing may follow the port")
	}
	host := u.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.IsUnspecified() {
		return bad("the host is no IP address")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return bad("the port is not 1 to 65535")
	}
	s := Server{Network: "tcp", Address: net.JoinHostPort(ip.String(), strconv.FormatUint(port, 10)), User: u.User.Username()}
	s.Password, _ = u.User.Password()
	if len(s.User) > fieldBytesMax || len(s.Password) > fieldBytesMax || (s.User == "") != (s.Password == "") {
		return bad(fmt.Sprintf("user and password have 1 to %d bytes each", fieldBytesMax))
	}
	return s, nil
}

// String is the proxy without its password.
func (s Server) String() string {
	u := url.URL{Scheme: "socks5", Host: s.Address}
	if s.Network == "unix" {
		u = url.URL{Scheme: "unix", Path: s.Address}
	}
	if s.User != "" {
		u.User = url.User(s.User)
	}
	return u.String()
}
