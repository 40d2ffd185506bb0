package portal

import (
	"crypto/sha256"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
)

// verify reads the records of an answer and checks their signatures, in a job unless all
// were seen before. What cannot be read or is not signed right is left out, and counted
// against who sent it (origins A9).
func (o *Overlay) verify(now time.Time, from *enr.Record, raw [][]byte, done func(now time.Time, good []*enr.Record)) {
	good := make([]*enr.Record, 0, len(raw))
	for _, b := range raw {
		if r, ok := o.verified.get(string(b)); ok {
			good = append(good, r)
		}
	}
	if len(good) == len(raw) {
		o.soon(func(now time.Time) { done(now, good) })
		return
	}
	raw = cloneAll(raw)
	sum := sha256.New()
	for _, b := range raw {
		sum.Write(b)
	}
	o.job(now, [32]byte(sum.Sum(nil)), func() any { return decodeAll(raw, o.cfg.Decode) }, func(now time.Time, result any) {
		all, _ := result.([]*enr.Record)
		bad := false
		good = good[:0]
		for _, r := range all {
			if bad = bad || r == nil; r != nil {
				o.verified.put(string(r.Bytes()), r)
				good = append(good, r)
			}
		}
		if bad {
			o.blamePeer(now, from.ID(), blameRecord, "a record that cannot be read or is not signed")
		}
		done(now, good)
	})
}

// decodeAll decodes and verifies records; bad ones are nil.
func decodeAll(raw [][]byte, decode func([]byte) (*enr.Record, error)) []*enr.Record {
	out := make([]*enr.Record, len(raw))
	for i, b := range raw {
		if r, err := decode(b); err == nil {
			out[i] = r
		}
	}
	return out
}

func cloneAll(raw [][]byte) [][]byte {
	out := make([][]byte, len(raw))
	for i, b := range raw {
		out[i] = append([]byte(nil), b...)
	}
	return out
}

// sieve returns those of an answer's verified records that may be used: at the distances
// asked, no one twice, not ourselves, at addresses that the sender can know of, and of our
// network. asked is nil for FindContent.
func (o *Overlay) sieve(now time.Time, from *enr.Record, asked []uint16, records []*enr.Record, n int) []*enr.Record {
	good, _ := kad.Sieve(o.cfg.Self, from.ID(), asked, kad.Endpoint(from).Addr(), records, n)
	out := good[:0]
	for _, r := range good {
		if o.mayAsk(now, r) {
			out = append(out, r)
		}
	}
	return out
}

// misplaced tells whether a record is at none of the distances that were asked for, which
// no honest node sends.
func misplaced(from id.ID, asked []uint16, r *enr.Record) bool {
	d := uint16(id.LogDistance(from, r.ID()))
	for _, a := range asked {
		if a == d {
			return false
		}
	}
	return true
}
