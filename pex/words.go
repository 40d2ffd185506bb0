package pex

import (
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// ErrMalformed is returned by Recv for bytes that are no message.
var ErrMalformed = errors.New("pex: malformed")

func malformed(what string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
}

func encodeHello(r *enr.Record) []byte { return rlp.AppendList(nil, r.Bytes()) }

// decodeHello reads the record, not yet verified. The error is enr.ErrScheme when
// the record is of a kind that we cannot read, else ErrMalformed.
func decodeHello(b []byte) (*enr.Record, error) {
	items, err := rlp.NewList(b)
	if err != nil {
		return nil, malformed("hello", err)
	}
	r, err := decodeRecord(items)
	if err != nil {
		return nil, err
	}
	if err := items.End(); err != nil {
		return nil, malformed("hello", err)
	}
	return r, nil
}

// get is a question.
type get struct {
	req, most uint64
	hidden    bool // hosts of hidden networks too
}

// flagHidden is get's third element when those are asked for; there is no other.
const flagHidden = 1

func encodeGet(g get) []byte {
	b := rlp.AppendUint(rlp.AppendUint(nil, g.req), g.most)
	if g.hidden {
		b = rlp.AppendUint(b, flagHidden)
	}
	return rlp.AppendList(nil, b)
}

func decodeGet(b []byte) (g get, err error) {
	items, err := rlp.NewList(b)
	if err != nil {
		return get{}, malformed("get", err)
	}
	if g.req, err = items.Uint64(); err != nil {
		return get{}, malformed("get: number", err)
	}
	if g.most, err = items.Uint64(); err != nil {
		return get{}, malformed("get: max", err)
	}
	if g.hidden = items.More(); g.hidden {
		if flags, err := items.Uint64(); err != nil || flags != flagHidden {
			return get{}, fmt.Errorf("%w: get: flags %d: %v", ErrMalformed, flags, err)
		}
	}
	if err = items.End(); err != nil {
		return get{}, malformed("get", err)
	}
	if g.most == 0 {
		return get{}, fmt.Errorf("%w: get: asks for nothing", ErrMalformed)
	}
	return g, nil
}

func encodePeers(req uint64, rs []*enr.Record) []byte {
	var list []byte
	for _, r := range rs {
		list = append(list, r.Bytes()...)
	}
	return rlp.AppendList(nil, rlp.AppendList(rlp.AppendUint(nil, req), list))
}

// decodePeers reads whose answer it is and leaves the records for later, when it
// is known how many are welcome.
func decodePeers(b []byte) (req uint64, records *rlp.Reader, err error) {
	items, err := rlp.NewList(b)
	if err != nil {
		return 0, nil, malformed("peers", err)
	}
	if req, err = items.Uint64(); err != nil {
		return 0, nil, malformed("peers: number", err)
	}
	if records, err = items.List(); err != nil {
		return 0, nil, malformed("peers: records", err)
	}
	if err = items.End(); err != nil {
		return 0, nil, malformed("peers", err)
	}
	return req, records, nil
}

// decodeRecords reads the first records of an answer, at most that many, without
// those of a scheme we cannot read and second ones of the same key. Nothing is
// verified yet. The rest is only counted.
func decodeRecords(items *rlp.Reader, most int) ([]*enr.Record, error) {
	var out []*enr.Record
	seen := make(map[id.Public]bool)
	for n := 0; items.More(); n++ {
		if n == recordsMax {
			return nil, fmt.Errorf("%w: peers: more than %d records", ErrMalformed, recordsMax)
		}
		if len(out) >= most {
			if _, err := items.List(); err != nil {
				return nil, malformed("peers: record", err)
			}
			continue
		}
		r, err := decodeRecord(items)
		switch {
		case errors.Is(err, enr.ErrScheme):
			continue
		case err != nil:
			return nil, err
		case !seen[r.Public()]:
			seen[r.Public()] = true
			out = append(out, r)
		}
	}
	return out, nil
}

func decodeRecord(items *rlp.Reader) (*enr.Record, error) {
	raw, err := items.Raw()
	if err != nil {
		return nil, malformed("record", err)
	}
	r, err := enr.DecodeUnverified(raw)
	if err != nil && !errors.Is(err, enr.ErrScheme) {
		return nil, malformed("record", err)
	}
	return r, err
}
