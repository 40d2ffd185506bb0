package gossipsub

import (
	"bytes"
	"crypto/sha256"
	"time"

	"github.com/ropewalk/ropewalk/envelope"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// Exchange is a peer that another one recommended when it pruned us (gossipsub-v1.1
// "Peer Exchange"). Its record is signed by itself, so the addresses are its own
// word; whether they are fit to dial nobody has looked at.
type Exchange struct {
	From   id.ID // who recommended it
	Record *envelope.Record
}

// exchanges are the recommendations in checking.
type exchanges struct {
	byTicket map[uint64]exchanging
	n        int // entries of all
}

type exchanging struct {
	from *peer
	n    int
}

// offer picks the peers that a PRUNE to p recommends: random ones of the topic whose
// signed record we hold. One without a record would be a name that nobody can dial.
func (r *Router) offer(name string, p *peer) (out []rpc.PeerInfo) {
	t := r.byName[name]
	if !r.cfg.Exchange || t == nil || !r.presentable(p) {
		return nil
	}
	room := offerBytesMax
	for _, q := range r.sample(t.peers.list, r.p.PrunePeers, func(q *peer) bool {
		return q != p && q.envelope != nil && r.presentable(q)
	}) {
		if room -= rpc.PeerSize(len(q.pid), len(q.envelope)); room < 0 {
			break // the rest of a PRUNE must reach those who take no more
		}
		out = append(out, rpc.PeerInfo{PeerID: []byte(q.pid), Record: q.envelope})
	}
	if len(out) > 0 {
		r.emit(r.now, "offer", p, t, len(out), "")
	}
	return out
}

// asksUnknown tells whether a GRAFT names a topic that we are not in: who only
// guesses is not told of anybody.
func (r *Router) asksUnknown(grafts []rpc.Graft) bool {
	for _, g := range grafts {
		if t := r.byName[string(g.Topic)]; t == nil || t.own == nil {
			return true
		}
	}
	return false
}

// presentable tells whether p is fit to be recommended, and to be told of others.
func (r *Router) presentable(p *peer) bool { return r.standing(p) >= 0 }

// heeds tells whether we follow p's recommendations.
func (r *Router) heeds(p *peer) bool {
	return r.mayExchange(p) || r.cfg.AcceptExchange && r.presentable(p)
}

// advice is how many peers a peer recommended lately that we looked at: the word of
// one must not fill the host book. Owner: peer.
type advice struct {
	n  float64
	at time.Time
}

// room is how many more a peer may recommend now; most is what it may at once.
func (a *advice) room(now time.Time, most int) int {
	a.n = max(0, a.n-now.Sub(a.at).Seconds()/adviceGap)
	a.at = now
	return int(float64(most) - a.n)
}

// remember keeps the signed record of a peer if it is the peer's own.
func (p *peer) remember(raw []byte) {
	if len(raw) == 0 || bytes.Equal(raw, p.envelope) {
		return
	}
	if who, err := envelope.Of(raw); err == nil && who == p.pid {
		p.envelope = raw
	}
}

// offered takes what a PRUNE recommends: a random part of those whom we do not know,
// within the peer's allowance. Their signatures are the work of a job.
func (r *Router) offered(now time.Time, t *topic, p *peer, infos []rpc.PeerInfo) {
	if len(infos) == 0 {
		return
	}
	room := min(p.advice.room(now, r.p.PrunePeers), exchangesMax-r.exchanges.n)
	if !r.heeds(p) || room <= 0 {
		r.emit(now, "offered", p, t, 0, "not heeded")
		return
	}
	infos = append([]rpc.PeerInfo(nil), infos...)
	r.rng.Shuffle(len(infos), func(i, j int) { infos[i], infos[j] = infos[j], infos[i] })
	var take []rpc.PeerInfo
	for i := range infos {
		if len(take) == room {
			break
		}
		if r.stranger(now, t, &infos[i]) {
			take = append(take, rpc.PeerInfo{PeerID: bytes.Clone(infos[i].PeerID), Record: bytes.Clone(infos[i].Record)})
		}
	}
	r.emit(now, "offered", p, t, len(take), "")
	if len(take) == 0 {
		return
	}
	p.advice.n += float64(len(take))
	r.verify(p, take)
}

// stranger tells whether an entry of a PRUNE names somebody new and brings what may
// be its own record. The signature is not looked at yet.
func (r *Router) stranger(now time.Time, t *topic, i *rpc.PeerInfo) bool {
	who, err := envelope.Of(i.Record)
	if err != nil || who != id.PeerID(i.PeerID) {
		return false
	}
	short := who.ID()
	return short != r.cfg.Self && !r.peers.Has(short) && !t.back.blocks(now, short, r.slack())
}

// verify makes the job that checks the signatures of records.
func (r *Router) verify(p *peer, infos []rpc.PeerInfo) {
	t := r.tickets.Next()
	x := &r.exchanges
	if x.byTicket == nil {
		x.byTicket = make(map[uint64]exchanging)
	}
	x.byTicket[t.N] = exchanging{p, len(infos)}
	x.n += len(infos)
	j := work.Job{Ticket: t, Run: func() any { return open(infos) }}
	h := sha256.New()
	h.Write([]byte("gspx"))
	for _, i := range infos {
		sum := sha256.Sum256(i.Record)
		h.Write(sum[:])
	}
	h.Sum(j.Key[:0])
	r.news.Jobs = append(r.news.Jobs, j)
}

// opened is the result of a job: the records whose signatures are right.
type opened []*envelope.Record

func open(infos []rpc.PeerInfo) (out opened) {
	for _, i := range infos {
		if rec, err := envelope.Open(i.Record); err == nil && rec.Peer == id.PeerID(i.PeerID) {
			out = append(out, rec)
		}
	}
	return out
}

// exchanged takes the result of a job of ours; ok is false when it is none.
func (r *Router) exchanged(now time.Time, t id.Ticket, result any) (ok bool) {
	x := &r.exchanges
	e, ok := x.byTicket[t.N]
	if !ok {
		return false
	}
	x.n -= e.n
	delete(x.byTicket, t.N)
	if len(x.byTicket) == 0 {
		x.byTicket = nil
	}
	good, _ := result.(opened)
	if len(good) < e.n {
		r.emit(now, "offered", e.from, nil, e.n-len(good), "bad records")
		if p, ok := r.peers.Get(e.from.id); ok && p == e.from {
			r.penalty(now, p, penaltyRecord, "bad record")
		}
	}
	for _, rec := range good {
		if !r.peers.Has(rec.Peer.ID()) {
			r.news.Exchanged = append(r.news.Exchanged, Exchange{From: e.from.id, Record: rec})
		}
	}
	return true
}
