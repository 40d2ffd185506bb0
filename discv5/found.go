package discv5

import (
	"crypto/sha256"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/work"
)

// verified remembers records whose signature was checked, by the hash of their bytes: in
// a network whose nodes are asked again and again most answers hold nothing new, and a
// check takes some 130 µs.
type verified struct {
	by *simplelru.LRU[[32]byte, *enr.Record]
}

func newVerified() verified {
	by, err := simplelru.NewLRU[[32]byte, *enr.Record](verifiedMax, nil)
	if err != nil {
		panic(err) // the size is right
	}
	return verified{by}
}

// get returns the verified record of those bytes, nil when it is not known.
func (v verified) get(raw []byte) *enr.Record {
	if len(raw) == 0 {
		return nil
	}
	r, _ := v.by.Get(sha256.Sum256(raw))
	return r
}

func (v verified) put(r *enr.Record) { v.by.Add(sha256.Sum256(r.Bytes()), r) }

// sifting is an answer whose records are being verified.
type sifting struct{ c *call }

// verify sees to the records of an answer: those that are known are at hand, the others
// go through a job.
func (d *Discovery) verify(now time.Time, c *call) {
	c.checked = true
	records, left := make([]*enr.Record, len(c.parts.raw)), false
	for i, raw := range c.parts.raw {
		records[i] = d.verified.get(raw)
		left = left || records[i] == nil
	}
	if !left {
		d.sifted(now, c, records)
		return
	}
	raws, check := c.parts.raw, d.cfg.Verify
	t := d.tickets.Next()
	d.siftings[t] = sifting{c}
	d.news.Jobs = append(d.news.Jobs, work.Job{Ticket: t, Run: func() any {
		for i, raw := range raws {
			if records[i] == nil {
				// What does not decode, or is not signed, is passed over: the rest may be good.
				records[i], _ = decode(raw, check)
			}
		}
		return records
	}})
}

// sifted ends a request with those of the records that may be used.
func (d *Discovery) sifted(now time.Time, c *call, records []*enr.Record) {
	good := records[:0]
	for _, r := range records {
		if r != nil {
			d.verified.put(r)
			if d.usable(r) {
				good = append(good, r)
			}
		}
	}
	good = sieve(d.self, c.s, c.parts.distances, good)
	d.stats.Rejected += uint64(len(c.parts.raw) - len(good))
	for _, r := range good {
		if r.ID() != c.s.who {
			d.offer(now, r, kad.Found)
		}
	}
	d.outcome(now, c, Answer{Records: good, RTT: now.Sub(c.sent)})
}

// usable tells whether a record names an endpoint that we may write to.
func (d *Discovery) usable(r *enr.Record) bool {
	_, ok := d.cfg.endpoint(r)
	return ok || r.ID() != d.self && !kad.Endpoint(r).IsValid()
}

// sieve is kad.Sieve; a node's own record, asked for with distance 0, may be without an
// endpoint, or have another than the one it wrote from.
func sieve(self id.ID, from *session, distances []uint16, records []*enr.Record) []*enr.Record {
	if len(distances) == 1 && distances[0] == 0 {
		for i, r := range records {
			if r.ID() == from.who {
				return records[i : i+1]
			}
		}
		return nil
	}
	good, _ := kad.Sieve(self, from.who, distances, from.at.Addr(), records, foundMax)
	return good
}
