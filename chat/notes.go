package chat

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/work"
)

// Notes are messages that a member may not know: it then ignores them. They travel in
// place of lines in an answer to request 0, which nobody asks: a member from before
// there were notes takes that for an answer that comes too late. Each is one RLP list
// that begins with its kind; one with more fields is of a new kind.
const (
	noteHeads = iota // [0, room, digest]: what heads the sender knows, if any
	noteAsk          // [1, room, the first 8 bytes of each head the sender has]
	noteHead         // see head
)

// markBytes is how much of a head's ID says in an ask that it is there.
const markBytes = 8

func (h *Hall) sendNotes(p *remote, notes ...[]byte) {
	h.reply(p, codeLines, someLines{lines: notes}.encode())
}

// heardNotes takes notes. Those of unknown kinds, and of rooms we are not in, are
// ignored.
func (h *Hall) heardNotes(now time.Time, from *remote, notes [][]byte) error {
	if h.cfg.Pages == nil {
		return nil
	}
	var heads [][]byte
	for _, note := range notes {
		r, err := rlp.NewList(note)
		if err != nil {
			return err
		}
		var kind uint64
		if err := number(r, &kind); err != nil {
			return err
		}
		switch kind {
		case noteHeads:
			err = h.heardDigest(now, from, r)
		case noteAsk:
			err = h.serveHeads(now, from, r)
		case noteHead:
			heads = append(heads, note)
		}
		if err != nil {
			return err
		}
	}
	return h.heardHeads(now, from, heads)
}

// tellHeads sends the digest of the heads we know.
func (h *Hall) tellHeads(p *remote, r *room) {
	if h.cfg.Pages == nil || r.heads.Len() == 0 || !r.member {
		return
	}
	sum := r.headDigest()
	h.sendNotes(p, listOf(uintItem(noteHeads), bytesItem(r.key[:]), bytesItem(sum[:])))
}

// heardDigest asks for the heads we lack, if there may be any.
func (h *Hall) heardDigest(now time.Time, from *remote, n *rlp.Reader) error {
	var key roomKey
	var sum digest
	if err := errors.Join(fixed(n, key[:]), fixed(n, sum[:]), n.End()); err != nil {
		return err
	}
	r, ok := h.rooms.Get(key)
	if ok && r.member && sum != r.headDigest() {
		h.askHeads(now, from, r)
	}
	return nil
}

// askHeads asks for the heads we lack. What a member answers comes before what it answers
// to questions asked later.
func (h *Hall) askHeads(now time.Time, p *remote, r *room) {
	if h.cfg.Pages == nil || !p.headAsks.take(now, askBurst, headRate) {
		return
	}
	var marks []byte
	for _, k := range r.heads.All() {
		marks = append(marks, k.id[:markBytes]...)
	}
	h.sendNotes(p, listOf(uintItem(noteAsk), bytesItem(r.key[:]), bytesItem(marks)))
}

// serveHeads sends the heads that the asker lacks.
func (h *Hall) serveHeads(now time.Time, from *remote, n *rlp.Reader) error {
	var key roomKey
	var marks []byte
	if err := errors.Join(fixed(n, key[:]), loose(n, &marks), n.End()); err != nil {
		return err
	}
	if len(marks)%markBytes != 0 {
		return fmt.Errorf("%d bytes of marks", len(marks))
	}
	r, ok := h.rooms.Get(key)
	if !ok || !r.member || !from.headGives.take(now, 2*askBurst, 2*headRate) {
		return nil
	}
	var has ordered.Set[[markBytes]byte]
	for m := range slices.Chunk(marks, markBytes) {
		has.Add([markBytes]byte(m))
	}
	var batch [][]byte
	for _, k := range r.heads.All() {
		if has.Has([markBytes]byte(k.id[:])) {
			continue
		}
		if batch = append(batch, k.raw); len(batch) == headsBatch {
			h.sendNotes(from, batch...)
			batch = nil
		}
	}
	if len(batch) > 0 {
		h.sendNotes(from, batch...)
	}
	return nil
}

// pushHead tells a new head of ours to every member we are connected with.
func (h *Hall) pushHead(now time.Time, r *room, raw []byte) {
	for _, p := range h.remotes.Values() {
		if p.rooms.Has(r.key) {
			h.headTold = now
			h.sendNotes(p, raw)
		}
	}
}

// heardHeads has heads checked that are new to us. What a peer sends beyond its share is
// ignored; the next digest brings it.
func (h *Hall) heardHeads(now time.Time, from *remote, raws [][]byte) error {
	var fresh []*known
	for _, raw := range raws {
		d, err := decodeHead(raw)
		if err != nil {
			return err
		}
		r, ok := h.rooms.Get(d.room)
		if !ok || !r.member || int64(d.at)-now.UnixNano() > int64(forwardMax) {
			continue
		}
		if old, have := r.heads.Get(d.node); have && !d.newer(old.head) {
			continue
		}
		if !from.heads.take(now, headsMax, headRate) {
			break
		}
		fresh = append(fresh, knownOf(d, slices.Clone(raw)))
	}
	if len(fresh) == 0 {
		return nil
	}
	s := sha256.New()
	s.Write([]byte("chat heads\x00"))
	for _, k := range fresh {
		s.Write(k.id[:])
		if r, ok := h.rooms.Get(k.head.room); ok {
			r.checking++
		}
	}
	h.news.Jobs = append(h.news.Jobs, work.Job{
		Ticket: h.begin(task{kind: taskHeads, from: from, heads: fresh}),
		Key:    [32]byte(s.Sum(nil)),
		Run:    func() any { return verifyHeads(fresh) },
	})
	return nil
}

// verifyHeads returns the authors' nodes; fewer when a head is bad.
func verifyHeads(all []*known) (who []id.ID) {
	vouches := make(vouched)
	for _, k := range all {
		node, err := k.head.node.ID()
		if err != nil || !k.head.verify(vouches) {
			return who
		}
		who = append(who, node)
	}
	return who
}

// headsVerified keeps heads, if all of them are good.
func (h *Hall) headsVerified(now time.Time, k task, result any) {
	here, up := h.remotes.Get(k.from.id)
	up = up && here == k.from
	for _, told := range k.heads {
		if r, ok := h.rooms.Get(told.head.room); ok {
			r.checking--
		}
	}
	who, _ := result.([]id.ID)
	if len(who) != len(k.heads) {
		if up {
			h.emit(now, "breach", nil, codeLines, ErrForged)
			h.snd.Drop(k.from.id, ErrForged)
		}
		return
	}
	teller := id.ID{}
	if up {
		teller = k.from.id
	}
	for i, told := range k.heads {
		if r, ok := h.rooms.Get(told.head.room); ok && r.member {
			told.who = who[i]
			h.keepHead(now, r, told, teller)
			h.settle(now, r)
		}
	}
}
