package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

// hour numbers the hours of claimed time since 1970.
type hour = uint64

func hourOf(at int64) hour { return uint64(at) / uint64(time.Hour) }

// digest tells sets of lines apart: SHA-256 over IDs in the order of lines.
type digest [32]byte

type hourDigest struct {
	hour  hour
	count uint64
	sum   digest
}

// firstHour is where comparing our history starts: a week ago, but not among
// lines so old that the full room would drop them again.
func (r *room) firstHour(now time.Time) hour {
	from := hourOf(max(0, now.Add(-syncWindow).UnixNano()))
	if r.floor > 0 {
		from = max(from, hourOf(r.floor)+1)
	}
	return from
}

// search is the index in byTime of the first line of the hour or later.
func (r *room) search(from hour) int {
	i, _ := slices.BinarySearchFunc(r.byTime, from, func(e *entry, from hour) int {
		if hourOf(e.at) < from {
			return -1
		}
		return 1
	})
	return i
}

// hours are the digests of the hours from from on that hold lines.
func (r *room) hours(from hour) []hourDigest {
	var out []hourDigest
	for i := r.search(from); i < len(r.byTime); {
		h := hourOf(r.byTime[i].at)
		d, ok := r.sums[h]
		if !ok {
			d = sumHour(h, r.byTime[i:r.search(h+1)])
			if r.sums == nil {
				r.sums = make(map[hour]hourDigest)
			}
			r.sums[h] = d
		}
		out = append(out, d)
		i += int(d.count)
	}
	return out
}

func sumHour(h hour, lines []*entry) hourDigest {
	s := sha256.New()
	for _, e := range lines {
		s.Write(e.id[:])
	}
	d := hourDigest{hour: h, count: uint64(len(lines))}
	s.Sum(d.sum[:0])
	return d
}

// sumHours is one digest and count for all hours.
func sumHours(hs []hourDigest) (count uint64, sum digest) {
	b := make([]byte, 0, 48*len(hs))
	for _, d := range hs {
		b = binary.BigEndian.AppendUint64(b, d.hour)
		b = binary.BigEndian.AppendUint64(b, d.count)
		b = append(b, d.sum[:]...)
		count += d.count
	}
	return count, sha256.Sum256(b)
}
