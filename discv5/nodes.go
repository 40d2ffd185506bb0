package discv5

import (
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/kad"
)

// serve answers FINDNODE: with live nodes at the distances asked for, and our own record
// for 0, in as many packets as they need and at most partsMax.
func (d *Discovery) serve(now time.Time, s *session, r wire.RequestID, distances []uint16) {
	d.records = d.records[:0]
	for _, at := range distances {
		if at == 0 {
			d.records = append(d.records, d.record.Bytes())
			break
		}
	}
	for _, found := range d.table.At(distances, foundMax) {
		if len(d.records) < foundMax && found.ID() != s.who && kad.Tellable(s.at.Addr(), found) {
			d.records = append(d.records, found.Bytes())
		}
	}
	total := pack(d.records, nil)
	n := uint8(0)
	pack(d.records, func(part [][]byte) {
		if n < partsMax {
			n++
			d.text = wire.AppendNodes(d.text[:0], r, uint8(min(total, partsMax)), part)
			d.reply(now, s, d.text)
		}
	})
}

// pack divides records into messages and returns how many there are, at least one.
func pack(records [][]byte, each func(part [][]byte)) (total int) {
	for first := true; first || len(records) > 0; first = false {
		n, size := 0, 0
		for n < len(records) && size+len(records[n]) <= wire.NodesRoom {
			size += len(records[n])
			n++
		}
		if each != nil {
			each(records[:n])
		}
		records = records[n:]
		total++
	}
	return total
}

// parts are what came of an answer to FINDNODE.
type parts struct {
	distances []uint16
	got       int // messages
	total     int
	nonces    [partsMax]wire.Nonce // of them: a packet that came twice counts once
	raw       [][]byte             // records; ≤ foundMax
}

// part takes one NODES message.
func (d *Discovery) part(now time.Time, c *call, m *wire.Message) {
	p := &c.parts
	if c.checked || p.got >= partsMax {
		return
	}
	for i := range p.got {
		if p.nonces[i] == d.in.Nonce {
			return
		}
	}
	p.nonces[p.got] = d.in.Nonce
	p.got++
	if p.got == 1 {
		p.total = min(int(m.Total), partsMax)
	}
	for _, raw := range m.Records {
		if len(p.raw) < foundMax {
			p.raw = append(p.raw, append([]byte(nil), raw...))
		}
	}
	if p.got >= p.total {
		d.collected(now, c)
	}
}

// collected has the records of an answer verified.
func (d *Discovery) collected(now time.Time, c *call) {
	if c.tries == 1 {
		c.s.measured(now.Sub(c.sent))
	}
	d.alive(now, c.s, 0)
	d.release(now, c)
	d.verify(now, c)
}
