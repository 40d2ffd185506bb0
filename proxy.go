package ropewalk

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/socks"
)

// onionsMax bounds the names of Listen.Onion, our choice: one for each kind of link, and
// one more of each while services move.
const onionsMax = 4

// dialSlack is how much longer than the world the session waits for the outcome of a
// dial: it comes through the loop.
const dialSlack = 5 * time.Second

// routes say which way addresses are reached.
func (s SessionConfig) routes() link.Routes {
	if s.Proxy == "" && len(s.Mixed) == 0 {
		return link.Routes{}
	}
	m, err := link.ParseMixed(s.Mixed)
	if err != nil {
		m = link.MixAll // Validate says so; until then nothing is dialled directly
	}
	return link.Routes{Proxy: s.Proxy != "", Mixed: m}
}

// setProxy prepares dialling through the proxy.
func (n *Node) setProxy() error {
	n.routes = n.cfg.Session.routes()
	if n.cfg.Session.Proxy == "" {
		return nil
	}
	at, err := socks.Parse(n.cfg.Session.Proxy)
	if err != nil {
		return err
	}
	n.proxy = socks.New(at)
	if n.routes.All() && len(n.cfg.Session.DNSLists) > 0 {
		n.log.Warn("node lists are not read: everything goes through the proxy, and DNS does not")
	}
	return nil
}

// throughProxy dials what goes through the proxy.
func (n *Node) throughProxy(ctx context.Context, to link.Addr) (net.Conn, error) {
	c, err := n.proxy.Dial(ctx, to)
	if err != nil {
		return nil, err // and not a connection that is nil
	}
	return c, nil
}

// dialWithin bounds a dial, all of it: the configured time, or what its way takes when
// that is longer.
func (n *Node) dialWithin(to link.Addr) time.Duration {
	within := n.cfg.Session.DialTimeout
	if n.routes.Of(to) == link.Proxied {
		within = max(within, n.routes.Timeouts(to).Dial)
	}
	return within
}

// slow tells whether a link goes through the proxy, or comes through an onion service.
func (n *Node) slow(l link.Info) bool {
	if l.Dir == link.In {
		return n.cfg.hidden() && l.Addr.IP().IsLoopback()
	}
	return n.routes.Of(l.Addr) == link.Proxied
}

// CheckProxy tells whether the proxy of a configuration, session.proxy, is there, speaks
// SOCKS5 and takes us. It is not asked for anything. No proxy is no error.
func CheckProxy(ctx context.Context, proxy string) error {
	if proxy == "" {
		return nil
	}
	at, err := socks.Parse(proxy)
	if err != nil {
		return err
	}
	return socks.New(at).Check(ctx)
}

// onions are the addresses of onion services that lead to us.
func (n *Node) onions() (out []link.Addr) {
	for _, text := range n.cfg.Listen.Onion {
		if a, err := onionAddr(text, n.key); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// onionAddr reads the name under which an onion service leads to a listener of ours:
// NAME.onion:PORT for RLPx, /onion3/NAME:PORT for libp2p.
func onionAddr(text string, key *id.Key) (link.Addr, error) {
	if !strings.HasPrefix(text, "/") {
		text = fmt.Sprintf("enode://%x@%s", key.Uncompressed(), text)
	}
	a, err := link.ParseAddr(text)
	if err == nil && (a.Network() != link.NetOnion || a.Kind() == link.LibP2P && a.PeerID() != "") {
		err = fmt.Errorf("%.80q is no onion service", text)
	}
	return a.WithPeer(key.Public().PeerID()), err
}

// hidden tells whether an onion service leads to us.
func (c Config) hidden() bool { return len(c.Listen.Onion) > 0 }

// proxied checks what has to do with proxies and onion services.
func (v *validator) proxied(c Config) {
	s := c.Session
	_, err := socks.Parse(s.Proxy)
	v.check(s.Proxy == "" || err == nil, "session.proxy", hidePassword(s.Proxy), "socks5://IP:PORT, socks5://USER:PASSWORD@IP:PORT or unix:///PATH")
	_, err = link.ParseMixed(s.Mixed)
	v.check(err == nil, "session.mixed", fmt.Sprint(s.Mixed), `any of "onion", "i2p", "tcp", "all"`)
	v.check(s.Proxy != "" || len(s.Mixed) == 0, "session.mixed", fmt.Sprint(s.Mixed), "nothing without session.proxy, through which these go")
	v.check(len(c.Listen.Onion) <= onionsMax, "listen.onion", fmt.Sprint(len(c.Listen.Onion)), fmt.Sprintf("at most %d", onionsMax))
	for _, text := range c.Listen.Onion {
		_, err := onionAddr(text, exampleKey())
		v.check(err == nil, "listen.onion", text, "NAME.onion:PORT for RLPx or /onion3/NAME:PORT for libp2p, with the right name")
	}
	r := s.routes()
	if r.All() {
		for _, text := range c.Listen.LibP2P {
			v.check(!strings.Contains(text, "/udp/"), "listen.libp2p", text, "TCP alone where everything goes through session.proxy: it does not carry UDP")
		}
	}
	for _, list := range []struct {
		field string
		texts []string
	}{{"session.peers", s.Peers}, {"session.seeds", s.Seeds}} {
		for _, text := range list.texts {
			addrs, err := dialAddrs(text)
			v.check(err != nil || len(reached(r, addrs)) > 0, list.field, text, "addresses that a way leads to: onion services want session.proxy, and a proxy carries no UDP")
		}
	}
}

// exampleKey stands in for the node's key where only the form of an address matters.
var exampleKey = sync.OnceValue(func() *id.Key {
	k, err := id.KeyFromBytes([]byte("any key does for reading a name!"))
	if err != nil {
		panic(err)
	}
	return k
})

// reached are those of the addresses that a way leads to.
func reached(r link.Routes, addrs []link.Addr) (out []link.Addr) {
	for _, a := range addrs {
		if r.Of(a) != link.NoRoute {
			out = append(out, a)
		}
	}
	return out
}

// hidePassword is the URL of a proxy as it may be shown.
func hidePassword(text string) string {
	before, at, ok := strings.Cut(text, "@")
	if !ok {
		return text
	}
	scheme, _, _ := strings.Cut(before, "://")
	return scheme + "://…@" + at
}

// reaches tells whether a way leads to an address.
func (n *Node) reaches(a link.Addr) bool { return n.routes.Of(a) != link.NoRoute }
