package portal

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
	"github.com/ropewalk/ropewalk/work"
)

// floor is everything below an overlay, played by an adversary: what was asked is
// answered in any order, late, twice, wrongly or never.
type floor struct {
	t       testing.TB
	o       *Overlay
	now     time.Time
	b       []byte // decides
	friends []*enr.Record
	items   []content.Item
	talks   []talked
	flows   []id.Ticket
	asks    []content.Ask
	jobs    []work.Job
	n       uint64          // requests
	open    map[uint64]bool // unanswered ones
	asked   uint64
	verbs   map[uint64]bool // unanswered
}

type talked struct {
	t    id.Ticket
	to   *enr.Record
	body []byte
}

func (f *floor) Talk(_ time.Time, t id.Ticket, to *enr.Record, _ string, body []byte) {
	f.talks = append(f.talks, talked{t, to, body})
}
func (f *floor) Reserve(_ time.Time, t id.Ticket, _ id.ID) (uint16, bool) {
	if f.byte()%8 == 0 {
		return 0, false
	}
	f.flows = append(f.flows, t)
	return uint16(t.N) | 1, true
}
func (f *floor) Open(_ time.Time, t id.Ticket, _ *enr.Record, _ uint16) { f.flows = append(f.flows, t) }
func (f *floor) Write(time.Time, id.Ticket, ...[]byte)                  {}
func (f *floor) Finish(time.Time, id.Ticket)                            {}
func (f *floor) Abort(_ time.Time, t id.Ticket)                         { f.flows = without(f.flows, t) }

func (f *floor) Ask(a content.Ask) {
	if a.Verb == content.Put && string(keyOf(a.Item.Value)) != string(a.Item.Key) {
		f.t.Fatal("bytes that were not checked are stored")
	}
	f.asks = append(f.asks, a)
}

func (f *floor) byte() byte {
	if len(f.b) == 0 {
		return 0
	}
	c := f.b[0]
	f.b = f.b[1:]
	return c
}

func (f *floor) item() content.Item { return f.items[int(f.byte())%len(f.items)] }

// pick takes an element out, or leaves it in for a second time.
func pick[T any](f *floor, all *[]T) (x T, ok bool) {
	if len(*all) == 0 {
		return x, false
	}
	i := int(f.byte()) % len(*all)
	x = (*all)[i]
	if f.byte()%8 != 0 {
		*all = append((*all)[:i:i], (*all)[i+1:]...)
	}
	return x, true
}

// bytes are some that nobody made with care.
func (f *floor) bytes(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = f.byte()
	}
	return out
}

// answer is one to a request, good or not.
func (f *floor) answer(body []byte) []byte {
	var out []byte
	switch f.byte() % 12 {
	case 0:
		return f.bytes(int(f.byte()) % 40)
	case 1:
		return nil
	case 2:
		out, _ = wire.Content{Form: wire.FormStream, Conn: 5}.Append(nil)
	case 3:
		out, _ = wire.Content{Form: wire.FormValue, Value: f.item().Value}.Append(nil)
	case 4:
		out, _ = wire.Content{Form: wire.FormRecords, Records: encodings(f.friends[:f.byte()%8])}.Append(nil)
	case 5:
		out, _ = wire.Nodes{Records: encodings(f.friends[:f.byte()%8])}.Append(nil)
	case 6:
		out, _ = wire.Nodes{Records: [][]byte{f.bytes(30)}}.Append(nil)
	case 7:
		p, _ := wire.Payload{Type: uint16(f.byte() % 3), Radius: content.Distance{0: f.byte()}}.Append(nil)
		out, _ = wire.Ping{Seq: uint64(f.byte()), Type: uint16(f.byte() % 3), Payload: p}.AppendPong(nil)
	default: // as it should be
		switch kind, _ := wire.KindOf(body); kind {
		case wire.KindPing:
			m, _ := wire.DecodePing(body)
			p, _ := wire.Payload{Type: m.Type, Radius: content.DistanceMax, Capabilities: []uint16{0, 1}}.Append(nil)
			out, _ = wire.Ping{Seq: uint64(f.byte() % 3), Type: m.Type, Payload: p}.AppendPong(nil)
		case wire.KindOffer:
			m, _ := wire.DecodeOffer(body)
			a := wire.Accept{Codes: make([]wire.Code, len(m.Keys))}
			for i := range a.Codes {
				a.Codes[i] = wire.Code(f.byte() % 8)
			}
			if a.Any() {
				a.Conn = 9
			}
			out, _ = a.Append(nil, 2)
		case wire.KindFindNodes:
			out, _ = wire.Nodes{Records: encodings(f.friends[:f.byte()%8])}.Append(nil)
		case wire.KindFindContent:
			m, _ := wire.DecodeFindContent(body)
			for _, it := range f.items {
				if string(it.Key) == string(m.Key) && len(it.Value) < 1000 {
					out, _ = wire.Content{Form: wire.FormValue, Value: it.Value}.Append(nil)
				}
			}
		}
	}
	return out
}

// request is one of a node to us, good or not.
func (f *floor) request() []byte {
	var out []byte
	switch f.byte() % 6 {
	case 0:
		out = f.bytes(int(f.byte()) % 40)
	case 1:
		out, _ = wire.FindNodes{Distances: []uint16{uint16(f.byte()), 256}}.Append(nil)
	case 2:
		out, _ = wire.FindContent{Key: f.item().Key}.Append(nil)
	case 3:
		p, _ := wire.Payload{Type: uint16(f.byte() % 3), Radius: content.Distance{0: f.byte()}}.Append(nil)
		out, _ = wire.Ping{Seq: uint64(f.byte()), Type: uint16(f.byte() % 3), Payload: p}.AppendPing(nil)
	default:
		var m wire.Offer
		for range 1 + f.byte()%4 {
			m.Keys = append(m.Keys, f.item().Key)
		}
		out, _ = m.Append(nil)
	}
	return out
}

// did takes news, and holds it against what was asked.
func (f *floor) did(n News) {
	for _, r := range n.Replies {
		if !f.open[r.N] {
			f.t.Fatalf("reply to %d, which waits for none", r.N)
		}
		delete(f.open, r.N)
		if len(r.Body) > wire.ResponseMax {
			f.t.Fatalf("a reply of %d bytes", len(r.Body))
		}
	}
	for _, a := range n.Answers {
		if !f.verbs[a.Ticket.N] {
			f.t.Fatalf("answer to %s, which waits for none", a.Ticket)
		}
		delete(f.verbs, a.Ticket.N)
		undecided := a.Trace == nil && errors.Is(a.Err, ErrUndecided) // FindContent says that it could not be judged
		if a.Value != nil && !undecided && string(keyOf(a.Value)) != string(a.Key) {
			f.t.Fatal("bytes that were not checked are returned")
		}
	}
	f.jobs = append(f.jobs, n.Jobs...)
}

// step does one thing.
func (f *floor) step() {
	o := f.o
	switch f.byte() % 12 {
	case 0, 1:
		f.now = f.now.Add(time.Duration(f.byte()) * 30 * time.Millisecond)
		f.did(o.Advance(f.now))
	case 2, 3:
		from := f.friends[int(f.byte())%len(f.friends)]
		f.n++
		f.open[f.n] = true
		r := Request{From: from.ID(), Record: from, At: netip.MustParseAddrPort("127.0.0.1:9"), Body: f.request(), N: f.n}
		if f.byte()%16 == 0 {
			r.Record = nil
		}
		f.did(o.Request(f.now, r))
	case 4, 5:
		if x, ok := pick(f, &f.talks); ok {
			var err error
			if f.byte()%8 == 0 {
				err = errors.New("lost")
			}
			f.did(o.Answered(f.now, x.t, x.to.ID(), f.answer(x.body), err))
		}
	case 6, 7:
		if len(f.flows) > 0 {
			t := f.flows[int(f.byte())%len(f.flows)]
			e := StreamEvent{Kind: StreamKind(f.byte() % 5)}
			if e.Kind == StreamData {
				it := f.item()
				e.Data = append(wire.AppendLength(nil, len(it.Value)), it.Value...)
				if f.byte()%4 == 0 {
					e.Data = f.bytes(int(f.byte()) % 20)
				}
			}
			if e.Kind == StreamEnd || e.Kind == StreamFailed {
				f.flows = without(f.flows, t)
			}
			f.did(o.Stream(f.now, t, e))
		}
	case 8:
		if a, ok := pick(f, &f.asks); ok {
			out := content.Answer{Ticket: a.Ticket, Radius: content.Distance{0: f.byte()}}
			for range a.IDs {
				out.Have = append(out.Have, f.byte()%3 == 0)
			}
			if f.byte()%4 == 0 {
				out.Have = nil
			}
			if f.byte()%3 == 0 {
				out.Err = content.ErrNotFound
			}
			for _, it := range f.items {
				if len(a.IDs) > 0 && it.ID == a.IDs[0] && a.Verb == content.Get {
					out.Item = it
				}
			}
			if out.Item.Value == nil {
				out.Err = content.ErrNotFound
			}
			f.did(o.Stored(f.now, out))
		}
	case 9:
		if j, ok := pick(f, &f.jobs); ok {
			result := j.Run()
			if f.byte()%16 == 0 {
				result = nil
			}
			f.did(o.Done(f.now, j.Ticket, result))
		}
	default:
		f.verb()
	}
}

func (f *floor) verb() {
	f.asked++
	t := id.Ticket{Owner: "app", N: f.asked}
	f.verbs[f.asked] = true
	to, it, o := f.friends[int(f.byte())%len(f.friends)], f.item(), f.o
	switch f.byte() % 14 {
	case 0:
		f.did(o.Ping(f.now, t, to, int(f.byte()%4)-1, nil))
	case 1:
		f.did(o.FindNodes(f.now, t, to, []uint16{uint16(f.byte()), 256}))
	case 2:
		f.did(o.FindContent(f.now, t, to, it.Key))
	case 3:
		f.did(o.Offer(f.now, t, to, []content.Item{it, f.item()}))
	case 4:
		f.did(o.Lookup(f.now, t, it.ID))
	case 5:
		f.did(o.Query(f.now, t, it.ID))
	case 6:
		f.did(o.Resolve(f.now, t, to.ID()))
	case 7, 8, 9:
		f.did(o.Get(f.now, t, it.Key, true))
	case 10, 11:
		f.did(o.Put(f.now, t, it.Key, it.Value, content.Durable))
	case 12:
		f.did(o.Gossip(f.now, t, it.Key, it.Value))
	default:
		delete(f.verbs, f.asked)
		switch f.byte() % 5 {
		case 0:
			f.did(o.Stop(f.now))
		case 1, 2:
			f.did(o.Start(f.now))
		default:
			f.did(o.Seed(f.now, f.friends))
			o.AddNode(f.now, to)
		}
	}
}

// bounds are what nobody can make us exceed.
func (f *floor) bounds() {
	o := f.o
	for _, c := range []struct {
		what    string
		n, most int
	}{
		{"receives", o.sums.receives, transfersMax}, {"serves", o.sums.serves, transfersMax + len(f.verbs)},
		{"reading", o.sums.reading, readsMax}, {"held", o.sums.held, heldBytesMax}, {"calls", o.calls.Len(), callsMax},
		{"claims", o.claims.Len(), claimsMax}, {"peers", o.peers.len(), peersMax}, {"queued", o.sums.queued, queuedMax},
		{"told", o.told.len(), cooldownsMax}, {"flows", o.flows.Len(), 2*transfersMax + 64},
		{"open requests", len(f.open), readsMax},
	} {
		if c.n < 0 || c.n > c.most {
			f.t.Fatalf("%d %s, at most %d", c.n, c.what, c.most)
		}
	}
	for _, p := range o.peers.each {
		if p.receives < 0 || p.receives > transfersPerPeer || p.serves < 0 || p.reading < 0 || p.reading > readsPerPeer || p.inbound < 0 || p.inbound > pendingPerPeer+1 || p.held < 0 {
			f.t.Fatalf("%+v", p)
		}
	}
}

// FuzzOverlay plays whatever can happen to an overlay in any order, and holds it to: one
// reply for a request, one answer for a verb, nothing unchecked handed on, every bound
// kept, and after Stop nothing left.
func FuzzOverlay(f *testing.F) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		b := make([]byte, 4000)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	w := newWorld(f, 99)
	var friends []*enr.Record
	for i := range 8 {
		friends = append(friends, sign(f, w.newKey(), 1, uint16(3000+i), wire.Entries(1)))
	}
	friends = append(friends, sign(f, w.newKey(), 1, 3100, wire.Entries(2)))
	var items []content.Item
	for _, n := range []int{1, 20, 800, 3000, 1166} {
		key, value := w.blob(n)
		items = append(items, content.Item{ID: id.ID(key[1:]), Key: key, Value: value})
	}
	own := w.newKey()
	self := sign(f, own, 1, 3999, wire.Entries(1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<13 {
			return
		}
		x := &floor{t: t, now: w.now, b: b, friends: friends, items: items, open: map[uint64]bool{}, verbs: map[uint64]bool{}}
		cfg := Config{Self: own.ID(), Network: blobs(), Record: self, Localnet: true, Radius: content.DistanceMax}
		x.o = New(x.now, cfg, rand.New(rand.NewPCG(1, 1)), x, x, x)
		x.play()
	})
}

// play does what the bytes say, and then nothing any more: everything ends by its own
// time limits.
func (f *floor) play() {
	f.did(f.o.Start(f.now))
	f.did(f.o.Seed(f.now, f.friends))
	for len(f.b) > 0 {
		f.step()
		f.bounds()
	}
	end := f.now.Add(5 * time.Minute)
	for steps := 0; ; steps++ {
		at := f.o.Deadline()
		if at.IsZero() || at.After(end) {
			break
		}
		if steps == 20_000 {
			f.t.Fatalf("it does not come to rest: due at %v of %v", at, end)
		}
		f.now = later(f.now, at)
		f.did(f.o.Advance(f.now))
	}
	if len(f.open) != 0 {
		f.t.Fatalf("%d requests without a reply", len(f.open))
	}
	f.did(f.o.Stop(f.now))
	if len(f.verbs) != 0 {
		f.t.Fatalf("%d verbs without an answer", len(f.verbs))
	}
	h := host{o: f.o}
	if err := h.quiet(); err != nil {
		f.t.Fatal(err)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
