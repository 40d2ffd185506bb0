package gossipsub

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// batch is what one advert made us ask for.
type batch struct {
	topic *topic
	text  []byte // IDs, and what stands between them
	wants []want
	live  int       // how many of them are not forgotten
	one   [1]asking // the request
	due   int64     // names its live entry in the timer queue
}

// forget counts a want that is forgotten; the last one lets go of the memory of all.
func (b *batch) forget() {
	if b.live--; b.live == 0 {
		b.text, b.wants, b.one[0].sworn = nil, nil, nil
	}
}

// askNew asks p for what is new of the IDs it advertised.
func (r *Router) askNew(now time.Time, p *peer, t *topic, c *counters, ids [][]byte) {
	left := min(r.p.MaxIHaveLength-c.asked, wantsMax-r.wants.len())
	if left <= 0 {
		return
	}
	if len(ids) > left { // random order, so that two askers of one liar differ
		r.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	}
	b := r.sift(now, p, t, ids, left)
	if b == nil {
		return
	}
	r.wants.reserve(len(b.wants))
	for i := range b.wants {
		w := &b.wants[b.live]
		w.k, w.at, w.of = b.wants[i].k, b.wants[i].at, b
		if r.wants.put(w) { // else it was twice in one advert
			b.live++
		}
	}
	n := b.live
	b.wants = b.wants[:n]
	sworn := 0
	if n > 1 {
		sworn = r.rng.IntN(n)
	}
	b.due = r.wants.stamp(now)
	b.one[0] = asking{p: p, at: b.due, sworn: &b.wants[sworn]}
	r.wants.start(due{at: b.due, of: b}, r.p.IWantFollowupTime/2)
	c.asked += n
	r.emit(now, "iwant", p, t, n, "")
	if n > wantsAlone {
		r.askMany(p, b, ids)
		return
	}
	r.askFew(p, b, ids)
}

// wantsAlone is above how many requests they go in RPCs of their own, our choice:
// these are full, so that sharing them with other control would save nothing.
const wantsAlone = 256

// askFew asks for what p advertised, together with what else there is to say to it.
func (r *Router) askFew(p *peer, b *batch, ids [][]byte) {
	size := 0
	for i := range b.wants {
		size += len(ids[b.wants[i].at])
	}
	b.text = make([]byte, 0, size) // the frame of the advert need not stay
	box := r.boxOf(p)
	box.iwants = growTo(box.iwants, len(b.wants))
	for i := range b.wants {
		w := &b.wants[i]
		id := ids[w.at]
		w.at, w.n = uint32(len(b.text)), uint16(len(id))
		b.text = append(b.text, id...)
		box.iwants = append(box.iwants, w)
	}
}

// frameHeads bounds what an RPC of one IWANT has beside its IDs.
const frameHeads = 16

// askMany asks for many messages in full RPCs. They are cut from one buffer, which
// also keeps the IDs for further requests.
func (r *Router) askMany(p *peer, b *batch, ids [][]byte) {
	if p.indebted() {
		r.boxOf(p) // settles at the end of the input
	}
	all := 0
	for i := range b.wants {
		all += rpc.FieldSize(len(ids[b.wants[i].at]))
	}
	list, buf := b.wants, make([]byte, 0, all+(all/(controlBytesOut/2)+1)*frameHeads)
	b.text = buf[:cap(buf)]
	for len(list) > 0 {
		n, size, at := 0, 0, len(buf)
		for n < len(list) && size+rpc.FieldSize(len(ids[list[n].at])) <= controlBytesOut-frameHeads {
			size += rpc.FieldSize(len(ids[list[n].at]))
			n++
		}
		buf = rpc.AppendIWantHead(rpc.AppendControlHead(buf, rpc.FieldSize(size)), size)
		for i := range list[:n] {
			w := &list[i]
			id := ids[w.at]
			buf = rpc.AppendID(buf, id)
			w.at, w.n = uint32(len(buf)-len(id)), uint16(len(id))
		}
		if !r.send(p, Frame{Data: buf[at:len(buf):len(buf)]}) {
			for i := range list[:n] {
				r.unask(&list[i], p)
			}
		}
		list = list[n:]
	}
}

// sift makes a batch of the IDs that are neither known nor asked for, at most most of
// them, with keys and places in the advert; nil when there are none.
func (r *Router) sift(now time.Time, p *peer, t *topic, ids [][]byte, most int) *batch {
	fresh := growTo(r.fresh[:0], min(most, len(ids)))
	for i, raw := range ids {
		if len(fresh) == most {
			break
		}
		if len(raw) == 0 {
			continue
		}
		k := makeKey(t.own.salt, raw)
		if r.seen.has(now, k) || len(r.flights.byKey) > 0 && r.flights.byKey[k] != nil {
			continue
		}
		if old := r.wants.get(k); old != nil {
			r.again(now, old, p)
			continue
		}
		fresh = fresh[:len(fresh)+1] // whose pointers are nil
		w := &fresh[len(fresh)-1]
		w.k, w.at = k, uint32(i)
	}
	if len(fresh) == 0 {
		return nil
	}
	if cap(fresh) <= siftedKeepMax {
		r.fresh = fresh[:0]
	} else if len(fresh) >= cap(fresh)/2 {
		return &batch{topic: t, wants: fresh}
	}
	return &batch{topic: t, wants: slices.Clone(fresh)}
}

// siftedKeepMax is up to how many wants the scratch of sift is kept, our choice.
const siftedKeepMax = 256

// growTo is list with room for n elements more.
func growTo[T any](list []T, n int) []T {
	if cap(list)-len(list) >= n {
		return list
	}
	return append(make([]T, 0, len(list)+n), list...)
}
