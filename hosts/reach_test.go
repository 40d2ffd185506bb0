package hosts

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

const onionName = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd"

// Hosts that no way leads to wait in the dark, and turn grey as soon as one does: onion
// services without a proxy, IPv6 while the machine has none. A host with another address
// is dialled there meanwhile.
func TestSetReaches(t *testing.T) {
	now := time.Unix(1e9, 0)
	proxy, none := link.Routes{Proxy: true}, link.Routes{}
	over := func(r link.Routes) func(link.Addr) bool {
		return func(a link.Addr) bool { return r.Of(a) != link.NoRoute }
	}
	b := newBook(Config{Reaches: over(none)})
	at := func(n int, text string) link.Addr { return link.MustAddr(text + "/p2p/" + testPeer(n).String()) }
	onion := at(1, "/onion3/"+onionName+":4001")
	both := []link.Addr{at(2, "/ip6/2606:4700::1/tcp/4001"), at(2, "/ip4/8.8.8.8/tcp/4001")}
	six := at(3, "/ip6/2606:4701::1/tcp/4001")
	_ = b.HearAddr(now, "s", onion)
	_ = b.HearAddrs(now, "s", both)
	_ = b.HearAddr(now, "s", six)
	colours := func() string {
		out := ""
		for n := 1; n <= 3; n++ {
			h, _ := b.Get(testPeer(n).ID())
			out += fmt.Sprintf("%s %d ", h.Colour, len(h.Addrs))
		}
		return out
	}
	want := func(what, want string) {
		t.Helper()
		if got := colours(); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	want("no proxy", "dark 1 grey 2 grey 1 ")
	v := b.Version()
	b.SetReaches(now, over(proxy))
	want("a proxy", "grey 1 grey 2 grey 1 ")
	if b.Version() == v {
		t.Error("nobody is told that there is somebody new to dial")
	}
	b.Tried(now, six.ID(), true)
	if err := b.Move(now, six.ID(), White); err != nil {
		t.Fatal(err)
	}
	b.SetReaches(now, func(a link.Addr) bool { return proxy.Of(a) != link.NoRoute && a.Network() != link.NetIP6 })
	want("no IPv6", "grey 1 grey 1 dark 1 ")
	for range 100 {
		if h, ok := b.Pick(now.Add(time.Hour), []Colour{Grey, White}, nil); ok && h.Addrs[0].Network() == link.NetIP6 {
			t.Fatalf("%v is picked", h.Addrs)
		}
	}
	b.SetReaches(now, nil)
	want("everything", "grey 1 grey 2 grey 1 ")
	if h, _ := b.Get(six.ID()); !h.Reached || !h.Ever {
		t.Error("what a host has proven is forgotten in the dark")
	}
	if err := b.Move(now, six.ID(), Gold); err != nil {
		t.Fatal(err)
	}
	b.SetReaches(now, func(link.Addr) bool { return false })
	want("nothing", "dark 1 dark 2 gold 1 ") // with gold there is a link
}
