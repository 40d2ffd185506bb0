package rpc

import (
	"fmt"
	"slices"
)

// Fields of ControlMessage.
const (
	fieldIHave = iota + 1
	fieldIWant
	fieldGraft
	fieldPrune
	fieldIDontWant
	fieldExtensions
)

// takeControl reads a ControlMessage. Several of them in one RPC add up.
func (r *RPC) takeControl(b []byte, lim *Limits) error {
	if len(b) == 0 || r.seenControl {
		r.order.bad = true // Append writes one, and none that is empty
	}
	r.seenControl = true
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return fmt.Errorf("%w: control", err)
		}
		b = rest
		if f.num > fieldExtensions {
			r.controlOrder.bad = true
			continue
		}
		if f.typ != length {
			return fmt.Errorf("%w: control field %d of wire type %d", ErrMalformed, f.num, f.typ)
		}
		r.controlOrder.see(&f, f.num == fieldExtensions)
		if err := r.takeEntry(&f, lim); err != nil {
			return err
		}
	}
	return nil
}

func (r *RPC) takeEntry(f *field, lim *Limits) error {
	switch f.num {
	case fieldIHave:
		h := IHave{}
		ids, err := r.takeIDs(f.val, &h.Topic, 2, &r.nIHave, lim)
		h.IDs = ids
		r.IHave = append(r.IHave, h)
		return err
	case fieldIWant:
		ids, err := r.takeIDs(f.val, nil, 1, &r.nIWant, lim)
		r.IWant = append(r.IWant, IDs{ids})
		return err
	case fieldIDontWant:
		ids, err := r.takeIDs(f.val, nil, 1, &r.nIDontWant, lim)
		r.IDontWant = append(r.IDontWant, IDs{ids})
		return err
	case fieldGraft:
		return r.takeGraft(f.val, lim)
	case fieldPrune:
		return r.takePrune(f.val, lim)
	}
	return r.takeExtensions(f.val)
}

// takeIDs reads an entry whose field idNum repeats message IDs, and whose field 1
// is the topic when topic is not nil. n counts the IDs of this kind in the RPC.
func (r *RPC) takeIDs(b []byte, topic *[]byte, idNum uint32, n *int, lim *Limits) ([][]byte, error) {
	start := len(r.ids)
	var o order
	r.reserveIDs(b, lim.IDs-*n)
	plain := tag(byte(idNum), length)
	for len(b) > 0 {
		if len(b) > 1 && b[0] == plain && b[1] < 0x80 && int(b[1]) <= min(len(b)-2, lim.IDBytes) && *n < lim.IDs { // nearly every one
			*n++
			r.ids = append(r.ids, b[2:2+b[1]:2+b[1]])
			b, o.last = b[2+b[1]:], idNum
			continue
		}
		f, rest, err := next(b)
		if err != nil {
			return nil, fmt.Errorf("%w: list of message IDs", err)
		}
		b = rest
		if f.num > idNum {
			o.bad = true
			continue
		}
		if f.typ != length {
			return nil, fmt.Errorf("%w: list of message IDs, field %d", ErrMalformed, f.num)
		}
		o.see(&f, f.num != idNum)
		if f.num != idNum {
			*topic = f.val
			continue
		}
		if *n++; *n > lim.IDs {
			return nil, excess("message IDs", *n, lim.IDs)
		}
		if len(f.val) > lim.IDBytes {
			return nil, excess("message ID bytes", len(f.val), lim.IDBytes)
		}
		r.ids = append(r.ids, f.val)
	}
	r.controlOrder.bad = r.controlOrder.bad || o.bad
	return r.ids[start:len(r.ids):len(r.ids)], nil
}

// reserveIDs makes room for about as many IDs as b holds if they are all like the second field,
// at most most, so that a list of thousands grows once.
func (r *RPC) reserveIDs(b []byte, most int) {
	if len(b) < reserveFrom {
		return
	}
	if f, _, err := next(b); err == nil {
		size := FieldSize(len(f.val))
		if f, _, err = next(b[min(size, len(b)):]); err == nil && len(f.val) > 0 {
			size = FieldSize(len(f.val)) // the first field may be the topic
		}
		r.ids = slices.Grow(r.ids, max(0, min(most, len(b)/size+1)))
	}
}

// reserveFrom is from how many bytes on a list of IDs is measured first, our choice.
const reserveFrom = 4 << 10

func (r *RPC) takeGraft(b []byte, lim *Limits) error {
	if len(r.Graft) >= lim.Grafts {
		return excess("GRAFT entries", len(r.Graft)+1, lim.Grafts)
	}
	var g Graft
	var o order
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil || f.num == 1 && f.typ != length {
			return fmt.Errorf("%w: GRAFT", ErrMalformed)
		}
		b = rest
		o.see(&f, true)
		if f.num == 1 {
			g.Topic = f.val
		} else {
			o.bad = true
		}
	}
	r.controlOrder.bad = r.controlOrder.bad || o.bad
	r.Graft = append(r.Graft, g)
	return nil
}

func (r *RPC) takePrune(b []byte, lim *Limits) error {
	if len(r.Prune) >= lim.Prunes {
		return excess("PRUNE entries", len(r.Prune)+1, lim.Prunes)
	}
	var p Prune
	var o order
	start := len(r.px)
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return fmt.Errorf("%w: PRUNE", err)
		}
		b = rest
		o.see(&f, f.num != 2)
		switch {
		case f.num == 1 && f.typ == length:
			p.Topic = f.val
		case f.num == 2 && f.typ == length:
			if err := r.takePeer(f.val, len(r.px)-start < lim.PX, &o); err != nil {
				return err
			}
		case f.num == 3 && f.typ == varint:
			p.Backoff, p.HasBackoff = f.v, true
		case f.num <= 3:
			return fmt.Errorf("%w: PRUNE field %d of wire type %d", ErrMalformed, f.num, f.typ)
		default:
			o.bad = true
		}
	}
	p.Peers = r.px[start:len(r.px):len(r.px)]
	r.controlOrder.bad = r.controlOrder.bad || o.bad
	r.Prune = append(r.Prune, p)
	return nil
}

// takePeer reads a PeerInfo and keeps it unless there are enough already.
func (r *RPC) takePeer(b []byte, keep bool, outer *order) error {
	var p PeerInfo
	var o order
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil || f.num <= 2 && f.typ != length {
			return fmt.Errorf("%w: peer of a PRUNE", ErrMalformed)
		}
		b = rest
		o.see(&f, true)
		switch f.num {
		case 1:
			p.PeerID = f.val
		case 2:
			p.Record = f.val
		default:
			o.bad = true
		}
	}
	if !keep {
		o.bad = true // not all of it can be written again
	} else {
		r.px = append(r.px, p)
	}
	outer.bad = outer.bad || o.bad
	return nil
}
