package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal"
)

// Overlay is the node's part in one content network. Its methods are the verbs of the
// Portal network; what they return is checked, but for what FindContent brings.
type Overlay struct {
	n   *Node
	net content.Network
}

// Name is what people call the network.
func (o *Overlay) Name() string { return o.net.Name }

// Protocol is its ID on the wire.
func (o *Overlay) Protocol() []byte { return []byte(o.net.Protocol) }

// ContentID is where a key belongs; ErrBadInput for what is no key of the network.
func (o *Overlay) ContentID(key []byte) (ContentID, error) {
	which, err := o.net.ID(key)
	if err != nil {
		return which, fmt.Errorf("%w: %v", ErrBadInput, err)
	}
	return which, nil
}

// verb runs a verb in the loop and waits for its answer.
func (o *Overlay) verb(ctx context.Context, f func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News) (portal.Answer, error) {
	a, err := o.n.overlayAsk(ctx, o.net.Name, f)
	return a, overlayError(err)
}

// withRecord is verb, for those that ask one node.
func (o *Overlay) withRecord(ctx context.Context, text string, f func(now time.Time, t id.Ticket, x *portal.Overlay, to *enr.Record) portal.News) (portal.Answer, error) {
	r, err := o.n.records.parse(text)
	switch {
	case err != nil:
		return portal.Answer{}, err
	case r.ID() == o.n.key.ID():
		return portal.Answer{}, badTarget{discv5.ErrSelf}
	}
	return o.verb(ctx, func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News { return f(now, t, x, r) })
}

// PingBest has the node choose what a ping says.
const PingBest = portal.PingBest

// Ping asks a node for its state. kind is the type of what the ping says, or PingBest.
func (o *Overlay) Ping(ctx context.Context, record string, kind int, payload []byte) (OverlayPong, error) {
	a, err := o.withRecord(ctx, record, func(now time.Time, t id.Ticket, x *portal.Overlay, to *enr.Record) portal.News {
		return x.Ping(now, t, to, kind, payload)
	})
	if err != nil {
		return OverlayPong{}, err
	}
	return pongOf(a.Pong), nil
}

// FindNodes asks a node for nodes at log distances from it, 0 to 256.
func (o *Overlay) FindNodes(ctx context.Context, record string, distances []uint16) ([]string, error) {
	a, err := o.withRecord(ctx, record, func(now time.Time, t id.Ticket, x *portal.Overlay, to *enr.Record) portal.News {
		return x.FindNodes(now, t, to, distances)
	})
	return recordTexts(a.Records), err
}

// FindContent asks one node for an item. What cannot be judged is given as it came; what is
// not what its key promises is ErrBadInput.
func (o *Overlay) FindContent(ctx context.Context, record string, key []byte) (Found, error) {
	a, err := o.withRecord(ctx, record, func(now time.Time, t id.Ticket, x *portal.Overlay, to *enr.Record) portal.News {
		return x.FindContent(now, t, to, key)
	})
	switch {
	case err != nil && (a.Value == nil || !errors.Is(err, ErrUndecided)):
		return Found{}, err
	case a.Value == nil:
		return Found{ENRs: recordTexts(a.Records)}, nil
	}
	return Found{Content: a.Value, UTPTransfer: a.Streamed}, nil
}

// Offer offers 1 to 64 items to a node and sends those it wants. The codes say, for each
// item, what the node made of it; 0 is accepted.
func (o *Overlay) Offer(ctx context.Context, record string, items []Item) ([]byte, error) {
	list := make([]content.Item, len(items))
	for i, it := range items {
		list[i] = content.Item{Key: it.Key, Value: it.Value}
	}
	a, err := o.withRecord(ctx, record, func(now time.Time, t id.Ticket, x *portal.Overlay, to *enr.Record) portal.News {
		return x.Offer(now, t, to, list)
	})
	return a.Codes, err
}

// Item is a value under its key.
type Item struct{ Key, Value []byte }

// Lookup finds the nodes nearest to a point, at most 16, nearest first.
func (o *Overlay) Lookup(ctx context.Context, target id.ID) ([]string, error) {
	a, err := o.verb(ctx, func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News { return x.Lookup(now, t, target) })
	return recordTexts(a.Records), err
}

// Get finds an item, here or elsewhere, and checks it. ErrNoContent when nobody had it.
func (o *Overlay) Get(ctx context.Context, key []byte) (Found, error) { return o.find(ctx, key, false) }

// Trace is Get that tells how it went, also when nothing was found.
func (o *Overlay) Trace(ctx context.Context, key []byte) (Found, error) {
	return o.find(ctx, key, true)
}

func (o *Overlay) find(ctx context.Context, key []byte, tracing bool) (Found, error) {
	a, err := o.verb(ctx, func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News { return x.Get(now, t, key, tracing) })
	if errors.Is(err, ErrUndecided) {
		err = fmt.Errorf("%w: %s", err, o.undecided())
	}
	return Found{Content: a.Value, UTPTransfer: a.Streamed, Trace: traceOf(a.Trace)}, err
}

// undecided says why what was found cannot be judged.
func (o *Overlay) undecided() string {
	switch cfg := o.n.cfg.Overlay.Networks[o.net.Name]; {
	case cfg.Kind == kindGeneric:
		return "a generic network has no check; FindContent gives what one node has"
	case cfg.Kind == kindHistory && cfg.Headers == "":
		return fmt.Sprintf("overlay.network.%q.headers names nothing to judge by", o.net.Name)
	}
	return "it was found, and cannot be judged now"
}

// Put checks an item, keeps it on our disk, wherever it belongs, and offers it to nodes
// that cover it. It returns when it is on disk and the offers have ended.
func (o *Overlay) Put(ctx context.Context, key, value []byte) (Spread, error) {
	return o.put(ctx, key, value, content.Durable)
}

// Share is Put of what need not be kept: it is stored as what peers send is, within our
// radius.
func (o *Overlay) Share(ctx context.Context, key, value []byte) (Spread, error) {
	return o.put(ctx, key, value, content.Cache)
}

func (o *Overlay) put(ctx context.Context, key, value []byte, class content.Class) (Spread, error) {
	a, err := o.verb(ctx, func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News {
		return x.Put(now, t, key, value, class)
	})
	p := a.Put
	return Spread{PeerCount: p.Peers, StoredLocally: p.Stored, AcceptMetadata: &Accepted{
		p.Accepted, p.Declined, p.Already, p.Outside, p.Limited, p.InProgress, p.Unverifiable,
	}}, err
}

// Replicas is how many other nodes are known to hold what was put.
func (s Spread) Replicas() int {
	if s.AcceptMetadata == nil {
		return s.PeerCount
	}
	return s.PeerCount + s.AcceptMetadata.AlreadyStored
}

// Store keeps an item on our disk and tells nobody.
func (o *Overlay) Store(ctx context.Context, key, value []byte) error {
	_, err := o.verb(ctx, func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News {
		return x.StoreLocal(now, t, key, value)
	})
	return err
}

// Local is what our own store has; ErrNoContent when it has not.
func (o *Overlay) Local(ctx context.Context, key []byte) ([]byte, error) {
	a, err := o.verb(ctx, func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News { return x.LocalContent(now, t, key) })
	return a.Value, err
}

// Drop forgets an item of our store.
func (o *Overlay) Drop(ctx context.Context, key []byte) error {
	_, err := o.verb(ctx, func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News { return x.Drop(now, t, key) })
	return err
}

// Keys lists keys of what we store, after that of an item; a zero ID is before the first.
func (o *Overlay) Keys(ctx context.Context, after ContentID, limit int) (keys [][]byte, err error) {
	all, err := o.items(ctx, after, limit)
	for _, it := range all {
		keys = append(keys, it.Key)
	}
	return keys, err
}

// items is Keys with what else the store says of them.
func (o *Overlay) items(ctx context.Context, after ContentID, limit int) ([]content.Item, error) {
	a, err := o.verb(ctx, func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News { return x.Page(now, t, after, limit) })
	return a.Items, err
}

// Page lists keys of what we store, but for the first ones, and tells how many there are.
// The store knows no places, so all keys are read: in a large one Keys is cheaper.
func (o *Overlay) Page(ctx context.Context, offset, limit int) (keys [][]byte, total int, err error) {
	var after ContentID
	for {
		some, err := o.Keys(ctx, after, pageMax)
		if err != nil || len(some) == 0 {
			return keys, total, err
		}
		for _, k := range some {
			if total >= offset && len(keys) < limit {
				keys = append(keys, k)
			}
			total++
		}
		if after, err = o.ContentID(some[len(some)-1]); err != nil {
			return keys, total, err
		}
	}
}

// LookupRecord finds a node's newest record; ErrNoSuchPeer.
func (o *Overlay) LookupRecord(ctx context.Context, who id.ID) (string, error) {
	if who == o.n.key.ID() {
		return o.n.Record(), nil
	}
	a, err := o.verb(ctx, func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News { return x.Resolve(now, t, who) })
	if err == nil && len(a.Records) == 0 {
		err = ErrNoSuchPeer
	}
	if err != nil {
		return "", err
	}
	return a.Records[0].String(), nil
}

// GetRecord is a node's record from the table, or our own; ErrNoSuchPeer.
func (o *Overlay) GetRecord(ctx context.Context, who id.ID) (string, error) {
	if who == o.n.key.ID() {
		return o.n.Record(), nil
	}
	return overlayLook(ctx, o, func(_ time.Time, x *portal.Overlay) (string, error) {
		if r, ok := x.Node(who); ok {
			return r.String(), nil
		}
		return "", ErrNoSuchPeer
	})
}

// AddRecord puts a node into the table as one that has answered, and tells whether it is
// there then.
func (o *Overlay) AddRecord(ctx context.Context, record string) (bool, error) {
	r, err := o.n.records.parse(record)
	if err != nil {
		return false, err
	}
	return overlayLook(ctx, o, func(now time.Time, x *portal.Overlay) (bool, error) { return x.AddNode(now, r), nil })
}

// DeleteRecord takes a node out of the table, and tells whether it was there.
func (o *Overlay) DeleteRecord(ctx context.Context, who id.ID) (bool, error) {
	return overlayLook(ctx, o, func(now time.Time, x *portal.Overlay) (bool, error) { return x.RemoveNode(now, who), nil })
}

// Radius is what we tell others of what we keep: the farthest distance of it.
func (o *Overlay) Radius(ctx context.Context) (id.ID, error) {
	return overlayLook(ctx, o, func(_ time.Time, x *portal.Overlay) (id.ID, error) { return id.ID(x.Radius()), nil })
}

// Table is the routing table.
func (o *Overlay) Table(ctx context.Context) (Table, error) {
	return overlayLook(ctx, o, func(_ time.Time, x *portal.Overlay) (Table, error) {
		out := Table{LocalNodeID: o.n.key.ID(), Buckets: [][]id.ID{}}
		for _, b := range x.Buckets() {
			list := []id.ID{}
			for _, e := range b {
				if !e.Cached {
					list = append(list, e.Record.ID())
				}
			}
			if len(list) > 0 {
				out.Buckets = append(out.Buckets, list)
			}
		}
		slices.Reverse(out.Buckets)
		return out, nil
	})
}

// recordTexts are the text forms of records.
func recordTexts(all []*enr.Record) []string {
	out := make([]string, 0, len(all))
	for _, r := range all {
		out = append(out, r.String())
	}
	return out
}

// Errors of Ping.
var (
	ErrPingType    = errors.New("ropewalk: this type of ping is not supported")
	ErrPingPayload = errors.New("ropewalk: the payload of a ping cannot be decoded")
)

// overlayErrors are the errors of the strand and of the store, in our words.
var overlayErrors = []wording{
	{portal.ErrNotFound, ErrNoContent},
	{content.ErrNotFound, ErrNoContent},
	{content.ErrFull, ErrNoRoom},
	{content.ErrReadOnly, ErrNoRoom},
	{content.ErrKey, ErrBadInput},
	{content.ErrInvalid, ErrBadInput},
	{content.ErrUndecided, ErrRefused},
	{portal.ErrPingType, ErrPingType},
	{portal.ErrPayload, ErrPingPayload},
	{portal.ErrArguments, ErrBadInput},
	{portal.ErrTooLarge, ErrTooLarge},
	{portal.ErrBusy, ErrBusy},
	{portal.ErrUnknown, ErrNoSuchPeer},
	{portal.ErrStopped, ErrNotStarted},
	{portal.ErrTimeout, context.DeadlineExceeded},
	{discv5.ErrNoAddress, ErrBadTarget},
}

// overlayError keeps the strand's error and adds ours, by which a caller can go.
func overlayError(err error) error { return worded(err, overlayErrors) }

// wording is an error of ours for one of a strand.
type wording struct{ is, as error }

// worded is an error in our words, where there are some; the first match counts.
func worded(err error, words []wording) error {
	for _, w := range words {
		if errors.Is(err, w.is) {
			return inOurWords(w.as, err)
		}
	}
	return err
}

// inOurWords is an error of ours with its cause in a strand, which is told where it says
// more.
func inOurWords(ours, cause error) error {
	if ours == ErrBadTarget {
		return badTarget{cause}
	}
	return inWords{ours, cause}
}

type inWords struct{ ours, cause error }

func (e inWords) Error() string {
	_, said, _ := strings.Cut(e.ours.Error(), ": ")
	if _, more, _ := strings.Cut(e.cause.Error(), ": "); more == said {
		return e.ours.Error()
	}
	return fmt.Sprintf("%v (%v)", e.ours, e.cause)
}

func (e inWords) Unwrap() []error { return []error{e.ours, e.cause} }
