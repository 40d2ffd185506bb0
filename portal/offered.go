package portal

import (
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// offer is an offer of a node. It is judged key by key.
type offer struct {
	o      *Overlay
	p      *peer
	asks   []uint64 // the Requests that wait for the codes, all of them the same
	keys   [][]byte
	points []id.ID
	codes  []wire.Code
	claims []*claim // those of keys we may take; nil elsewhere
	conn   uint16   // of the stream, once it is accepted
	in     *intake  // likewise
}

// serveOffer answers an offer with a code for each key, and takes what it accepts.
func (o *Overlay) serveOffer(now time.Time, p *peer, r Request) error {
	m, err := wire.DecodeOffer(r.Body)
	if err != nil {
		return err
	}
	f := &offer{o: o, p: p, asks: []uint64{r.N}}
	for _, key := range m.Keys {
		at, err := o.point(key)
		if err != nil {
			return err
		}
		f.points = append(f.points, at)
	}
	if before := p.offeredBefore(m.Keys); before != nil && before.repeat(now, r.N) {
		return nil
	}
	o.stats.Offers++
	f.codes = make([]wire.Code, len(m.Keys))
	f.claims = make([]*claim, len(m.Keys))
	switch {
	case o.cfg.Network.Check == nil:
		f.decline(wire.Unverifiable)
	case !p.offers.take(now, offersPerSecond, offersBurst), p.inbound >= pendingPerPeer, !o.mayTakeIn(p):
		f.decline(wire.RateLimited)
	default:
		f.keys = cloneAll(m.Keys)
		f.sort(now)
	}
	f.look(now)
	return nil
}

// decline gives all keys one code.
func (f *offer) decline(c wire.Code) {
	for i := range f.codes {
		f.codes[i] = c
	}
}

// sort gives each key the code that can be told without the store, and claims the others.
func (f *offer) sort(now time.Time) {
	o := f.o
	for i, at := range f.points {
		switch {
		case !o.radius.Covers(o.cfg.Self, at):
			f.codes[i] = wire.Outside
			continue
		case !o.claims.Has(at) && o.claims.Len() >= claimsMax:
			f.codes[i] = wire.RateLimited
			continue
		}
		o.noteTold(now, at, f.p.id)
		if c, ok := o.claimed(now, f.keys[i], at, f.p); ok && !f.has(c) {
			f.claims[i] = c
		} else {
			f.codes[i] = wire.InProgress
		}
	}
}

// has tells whether a key of this offer has that claim already: the same key twice.
func (f *offer) has(c *claim) bool {
	for _, d := range f.claims {
		if d == c {
			return true
		}
	}
	return false
}

// look asks the store for what we have of the claimed ones.
func (f *offer) look(now time.Time) {
	var ids []id.ID
	for i, c := range f.claims {
		if c != nil {
			ids = append(ids, f.points[i])
		}
	}
	if len(ids) == 0 {
		f.reply(now, 0)
		return
	}
	q, ok := f.o.await(now, f.p, f.asks[0], f.giveUp)
	if !ok {
		f.giveUp(now)
		return
	}
	f.p.inbound++
	f.p.offered = append(f.p.offered, f)
	f.o.ask(content.Ask{Verb: content.Has, IDs: ids}, func(now time.Time, a content.Answer) {
		f.p.inbound--
		if !f.o.settled(q) {
			return
		}
		f.sieve(now, a)
		f.accept(now)
	})
}

// giveUp declines what is claimed.
func (f *offer) giveUp(now time.Time) {
	f.release(now, wire.RateLimited)
	f.reply(now, 0)
}

// release gives the claimed keys a code and their claims back.
func (f *offer) release(now time.Time, code wire.Code) {
	for i, c := range f.claims {
		if c != nil {
			f.codes[i], f.claims[i] = code, nil
			f.o.gaveUp(now, c)
		}
	}
}

// sieve takes out what the store has, or cannot have.
func (f *offer) sieve(now time.Time, a content.Answer) {
	if a.Err != nil {
		f.release(now, wire.RateLimited)
		return
	}
	n := 0
	for i, c := range f.claims {
		if c == nil {
			continue
		}
		if n < len(a.Have) && a.Have[n] {
			c.stored = true
			f.codes[i], f.claims[i] = wire.Stored, nil
			f.o.gaveUp(now, c)
		}
		n++
	}
}

// accept waits for a stream with what is left.
func (f *offer) accept(now time.Time) {
	o, n := f.o, 0
	for _, c := range f.claims {
		if c != nil {
			n++
		}
	}
	if n == 0 {
		f.reply(now, 0)
		return
	}
	if !o.mayTakeIn(f.p) {
		f.giveUp(now)
		return
	}
	t := o.tickets.Next()
	conn, ok := o.streams.Reserve(now, t, f.p.id)
	if !ok {
		f.giveUp(now)
		return
	}
	f.p.inbound++
	f.conn = conn
	most := max(bytesPerStream, o.cfg.Network.ValueMax)
	f.in = o.takeIn(now, t, f.p, wire.NewItems(n, o.cfg.Network.ValueMax, most), f.item, func(now time.Time, err error) {
		f.p.inbound--
		f.p.forgetOffer(f)
		for i, c := range f.claims { // what did not come
			if c != nil {
				f.claims[i] = nil
				o.gaveUp(now, c)
			}
		}
	})
	f.reply(now, conn)
}

// item takes the next item: that of the first key whose claim is left. One without bytes
// says that the sender no longer has it.
func (f *offer) item(now time.Time, value []byte) {
	for i, c := range f.claims {
		if c == nil {
			continue
		}
		f.claims[i] = nil
		if len(value) == 0 {
			f.o.gaveUp(now, c)
			return
		}
		f.o.brought(now, c, f.p, value)
		return
	}
}

// reply sends the codes to each Request that waits for them.
func (f *offer) reply(_ time.Time, conn uint16) {
	if f.in == nil {
		f.p.forgetOffer(f)
	}
	body, err := wire.Accept{Conn: conn, Codes: f.codes}.Append(nil, f.p.version)
	if err != nil {
		body = nil
	}
	for _, n := range f.asks {
		f.o.reply(n, body)
	}
	f.asks = f.asks[:0]
}
