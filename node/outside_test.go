package node

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/pulse"
)

// outsider makes a public node whose links last.
func outsider(t *testing.T, change func(*Config)) *host {
	w := newWorld(t)
	w.hold = true
	return w.add("us", func(c *Config) {
		c.Localnet = false
		c.Pulse = pulse.Config{Every: 24 * time.Hour}
		if change != nil {
			change(c)
		}
	})
}

// seenBy brings up a link with somebody at an IP address, who says where it sees us and
// speaks on some lanes.
func (h *host) seenBy(ip string, dir link.Direction, saw string, lanes ...link.LaneInfo) link.Conn {
	h.w.t.Helper()
	remote := &host{key: linktest.Key(ip), name: ip}
	at := link.MustAddr("/ip4/" + ip + "/tcp/4001").WithPeer(remote.key.Public().PeerID())
	var t id.Ticket
	if dir == link.Out {
		if err := h.n.Connect(h.w.now, id.Ticket{Owner: Owner, N: uint64(h.w.conns) + 1}, at); err != nil {
			h.w.t.Fatal(err)
		}
		h.w.pass(time.Second)
		i := slices.IndexFunc(h.dials, func(d Dial) bool { return d.To == at })
		if i < 0 {
			h.w.t.Fatalf("%s is not dialled", at)
		}
		t = h.dials[i].Ticket
	}
	info := h.info(remote, dir, t)
	info.Addr, info.Lanes, info.Observed = at, lanes, netip.MustParseAddrPort(saw)
	h.w.conns++
	h.n.LinkUp(h.w.now, h.w.conns, info)
	return h.w.conns
}

func (h *host) external() string {
	a, ok := h.n.External(false)
	if !ok {
		return ""
	}
	return a.IP.String()
}

func (h *host) externals() (out []string) {
	for _, e := range h.events {
		if e.Strand == "node" && e.Kind == "external" {
			out = append(out, e.Addr+" "+e.Topic+e.Err)
		}
	}
	return out
}

// Those we dialled say where we are; those who dialled us only prove that it is
// there. What is known lasts as long as the links do.
func TestExternal(t *testing.T) {
	h := outsider(t, nil)
	for i := range 8 {
		h.seenBy(fmt.Sprintf("9.%d.0.1", 100+i), link.In, "6.6.6.6:1")
	}
	if got := h.external(); got != "" {
		t.Fatalf("who dialled us made us believe in %s", got)
	}
	var conns []link.Conn
	for i := range 4 {
		if got := h.external(); got != "" {
			t.Fatalf("%d groups made us believe in %s", i, got)
		}
		conns = append(conns, h.seenBy(fmt.Sprintf("9.%d.0.1", i), link.Out, "8.8.8.8:5000"))
	}
	h.w.pass(3 * time.Hour)
	if got := h.external(); got != "8.8.8.8" {
		t.Fatalf("with all links up it is %q, want 8.8.8.8", got)
	}
	for _, c := range conns {
		h.n.LinkDown(h.w.now, c, nil)
	}
	h.w.pass(31 * time.Minute)
	if got := h.external(); got != "" {
		t.Errorf("still %s when nobody says so", got)
	}
	want := []string{"8.8.8.8 voted", "8.8.8.8 not known any more"}
	if got := h.externals(); !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
}

// An address that nobody dials us at is given up.
func TestExternalRevoked(t *testing.T) {
	h := outsider(t, nil)
	for i := range 4 {
		h.seenBy(fmt.Sprintf("9.%d.0.1", i), link.Out, "8.8.8.8:5000")
	}
	h.w.pass(6 * time.Minute)
	if got := h.external(); got != "" {
		t.Errorf("still %s, where nobody reaches us", got)
	}
}

// The operator's word and a router's need no votes.
func TestExternalOfOthers(t *testing.T) {
	h := outsider(t, nil)
	h.n.SetMapped(h.w.now, netip.MustParseAddr("8.8.4.4"))
	if got := h.external(); got != "8.8.4.4" {
		t.Errorf("mapped: %q", got)
	}
	h.n.SetMapped(h.w.now, netip.Addr{})
	if got := h.external(); got != "" {
		t.Errorf("mapping gone: %q", got)
	}
	h = outsider(t, func(c *Config) { c.External = []netip.Addr{netip.MustParseAddr("1.1.1.1")} })
	h.n.SetMapped(h.w.now, netip.MustParseAddr("8.8.4.4"))
	if got := h.external(); got != "1.1.1.1" {
		t.Errorf("static: %q", got)
	}
}
