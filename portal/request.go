package portal

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// request is a node's request that waits for the store.
type request struct {
	n    uint64 // of the Request
	key  uint64 // in Overlay.requests
	p    *peer
	late *timer
	void func(now time.Time) // answers without the store
}

// Request takes a request of a node. Whoever it is and whatever it says, it gets an
// answer: an empty one when there is nothing to say, so that it does not ask again
// (portal-wire-protocol.md, "Unsupported messages SHOULD receive a TALKRESP message with
// an empty payload").
func (o *Overlay) Request(now time.Time, r Request) News {
	o.see(now)
	p := o.peer(r.From, r.Record)
	p.silent = false
	switch {
	case !o.running || p.record == nil || !p.speaks || p.bannedNow(now) || r.From == o.cfg.Self:
		o.reply(r.N, nil)
	case !p.requests.take(now, requestsPerSecond, requestsBurst):
		o.reply(r.N, nil)
	default:
		if err := o.serve(now, p, r); err != nil {
			o.stats.Bad++
			o.blamePeer(now, r.From, blameRequest, err.Error())
			o.reply(r.N, nil)
			break
		}
		o.meet(now, p.record)
	}
	return o.take()
}

// meet offers the table a node that wrote to us.
func (o *Overlay) meet(now time.Time, r *enr.Record) {
	if kad.Endpoint(r).IsValid() {
		o.table.Add(now, r, kad.Told)
	}
}

// serve answers a request, now or later. After an error nothing was answered.
func (o *Overlay) serve(now time.Time, p *peer, r Request) error {
	kind, err := wire.KindOf(r.Body)
	if err != nil {
		return err
	}
	switch kind {
	case wire.KindPing:
		return o.servePing(now, p, r)
	case wire.KindFindNodes:
		return o.serveFindNodes(p, r)
	case wire.KindFindContent:
		return o.serveFindContent(now, p, r)
	case wire.KindOffer:
		return o.serveOffer(now, p, r)
	}
	return wire.ErrKind // an answer is no request (origins A6)
}

// reply answers a request. An empty body is an answer, too.
func (o *Overlay) reply(n uint64, body []byte) {
	o.news.Replies = append(o.news.Replies, Reply{N: n, Body: body})
}

// serveFindNodes answers with live nodes at the distances asked for (origins A3). A packet
// has room for seven or so, so of those at one distance each answer has others.
func (o *Overlay) serveFindNodes(p *peer, r Request) error {
	m, err := wire.DecodeFindNodes(r.Body)
	if err != nil {
		return err
	}
	o.stats.FindNodes++
	var out []*enr.Record
	for _, d := range m.Distances {
		if d == 0 && o.record != nil {
			out = append(out, o.record)
			continue
		}
		here := o.table.At([]uint16{d}, wire.RecordsMax)
		o.rng.Shuffle(len(here), func(i, j int) { here[i], here[j] = here[j], here[i] })
		for _, n := range here {
			if n.ID() != p.id && kad.Tellable(r.At.Addr(), n) {
				out = append(out, n)
			}
		}
		if len(out) >= wire.RecordsMax {
			break
		}
	}
	raw := encodings(out[:min(len(out), wire.RecordsMax)])
	body, err := wire.Nodes{Records: raw[:wire.NodesFit(raw)]}.Append(nil)
	if err != nil {
		return err
	}
	o.reply(r.N, body)
	return nil
}

// serveFindContent answers with the content, a stream of it, or nodes near it.
func (o *Overlay) serveFindContent(now time.Time, p *peer, r Request) error {
	m, err := wire.DecodeFindContent(r.Body)
	if err != nil {
		return err
	}
	point, err := o.point(m.Key)
	if err != nil {
		return err
	}
	o.stats.FindContents++
	if v, ok := o.cache.get(m.Key); ok {
		o.serveValue(now, p, r, point, v)
		return nil
	}
	key := bytes.Clone(m.Key)
	r.Body = nil // it is valid no longer
	q, ok := o.await(now, p, r.N, func(time.Time) { o.serveNearest(r, point) })
	if !ok {
		o.serveNearest(r, point)
		return nil
	}
	o.ask(content.Ask{Verb: content.Get, IDs: []id.ID{point}}, func(now time.Time, a content.Answer) {
		if !o.settled(q) {
			return
		}
		if a.Err != nil || !under(a.Item, key) {
			o.serveNearest(r, point)
			return
		}
		o.serveValue(now, p, r, point, a.Item.Value)
	})
	return nil
}

// await notes that a request waits for the store, which must not take long: void answers
// it then. It is refused when too many wait.
func (o *Overlay) await(now time.Time, p *peer, n uint64, void func(now time.Time)) (*request, bool) {
	if p.reading >= readsPerPeer || o.sums.reading >= readsMax {
		return nil, false
	}
	q := &request{n: n, key: o.tickets.Next().N, p: p, void: void}
	p.reading++
	o.sums.reading++
	q.late = o.timers.add(now.Add(replyWithin), func(now time.Time) {
		if o.settled(q) {
			q.void(now)
		}
	})
	o.requests.Put(q.key, q)
	return q, true
}

// settled takes a request that waits out, and tells whether it was still there.
func (o *Overlay) settled(q *request) bool {
	if !o.requests.Delete(q.key) {
		return false
	}
	o.timers.stop(q.late)
	q.p.reading--
	o.sums.reading--
	return true
}

// serveValue answers FindContent with what we have.
func (o *Overlay) serveValue(now time.Time, p *peer, r Request, point id.ID, value []byte) {
	if len(value) <= wire.InlineMax {
		body, err := wire.Content{Form: wire.FormValue, Value: value}.Append(nil)
		if err == nil {
			o.reply(r.N, body)
			return
		}
	}
	if !o.mayServe(p) {
		o.serveNearest(r, point)
		return
	}
	t := o.tickets.Next()
	conn, ok := o.streams.Reserve(now, t, p.id)
	if !ok {
		o.serveNearest(r, point)
		return
	}
	o.send(now, t, p, [][]byte{value}, p.version == 0, func(now time.Time, err error) {
		if err == nil {
			o.stats.Served++
		}
	})
	body, _ := wire.Content{Form: wire.FormStream, Conn: conn}.Append(nil)
	o.reply(r.N, body)
}

// serveNearest answers FindContent with the nodes nearest to the content. They need not
// be nearer than we are.
func (o *Overlay) serveNearest(r Request, point id.ID) {
	var near []*enr.Record
	if !o.cfg.Network.Radiusless {
		for _, n := range o.table.Closest(point, kad.BucketMax+1, true) {
			if n.ID() != r.From && len(near) < kad.BucketMax && kad.Tellable(r.At.Addr(), n) {
				near = append(near, n)
			}
		}
	}
	raw := encodings(near)
	body, err := wire.Content{Form: wire.FormRecords, Records: raw[:wire.ContentFit(raw)]}.Append(nil)
	if err != nil {
		body = nil
	}
	o.reply(r.N, body)
}

// point is where a key belongs. Its form is judged before anything else.
func (o *Overlay) point(key []byte) (id.ID, error) {
	if len(key) > o.cfg.Network.KeyMax {
		return id.ID{}, ErrKey
	}
	p, err := o.cfg.Network.ID(key)
	if err != nil {
		if !errors.Is(err, ErrKey) {
			err = fmt.Errorf("%w: %w", ErrKey, err)
		}
		return id.ID{}, err
	}
	return p, nil
}

// under tells whether an item is what a key names: two keys may belong at one point, and
// what is right under one may be wrong under the other.
func under(it content.Item, key []byte) bool { return it.Key == nil || bytes.Equal(it.Key, key) }

func encodings(records []*enr.Record) [][]byte {
	out := make([][]byte, len(records))
	for i, r := range records {
		out[i] = r.Bytes()
	}
	return out
}
