package eclipse

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/pex"
	"github.com/ropewalk/ropewalk/session"
)

// What package pex lets a peer tell.
const (
	tellsAtOnce = 10               // records of an answer that nobody asked for
	tellEvery   = 10 * time.Second // a record more; a peer has tellsAtOnce at the start
	finds       = 8                // peers that one question goes to, as in package node
)

// ropewalk is the product's rules: its host book and its session manager.
type ropewalk struct {
	p    *population
	d    deck
	book *hosts.Book
	k    *session.Keeper

	links map[int32]*remoteLink
	order []int32 // the keys of links, oldest first
}

// remoteLink is a link as the rules above session see it.
type remoteLink struct {
	ticket id.Ticket
	since  time.Time
	credit float64 // records it may tell
	at     time.Time
}

func newRopewalk(p *population, d deck, rng *rand.Rand, now time.Time, from saved, bare bool) (rules, error) {
	r := &ropewalk{p: p, d: d, links: map[int32]*remoteLink{}}
	fork := func() *rand.Rand { return rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())) }
	r.book = hosts.New(hosts.Config{Self: id.ID{1}}, fork())
	if data, ok := from.([]byte); ok {
		if bare {
			data = withoutAnchors(data)
		}
		if err := r.book.Load(now, data); err != nil {
			return nil, fmt.Errorf("eclipse: %w", err)
		}
	}
	r.k = session.New(session.Config{Self: id.ID{1}, Outbound: slots, Inbound: 96}, r.book, fork(), r, r)
	return r, nil
}

// withoutAnchors takes the anchors out of a saved book; the gold ones then return as
// white.
func withoutAnchors(data []byte) []byte {
	end := bytes.LastIndex(data, []byte("\nsha256 ")) + 1
	var out []byte
	for line := range bytes.Lines(data[:end]) {
		if !bytes.HasPrefix(line, []byte("anchor\t")) {
			out = append(out, line...)
		}
	}
	return fmt.Appendf(out, "sha256 %x\n", sha256.Sum256(out))
}

func (r *ropewalk) start(now time.Time)   { r.k.Start(now) }
func (r *ropewalk) deadline() time.Time   { return r.k.Deadline() }
func (r *ropewalk) advance(now time.Time) { r.k.Advance(now) }
func (r *ropewalk) save(now time.Time) saved {
	r.k.Stop(now)
	return r.book.Encode(true)
}

func (r *ropewalk) remember(now time.Time, m memory) {
	who := r.p.all[m.who]
	if r.book.HearAddr(m.tried, r.p.all[m.source].group, who.addr) != nil {
		return
	}
	r.book.Tried(m.tried, who.id, m.there)
	if m.there {
		_ = r.book.Move(m.tried, who.id, hosts.White)
	}
}

func (r *ropewalk) info(who int32, dir link.Direction, t id.Ticket) link.Info {
	h := &r.p.all[who]
	return link.Info{ID: h.id, PeerID: h.peer, Kind: link.LibP2P, Addr: h.addr, Dir: dir, Ticket: t}
}

func (r *ropewalk) dialled(now time.Time, t id.Ticket, who int32, ok bool) bool {
	_, has := r.links[who]
	switch {
	case has:
		r.k.DialFailed(now, t, link.AlreadyConnected.String())
		return false
	case !ok:
		r.k.DialFailed(now, t, "connection refused")
		return false
	}
	return r.up(now, who, r.info(who, link.Out, t))
}

func (r *ropewalk) called(now time.Time, who int32) bool {
	return r.up(now, who, r.info(who, link.In, id.Ticket{}))
}

// up is what package node does with a link, and what the other end says at once.
func (r *ropewalk) up(now time.Time, who int32, info link.Info) bool {
	kind, _, ok := r.k.Admit(now, info)
	if !ok {
		return false
	}
	r.links[who] = &remoteLink{ticket: info.Ticket, since: now, at: now, credit: tellsAtOnce - 1} // it has told of itself
	r.order = append(r.order, who)
	r.k.Up(now, info, kind)
	if r.book.HearAddr(now, "", info.Addr) == nil || info.Dir == link.In {
		_ = r.book.Seen(now, info)
	}
	return true
}

func (r *ropewalk) lost(now time.Time, who int32) {
	l, ok := r.links[who]
	if !ok {
		return
	}
	delete(r.links, who)
	for i, x := range r.order {
		if x == who {
			r.order = append(r.order[:i], r.order[i+1:]...)
			break
		}
	}
	r.k.Down(now, r.p.all[who].id, l.ticket, "closed", now.Sub(l.since))
}

func (r *ropewalk) heard(now time.Time, from int32, t id.Ticket, list []notice) {
	l, ok := r.links[from]
	if !ok {
		return
	}
	l.credit = min(l.credit+float64(now.Sub(l.at))/float64(tellEvery), 1000)
	l.at = now
	most := int(l.credit)
	if t.IsZero() {
		most = min(most, tellsAtOnce)
	}
	list = list[:min(len(list), most)]
	l.credit -= float64(len(list))
	fresh := 0
	for _, x := range list {
		if r.book.HearAddr(now, r.p.all[from].group, r.p.all[x.who].addr) == nil {
			fresh++
		}
	}
	if !t.IsZero() {
		r.k.Found(now, t, fresh)
	}
}

func (r *ropewalk) outbound() (out []int32) {
	for _, s := range r.k.Slots() {
		if s.Role == session.Outbound && s.State == session.Connected {
			out = append(out, r.p.byID[s.ID])
		}
	}
	return out
}

// Dial, Drop, Find and FindFrom are what session asks of the world.
func (r *ropewalk) Dial(t id.Ticket, to link.Addr) { r.d.dial(t, r.p.byID[to.ID()]) }

// GiveUp has nothing to do: every dial has its outcome at once.
func (r *ropewalk) GiveUp(id.Ticket) {}

func (r *ropewalk) Drop(who id.ID, _ link.Reason) { r.d.drop(r.p.byID[who]) }

func (r *ropewalk) Find(now time.Time, t id.Ticket) {
	for i, who := range r.order {
		if i == finds {
			return
		}
		r.FindFrom(now, t, r.p.all[who].id)
	}
}

func (r *ropewalk) FindFrom(_ time.Time, t id.Ticket, who id.ID) {
	i := r.p.byID[who]
	if l, ok := r.links[i]; ok {
		l.credit = min(l.credit+pex.DefaultAsk, 1000)
		r.d.ask(i, t, pex.DefaultAsk)
	}
}
