package ropewalk

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	randv2 "math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/dnslist"
	"github.com/ropewalk/ropewalk/enr"
)

const (
	// dnsListsMax is as many lists as one walk visits.
	dnsListsMax = 16
	// dnsWithin bounds one question to a name server, its repetitions included.
	dnsWithin = 5 * time.Second
	dnsPort   = 53
	// offerMax bounds how many hosts are offered to the book in one step of the loop.
	offerMax = 32
)

// visitLists reads the node lists of the configuration until the node ends, and has
// their hosts offered to the book.
func (n *Node) visitLists() error {
	lookup, err := n.lookup()
	if err != nil {
		return err
	}
	walk, err := n.walk(time.Now())
	if err != nil {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		name, ok := walk.Next(time.Now())
		if ok {
			texts, err := lookup(name)
			walk.Answer(time.Now(), texts, err)
		}
		n.offer(walk.Take())
		if ok && n.ctx().Err() == nil {
			continue
		}
		timer.Reset(max(0, time.Until(walk.Deadline())))
		select {
		case <-timer.C:
		case <-n.ctx().Done():
			return nil
		}
	}
}

func (n *Node) walk(now time.Time) (*dnslist.Walk, error) {
	cfg := dnslist.Config{Trace: n.fromOutside}
	for _, text := range n.cfg.Session.DNSLists {
		l, err := dnslist.Parse(text)
		if err != nil {
			return nil, err
		}
		cfg.Lists = append(cfg.Lists, l)
	}
	var seed [16]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	rng := randv2.New(randv2.NewPCG(binary.BigEndian.Uint64(seed[:]), binary.BigEndian.Uint64(seed[8:])))
	return dnslist.New(now, cfg, rng), nil
}

// lookup is the function that asks a name server for the texts of a name.
func (n *Node) lookup() (func(name string) ([]string, error), error) {
	var server netip.AddrPort
	if text := n.cfg.Session.DNSServer; text != "" {
		var err error
		if server, err = nameServer(text); err != nil {
			return nil, err
		}
	}
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if server.IsValid() {
			address = server.String()
		}
		return dialTied(ctx, network, address)
	}}
	return func(name string) ([]string, error) {
		ctx, cancel := context.WithTimeout(n.ctx(), dnsWithin)
		defer cancel()
		return r.LookupTXT(ctx, name+".") // whole as it is: no search in the domains of the system
	}, nil
}

// dialTied dials a connection that is of no use once the context has ended. The
// system's resolver minds the deadline of a context and not its end; it ends the one it
// dials with after each attempt.
func dialTied(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err == nil {
		context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	}
	return c, err
}

// offer hands hosts of lists to the book, each on the word of the list it came from,
// a few at a time.
func (n *Node) offer(found []dnslist.Found) {
	for len(found) > 0 {
		source := found[0].Source
		var records []*enr.Record
		for len(found) > 0 && len(records) < offerMax && found[0].Source == source {
			records, found = append(records, found[0].Record), found[1:]
		}
		n.post(input{fn: func(now time.Time) { n.machine.Offer(now, "list:"+source, records) }})
	}
}

// nameServer reads an IP address with or without a port.
func nameServer(text string) (netip.AddrPort, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(ip, dnsPort), nil
	}
	at, err := netip.ParseAddrPort(text)
	if err != nil || at.Port() == 0 {
		return netip.AddrPort{}, fmt.Errorf("ropewalk: name server %.100q: want IP or IP:PORT", text)
	}
	return at, nil
}
