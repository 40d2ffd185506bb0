package pex

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// What ends a link beside malformed messages. Drop gets them together with the
// link.Reason to give.
var (
	ErrForged   = errors.New("pex: record whose signature does not hold")
	ErrStranger = errors.New("pex: hello with somebody else's record")
)

// batch is the records of one message while their signatures are verified.
type batch struct {
	from  id.ID
	st    *peer
	hello bool
	ask   *ask // the question it answers; nil when nobody asked
}

// verified is the result of a batch's job: all records, or what is wrong with one.
type verified struct {
	records []*enr.Record
	err     error
}

// recvHello takes a peer's own record.
func (x *Pex) recvHello(now time.Time, p id.ID, st *peer, data []byte) (News, error) {
	r, err := decodeHello(data)
	switch {
	case errors.Is(err, enr.ErrScheme):
		x.refuse(now, p, "hello of an unknown identity scheme")
		return News{}, nil
	case err != nil:
		return News{}, err
	case st.helloed && r.Seq() <= st.helloSeq:
		return News{}, nil
	case st.credit.has(now) < 1:
		x.refuse(now, p, "too many records")
		return News{}, nil
	case st.jobs >= jobsPerPeer:
		x.refuse(now, p, "too many jobs")
		return News{}, nil
	}
	st.credit.take(1)
	return x.verify(&batch{from: p, st: st, hello: true}, []*enr.Record{r}), nil
}

// recvPeers takes an answer, or what is sent as one.
func (x *Pex) recvPeers(now time.Time, p id.ID, st *peer, data []byte) (News, error) {
	req, list, err := decodePeers(data)
	if err != nil {
		return News{}, err
	}
	a, most := (*ask)(nil), unsolicitedMax
	if mine, ok := x.asks.Get(p); ok && mine.req == req {
		a, most = mine, mine.most
	}
	most = min(most, st.credit.has(now))
	busy := st.jobs >= jobsPerPeer
	if a == nil && (busy || most == 0) {
		x.refuse(now, p, "too many records")
		return News{}, nil
	}
	rs, err := decodeRecords(list, most)
	if err != nil {
		return News{}, err
	}
	if a != nil {
		x.asks.Delete(p)
		st.asked.told(len(rs))
	}
	switch {
	case a != nil && (busy || len(rs) == 0):
		x.emit(now, trace.Event{Kind: "heard", Peer: p})
		return News{Heard: ended(p, a.tickets, nil)}, nil
	case len(rs) == 0:
		return News{}, nil
	}
	st.credit.take(len(rs))
	return x.verify(&batch{from: p, st: st, ask: a}, rs), nil
}

// verify makes the one job of a message.
func (x *Pex) verify(b *batch, rs []*enr.Record) News {
	t := x.tick.Next()
	x.jobs.Put(t, b)
	b.st.jobs++
	h := sha256.New()
	h.Write([]byte("ropewalk pex records:"))
	for _, r := range rs {
		h.Write(r.Bytes())
	}
	job := work.Job{Ticket: t, Run: verifyAll(rs, x.cfg.Verify)}
	h.Sum(job.Key[:0])
	return News{Jobs: []work.Job{job}}
}

// verifyAll stops at the first signature that does not hold: the message counts as
// a whole or not at all.
func verifyAll(rs []*enr.Record, check func(*enr.Record) (*enr.Record, error)) func() any {
	return func() any {
		out := make([]*enr.Record, len(rs))
		for i, r := range rs {
			good, err := check(r)
			if err != nil {
				return verified{err: err}
			}
			out[i] = good
		}
		return verified{records: out}
	}
}

// Done takes the result of a job. One of a peer that is gone by now is forgotten,
// unless it answers a question of ours.
func (x *Pex) Done(now time.Time, t id.Ticket, result any) News {
	x.see(now)
	b, ok := x.jobs.Get(t)
	if !ok {
		return News{}
	}
	x.jobs.Delete(t)
	b.st.jobs--
	res, _ := result.(verified) // anything else, as from a world that is closing, says nothing
	why := b.judge(res)
	if why != nil {
		if st, ok := x.peers.Get(b.from); ok { // over whichever link
			x.drop(now, b.from, st, why)
		}
		res.records = nil
	}
	rs := x.others(res.records)
	x.emit(now, trace.Event{Kind: "heard", Peer: b.from, N: int64(len(rs))})
	switch {
	case b.ask != nil:
		return News{Heard: ended(b.from, b.ask.tickets, rs)}
	case len(rs) == 0:
		return News{}
	case b.hello:
		b.st.helloed, b.st.helloSeq = true, rs[0].Seq()
	}
	return News{Heard: []Heard{{From: b.from, Records: rs, Own: b.hello}}}
}

// judge tells what is wrong with verified records, nil when nothing is.
func (b *batch) judge(res verified) error {
	switch {
	case res.err != nil:
		return fmt.Errorf("%w: %w: %w", ErrForged, res.err, link.Breach)
	case b.hello && len(res.records) == 1 && res.records[0].ID() != b.from:
		return fmt.Errorf("%w: of %s: %w", ErrStranger, res.records[0].ID().Short(), link.BadIdentity)
	}
	return nil
}

// others leaves out our own record. The input is shared with whoever ran the job
// and stays as it is.
func (x *Pex) others(rs []*enr.Record) []*enr.Record {
	var out []*enr.Record
	for _, r := range rs {
		if r.ID() != x.cfg.Self {
			out = append(out, r)
		}
	}
	return out
}
