package rpc

import "fmt"

// RPC is one decoded frame. All bytes alias the frame.
type RPC struct {
	Subs      []Sub
	SubsOver  int // subscriptions above the limit, not kept
	Publish   []Message
	IHave     []IHave
	IWant     []IDs
	Graft     []Graft
	Prune     []Prune
	IDontWant []IDs
	// The extensions of v1.3.
	HasExtensions, HasPartial, HasTest bool
	Extensions                         Extensions
	Partial                            Partial
	// Canonical tells that Append gives the same bytes again.
	Canonical bool

	ids                        [][]byte // backs all ID lists
	idle                       int      // RPCs since ids had to be long
	px                         []PeerInfo
	nIHave, nIWant, nIDontWant int // IDs of each kind
	order                      order
	seenControl, used          bool
	controlOrder               order
}

// Sub is a subscription change. An absent subscribe flag means false.
type Sub struct {
	Topic                            []byte
	Subscribe                        bool
	RequestsPartial, SupportsPartial bool
}

// IHave lists messages the sender has in a topic.
type IHave struct {
	Topic []byte
	IDs   [][]byte
}

// IDs is the content of IWANT and IDONTWANT.
type IDs struct{ IDs [][]byte }

// Graft asks to be taken into a mesh.
type Graft struct{ Topic []byte }

// Prune says that the receiver was taken out of a mesh. Backoff is in seconds.
type Prune struct {
	Topic      []byte
	Peers      []PeerInfo
	Backoff    uint64
	HasBackoff bool
}

// PeerInfo is a peer to dial instead.
type PeerInfo struct{ PeerID, Record []byte }

// Our choice, in elements. In a busy network full IHAVEs come with every heartbeat of
// every neighbour, so a long list of IDs is kept while others need it.
const (
	scratchMax = 64                // what Reset keeps of a slice
	idsMax     = IDsMax + IDsMax/4 // of the list of IDs (160 KiB)
	idsIdleMax = 64                // RPCs with few IDs after which a long list goes
)

// Reset empties r, lets go of the frame and of large slices, of the IDs' only when it
// was idle for some time.
func (r *RPC) Reset() {
	if !r.used {
		return
	}
	ids, idle := r.wipeIDs()
	*r = RPC{
		Subs: wipe(r.Subs), Publish: wipe(r.Publish), IHave: wipe(r.IHave), IWant: wipe(r.IWant),
		Graft: wipe(r.Graft), Prune: wipe(r.Prune), IDontWant: wipe(r.IDontWant), ids: ids, idle: idle, px: wipe(r.px),
	}
}

// wipeIDs empties the list of IDs and tells how many RPCs in a row did not need a long
// one.
func (r *RPC) wipeIDs() (ids [][]byte, idle int) {
	switch {
	case cap(r.ids) <= scratchMax:
		return wipe(r.ids), 0
	case len(r.ids) <= scratchMax:
		idle = r.idle + 1
	}
	if cap(r.ids) > idsMax || idle > idsIdleMax {
		return nil, 0
	}
	clear(r.ids)
	return r.ids[:0], idle
}

func wipe[T any](s []T) []T {
	if cap(s) > scratchMax {
		return nil
	}
	clear(s)
	return s[:0]
}

// OnlyPublishes tells that there are messages and nothing else.
func (r *RPC) OnlyPublishes() bool {
	return len(r.Publish) > 0 && len(r.Subs) == 0 && r.SubsOver == 0 && !r.seenControl && !r.HasExtensions && !r.HasPartial && !r.HasTest
}

// Decode reads a frame into r, which is emptied first. Memory is in proportion to
// the frame. After an error r holds what was read so far and must not be used.
func (r *RPC) Decode(frame []byte, lim Limits) error {
	r.Reset()
	r.used = true
	if len(frame) > lim.Bytes {
		return excess("frame bytes", len(frame), lim.Bytes)
	}
	control := 0
	for b := frame; len(b) > 0; {
		f, rest, err := next(b)
		if err != nil {
			return fmt.Errorf("%w: RPC", err)
		}
		b = rest
		control += len(f.whole)
		payload, err := r.take(&f, &lim)
		if err != nil {
			return err
		}
		if control -= payload; control > lim.Control {
			return excess("control bytes", control, lim.Control)
		}
	}
	r.Canonical = !r.order.bad && !r.controlOrder.bad
	return nil
}

// take handles one field of the RPC and tells how many of its bytes are message data.
func (r *RPC) take(f *field, lim *Limits) (payload int, err error) {
	switch f.num {
	case 1, 2, 3, fieldPartial, fieldTest:
		if f.typ != length {
			return 0, fmt.Errorf("%w: RPC field %d of wire type %d", ErrMalformed, f.num, f.typ)
		}
	default:
		r.order.bad = true
		return 0, nil
	}
	r.order.see(f, f.num > 2)
	switch f.num {
	case 1:
		return 0, r.takeSub(f.val, lim)
	case 2:
		return r.takeMessage(f, lim)
	case 3:
		return 0, r.takeControl(f.val, lim)
	case fieldPartial:
		return r.takePartial(f.val, lim)
	default:
		r.HasTest = true
		r.order.bad = r.order.bad || len(f.val) > 0
	}
	return 0, nil
}

func (r *RPC) takeSub(b []byte, lim *Limits) error {
	var s Sub
	var o order
	has := false
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return fmt.Errorf("%w: subscription", err)
		}
		b = rest
		o.see(&f, true)
		switch {
		case f.num == 1 && f.typ == varint:
			s.Subscribe, has = f.v != 0, true
			o.bad = o.bad || f.v > 1
		case f.num == 2 && f.typ == length:
			s.Topic = f.val
		case f.num == 3 && f.typ == varint:
			s.RequestsPartial = f.v != 0
			o.bad = o.bad || f.v != 1
		case f.num == 4 && f.typ == varint:
			s.SupportsPartial = f.v != 0
			o.bad = o.bad || f.v != 1
		case f.num <= 4:
			return fmt.Errorf("%w: subscription field %d", ErrMalformed, f.num)
		default:
			o.bad = true
		}
	}
	r.order.bad = r.order.bad || o.bad || !has
	if len(r.Subs) >= lim.Subs {
		r.SubsOver++
		r.order.bad = true // not all of it can be written again
		return nil
	}
	r.Subs = append(r.Subs, s)
	return nil
}
