package pex

import (
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// ask is a question of ours on its way.
type ask struct {
	req     uint64
	most    int // records asked for, 1 to MaxAnswer
	tickets []id.Ticket
	due     time.Time
}

// Ask asks a peer for records, at most that many; 0 means as many as allowed.
// Exactly one Heard with Done follows for t and p, out of Recv, Done or Advance.
func (x *Pex) Ask(now time.Time, t id.Ticket, p id.ID, most int) {
	x.see(now)
	st, ok := x.peers.Get(p)
	if !ok || st.dropped {
		x.giveUp(now, p, []id.Ticket{t}, "not connected")
		return
	}
	if a, ok := x.asks.Get(p); ok {
		a.tickets = append(a.tickets, t)
		return
	}
	if st.asked.left(now.Add(-askSlack)) == 0 {
		x.giveUp(now, p, []id.Ticket{t}, "asked a moment ago")
		return
	}
	if most <= 0 || most > x.cfg.MaxAnswer {
		most = x.cfg.MaxAnswer
	}
	a := &ask{x.rng.Uint64(), most, []id.Ticket{t}, now.Add(askTimeout)}
	x.asks.Put(p, a)
	st.asked.use(now)
	st.credit.has(now) // brings it up to now
	st.credit.grant(most)
	x.emit(now, trace.Event{Kind: "ask", Peer: p, Ticket: t, N: int64(most)})
	x.send.Send(p, codeGet, encodeGet(get{a.req, uint64(most), x.cfg.Hidden}))
}

// giveUp ends questions without records, with the next Advance: a call down must
// not come back up.
func (x *Pex) giveUp(now time.Time, p id.ID, ts []id.Ticket, why string) {
	for _, t := range ts {
		x.emit(now, trace.Event{Kind: "unanswered", Peer: p, Ticket: t, Err: why})
	}
	x.late.Heard = append(x.late.Heard, ended(p, ts, nil)...)
}

// ended is the end of a question for each who asked it.
func ended(p id.ID, ts []id.Ticket, rs []*enr.Record) []Heard {
	out := make([]Heard, len(ts))
	for i, t := range ts {
		out[i] = Heard{From: p, Ticket: t, Records: rs, Done: true}
	}
	return out
}

// recvGet takes a peer's question.
func (x *Pex) recvGet(now time.Time, p id.ID, st *peer, data []byte) (News, error) {
	g, err := decodeGet(data)
	if err != nil {
		return News{}, err
	}
	left := st.answered.left(now)
	if left == 0 {
		x.refuse(now, p, "asks too often")
		return News{}, nil
	}
	st.answered.use(now)
	st.owed = Want{p, g.req, int(min(g.most, uint64(min(left, x.cfg.MaxAnswer)))), g.hidden}
	return News{Wants: []Want{st.owed}}, nil
}

// Reply answers a Want, if the peer still waits for it. Records above its Max and
// above the size of a message stay out, and so does the peer's own.
func (x *Pex) Reply(now time.Time, to id.ID, req uint64, rs []*enr.Record) {
	x.see(now)
	st, ok := x.peers.Get(to)
	if !ok || st.dropped || st.owed.Max == 0 || st.owed.Req != req {
		return
	}
	most := st.owed.Max
	st.owed = Want{}
	var out []*enr.Record
	bytesLeft := bytesMax - frameBytes
	for _, i := range x.rng.Perm(len(rs)) {
		r := rs[i]
		if len(out) == most || len(r.Bytes()) > bytesLeft {
			break
		}
		if r.ID() == to || r.ID().IsZero() {
			continue
		}
		bytesLeft -= len(r.Bytes())
		out = append(out, r)
	}
	st.answered.told(len(out))
	x.emit(now, trace.Event{Kind: "answer", Peer: to, N: int64(len(out))})
	x.send.Send(to, codePeers, encodePeers(req, out))
}
