package discv5

import (
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Talk sends a request and answers t with what comes back. Of a body that is too large
// for a packet, TalkMax, the answer is ErrTooLarge.
func (d *Discovery) Talk(now time.Time, t id.Ticket, to *enr.Record, proto string, body []byte) News {
	d.begin(now)
	c := d.request(wire.TalkReq, asker, t, to)
	c.text = wire.AppendTalkReq(make([]byte, 0, len(body)+32+len(proto)), wire.NumberedID(c.n), d.protoBytes(proto), body)
	d.ask(now, c)
	return d.said
}

// Ping asks whether a node is there.
func (d *Discovery) Ping(now time.Time, t id.Ticket, to *enr.Record) News {
	d.begin(now)
	d.ping(now, nil, asker, t, to)
	return d.said
}

// FindNode asks a node for its nodes at distances from itself; 0 is its own record.
func (d *Discovery) FindNode(now time.Time, t id.Ticket, to *enr.Record, distances []uint16) News {
	d.begin(now)
	c := d.request(wire.FindNode, asker, t, to)
	d.find(now, c, distances)
	return d.said
}

// find makes a request FINDNODE.
func (d *Discovery) find(now time.Time, c *call, distances []uint16) {
	c.parts.distances = append([]uint16(nil), distances...)
	c.text = wire.AppendFindNode(nil, wire.NumberedID(c.n), distances)
	d.ask(now, c)
}
