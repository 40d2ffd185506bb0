package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Discovery is the node's part in the discv5 network. A node without a UDP listener has
// none: all methods then return ErrNoDiscovery.
type Discovery struct{ n *Node }

// Discovery are the verbs of discv5.
func (n *Node) Discovery() *Discovery { return &Discovery{n} }

func (d *Discovery) verb(ctx context.Context, f func(now time.Time, t id.Ticket, x *discv5.Discovery) discv5.News) (discv5.Answer, error) {
	a, err := d.n.discoveryAsk(ctx, f)
	return a, discoveryError(err)
}

func (d *Discovery) withRecord(ctx context.Context, text string, f func(now time.Time, t id.Ticket, x *discv5.Discovery, to *enr.Record) discv5.News) (discv5.Answer, error) {
	r, err := d.n.records.parse(text)
	if err != nil {
		return discv5.Answer{}, err
	}
	return d.verb(ctx, func(now time.Time, t id.Ticket, x *discv5.Discovery) discv5.News { return f(now, t, x, r) })
}

// Ping asks whether a node is there.
func (d *Discovery) Ping(ctx context.Context, record string) (DiscoveryPong, error) {
	a, err := d.withRecord(ctx, record, func(now time.Time, t id.Ticket, x *discv5.Discovery, to *enr.Record) discv5.News {
		return x.Ping(now, t, to)
	})
	if err != nil {
		return DiscoveryPong{}, err
	}
	return DiscoveryPong{a.Pong.Seq, a.Pong.Us.Addr().Unmap().String(), a.Pong.Us.Port()}, nil
}

// FindNode asks a node for its nodes at log distances from itself; 0 is its own record.
func (d *Discovery) FindNode(ctx context.Context, record string, distances []uint16) ([]string, error) {
	a, err := d.withRecord(ctx, record, func(now time.Time, t id.Ticket, x *discv5.Discovery, to *enr.Record) discv5.News {
		return x.FindNode(now, t, to, distances)
	})
	return recordTexts(a.Records), err
}

// Talk sends a request of a protocol, whose name is sent as it is, and returns the answer.
func (d *Discovery) Talk(ctx context.Context, record string, protocol, body []byte) ([]byte, error) {
	a, err := d.withRecord(ctx, record, func(now time.Time, t id.Ticket, x *discv5.Discovery, to *enr.Record) discv5.News {
		return x.Talk(now, t, to, string(protocol), body)
	})
	return a.Body, err
}

// Lookup searches the network for the nodes nearest to a point.
func (d *Discovery) Lookup(ctx context.Context, target id.ID) ([]string, error) {
	a, err := d.verb(ctx, func(now time.Time, t id.Ticket, x *discv5.Discovery) discv5.News { return x.Lookup(now, t, target) })
	return recordTexts(a.Records), err
}

// GetRecord is what we hold of a node, or our own record; ErrNoSuchPeer.
func (d *Discovery) GetRecord(ctx context.Context, who id.ID) (string, error) {
	if who == d.n.key.ID() {
		return d.n.Record(), nil
	}
	r, err := d.record(ctx, who)
	if err != nil {
		return "", err
	}
	return r.String(), nil
}

func (d *Discovery) record(ctx context.Context, who id.ID) (*enr.Record, error) {
	return discoveryLook(ctx, d, func(_ time.Time, x *discv5.Discovery) (*enr.Record, error) {
		if r, ok := x.Get(who); ok {
			return r, nil
		}
		return nil, ErrNoSuchPeer
	})
}

// LookupRecord finds a node's newest record: of the node itself, when we know it, or else
// of others that do; ErrNoSuchPeer.
func (d *Discovery) LookupRecord(ctx context.Context, who id.ID) (string, error) {
	if who == d.n.key.ID() {
		return d.n.Record(), nil
	}
	known, err := d.record(ctx, who)
	if err != nil && !errors.Is(err, ErrNoSuchPeer) {
		return "", err
	}
	if known != nil {
		a, err := d.verb(ctx, func(now time.Time, t id.Ticket, x *discv5.Discovery) discv5.News {
			return x.FindNode(now, t, known, []uint16{0})
		})
		if err == nil && len(a.Records) > 0 && a.Records[0].ID() == who {
			return a.Records[0].String(), nil
		}
	}
	a, err := d.verb(ctx, func(now time.Time, t id.Ticket, x *discv5.Discovery) discv5.News { return x.Lookup(now, t, who) })
	if err != nil {
		return "", err
	}
	for _, r := range a.Records {
		if r.ID() == who && (known == nil || r.Seq() > known.Seq()) {
			known = r
		}
	}
	if known == nil {
		return "", ErrNoSuchPeer
	}
	return known.String(), nil
}

// AddRecord offers a node to the table, and tells whether it is there then.
func (d *Discovery) AddRecord(ctx context.Context, record string) (bool, error) {
	r, err := d.n.records.parse(record)
	if err != nil {
		return false, err
	}
	return discoveryLook(ctx, d, func(now time.Time, x *discv5.Discovery) (bool, error) {
		return x.Add(now, r) || inTable(x, r), nil
	})
}

// inTable tells whether a node is in the table with a record that is no older.
func inTable(x *discv5.Discovery, r *enr.Record) bool {
	for _, bucket := range x.Buckets() {
		for _, e := range bucket {
			if e.Record.ID() == r.ID() {
				return e.Record.Seq() >= r.Seq()
			}
		}
	}
	return false
}

// DeleteRecord takes a node out of the table, and tells whether we knew it.
func (d *Discovery) DeleteRecord(ctx context.Context, who id.ID) (bool, error) {
	return discoveryLook(ctx, d, func(now time.Time, x *discv5.Discovery) (bool, error) {
		_, had := x.Get(who)
		x.Remove(now, who)
		return had, nil
	})
}

// State has our record say that the node is at an endpoint, for discv5 or, with tcp, for
// links over RLPx, whatever it learns otherwise: until the node is stopped. ErrBadInput for
// one that a record cannot state, and for a node that is only reached through others.
func (d *Discovery) State(ctx context.Context, at netip.AddrPort, tcp bool) error {
	_, err := ask(ctx, d.n, func(now time.Time, reply func(struct{}, error)) {
		if d.n.cfg.Listen.UDP == off {
			reply(struct{}{}, ErrNoDiscovery)
			return
		}
		if d.n.routes.All() {
			reply(struct{}{}, fmt.Errorf("%w: all links go through a proxy", ErrBadInput))
			return
		}
		err := d.n.machine.State(now, at, tcp)
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrBadInput, err)
		}
		text := d.n.machine.Record()
		d.n.record.Store(&text)
		reply(struct{}{}, err)
	})
	return err
}

// Nodes lists the table.
func (d *Discovery) Nodes(ctx context.Context) ([]Discovered, error) {
	return discoveryLook(ctx, d, func(_ time.Time, x *discv5.Discovery) ([]Discovered, error) { return d.n.discovered(x), nil })
}

// Table is the table by buckets, from the farthest to the nearest.
func (d *Discovery) Table(ctx context.Context) (Table, error) {
	all, err := d.Nodes(ctx)
	out := Table{LocalNodeID: d.n.key.ID(), Buckets: [][]id.ID{}}
	last := 0
	for _, e := range all {
		if e.Bucket != last {
			out.Buckets = append(out.Buckets, nil)
			last = e.Bucket
		}
		i := len(out.Buckets) - 1
		out.Buckets[i] = append(out.Buckets[i], e.ID)
	}
	return out, err
}

// udpAddr is where a record says that its node listens for discv5; empty when it does not.
func udpAddr(r *enr.Record) string {
	if ip, port := r.IP(), r.UDP(false); ip.IsValid() && port != 0 {
		return netip.AddrPortFrom(ip, port).String()
	}
	if ip, port := r.IP6(), r.UDP(true); ip.IsValid() && port != 0 {
		return netip.AddrPortFrom(ip, port).String()
	}
	return ""
}

// ErrNoDiscovery is of a node that listens for no datagrams.
var ErrNoDiscovery = errors.New("ropewalk: discv5 is off: no UDP listener")

var discoveryErrors = []wording{
	{discv5.ErrTimeout, context.DeadlineExceeded},
	{discv5.ErrTooLarge, ErrTooLarge},
	{discv5.ErrBusy, ErrBusy},
	{discv5.ErrNoAddress, ErrBadTarget},
	{discv5.ErrSelf, ErrBadTarget},
	{discv5.ErrUnknown, ErrNoSuchPeer},
	{discv5.ErrStopped, ErrNotStarted},
	{discv5.ErrProtocol, ErrBadInput},
}

func discoveryError(err error) error { return worded(err, discoveryErrors) }
