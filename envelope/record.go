package envelope

import (
	"encoding/binary"
	"fmt"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Record is what a peer says of itself: where it can be dialled. Of two records of
// one peer the one with the greater Seq is the newer.
type Record struct {
	Peer id.PeerID
	Seq  uint64
	// Addrs are those of the addresses that a link can be made to, at most
	// AddrsMax, each once, and each names the peer.
	Addrs []link.Addr
}

// Fields of PeerRecord (RFC 0003, "Address Record Format"). Field 1 of an entry is
// its address.
const (
	fieldPeer  = 1
	fieldSeq   = 2
	fieldAddrs = 3
)

// draft is a record whose addresses still stand in binary.
type draft struct {
	Record
	named [][]byte
}

func readRecord(b []byte) (*draft, error) {
	r := new(draft)
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return nil, err
		}
		b = rest
		want := uint8(length)
		if f.num == fieldSeq {
			want = varint
		}
		if f.num <= fieldAddrs && f.typ != want {
			return nil, fmt.Errorf("%w: record field %d of wire type %d", ErrMalformed, f.num, f.typ)
		}
		switch f.num {
		case fieldPeer:
			r.Peer = id.PeerID(f.val)
		case fieldSeq:
			r.Seq = f.v
		case fieldAddrs:
			if err := r.name(f.val); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// name reads an entry of a record.
func (r *draft) name(b []byte) error {
	if len(r.named) >= namedMax {
		return fmt.Errorf("%w: more than %d addresses", ErrMalformed, namedMax)
	}
	var raw []byte
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return err
		}
		b = rest
		if f.num == 1 && f.typ != length {
			return fmt.Errorf("%w: address of wire type %d", ErrMalformed, f.typ)
		}
		if f.num == 1 {
			raw = f.val
		}
	}
	r.named = append(r.named, raw)
	return nil
}

// place turns the addresses into text. One of a form that we do not know, or that
// names somebody else, is left out.
func (r *draft) place() {
	for _, raw := range r.named {
		a, ok := textOf(raw)
		if p := a.PeerID(); !ok || p != "" && p != r.Peer {
			continue
		}
		if a = a.WithPeer(r.Peer); !has(r.Addrs, a) {
			r.Addrs = append(r.Addrs, a)
		}
		if len(r.Addrs) == AddrsMax {
			return
		}
	}
}

func has(all []link.Addr, a link.Addr) bool {
	for _, b := range all {
		if a == b {
			return true
		}
	}
	return false
}

// append writes a record. Its addresses go without the peer at their end, as every
// implementation writes them.
func (r *Record) append(dst []byte) []byte {
	dst = appendBytes(dst, fieldPeer, []byte(r.Peer))
	dst = binary.AppendUvarint(append(dst, fieldSeq<<3|varint), r.Seq)
	for _, a := range r.Addrs[:min(len(r.Addrs), AddrsMax)] {
		if raw, ok := binaryOf(a.Bare()); ok {
			dst = appendBytes(dst, fieldAddrs, appendBytes(nil, 1, raw))
		}
	}
	return dst
}
