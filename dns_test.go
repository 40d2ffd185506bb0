package ropewalk

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/dnslist/listtest"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link/mem"
)

// serveLists is a name server with node lists.
func serveLists(t *testing.T, z listtest.Zone) *listtest.Server {
	t.Helper()
	s, err := listtest.Serve(z)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// listConfig is a node of the open internet, without links, that reads node lists.
func listConfig(s *listtest.Server, lists ...listtest.Lister) Config {
	cfg := memConfig(mem.NewNetwork(), "reader")
	cfg.Localnet = false
	cfg.Session = SessionConfig{Outbound: -1, RefineEvery: time.Hour, DNSServer: s.Addr()}
	for _, l := range lists {
		cfg.Session.DNSLists = append(cfg.Session.DNSLists, l.URL())
	}
	return cfg
}

func hostCount(t *testing.T, n *Node) int {
	t.Helper()
	page, err := n.Hosts(t.Context(), "", 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}

// What a list says ends up in the host book, and what the lists say that it links to.
func TestListsFillTheBook(t *testing.T) {
	a, b, z := listtest.NewLister("a"), listtest.NewLister("b"), listtest.Zone{}
	all := listtest.Records(7)
	z.Publish(a, 1, all[:5], []string{b.URL()})
	z.Publish(b, 1, all[5:], nil)
	n := started(t, listConfig(serveLists(t, z), a))
	until(t, "7 hosts", func() bool { return hostCount(t, n) == 7 })
	page, err := n.Hosts(t.Context(), "", 0, 10)
	if err != nil || len(page.Hosts) != 7 {
		t.Fatalf("%d hosts, %v", len(page.Hosts), err)
	}
	want := map[string]bool{}
	for _, text := range all {
		want[text] = true
	}
	for _, h := range page.Hosts {
		if !want[h.Record] {
			t.Errorf("%s has the record %s", h.ID.Short(), h.Record)
		}
	}
}

// Hosts at addresses that no public node has are not taken from a list.
func TestListsAreFiltered(t *testing.T) {
	a, z := listtest.NewLister("a"), listtest.Zone{}
	records := listtest.Records(1)
	for i, ip := range []string{"127.0.0.1", "10.0.0.1"} {
		b := enr.Builder{Seq: 1, TCP: 30303, IP: netip.MustParseAddr(ip)}
		r, err := b.Sign(listtest.Key(fmt.Sprint("local ", i)))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r.String())
	}
	z.Publish(a, 1, records, nil)
	n := made(t, listConfig(serveLists(t, z), a))
	events := n.Events(t.Context(), "dnslist")
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for e := range events.C() {
		if e.Kind == "walked" {
			if e.N != 3 {
				t.Errorf("%d records found, want 3", e.N)
			}
			break
		}
	}
	// What the last answer holds is offered just after it was said that all were found.
	until(t, "the public one alone", func() bool { return hostCount(t, n) == 1 })
}

// A node that ends waits for no name server: its questions end with it.
func TestCloseWhileListsAreRead(t *testing.T) {
	a, z := listtest.NewLister("a"), listtest.Zone{}
	s := serveLists(t, z)
	s.Mute(true)
	n := started(t, listConfig(s, a))
	until(t, "a question", func() bool { return s.Asked() > 0 })
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	s.Mute(false)
	lookup, err := n.lookup()
	if err != nil {
		t.Fatal(err)
	}
	asked := s.Asked()
	if texts, err := lookup("a.example.org"); err == nil || s.Asked() != asked {
		t.Errorf("a node that has ended asks for lists: %q %v", texts, err)
	}
}

// Nobody waits on a connection whose context has ended.
func TestDialTied(t *testing.T) {
	s := serveLists(t, listtest.Zone{})
	ctx, cancel := context.WithCancel(t.Context())
	c, err := dialTied(ctx, "udp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	cancel()
	select {
	case <-read:
	case <-time.After(patience / 2):
		t.Error("the end of the context does not end a read")
	}
}

// A list that cannot be read is an event that says why.
func TestListFails(t *testing.T) {
	a, z := listtest.NewLister("a"), listtest.Zone{}
	mallory := listtest.Lister{Key: listtest.Key("mallory"), Domain: a.Domain}
	z.Publish(mallory, 1, listtest.Records(3), nil)
	n := made(t, listConfig(serveLists(t, z), a))
	events := n.Events(t.Context(), "dnslist")
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := <-events.C()
	if got, want := fmt.Sprint(e.Kind, " ", e.Topic), "root_failed a.example.org"; got != want || e.Err == "" {
		t.Errorf("event %q (%s), want %q", got, e.Err, want)
	}
	if got := hostCount(t, n); got != 0 {
		t.Errorf("%d hosts of a forged list", got)
	}
}
