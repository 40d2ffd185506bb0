package peer

import (
	"fmt"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Config sets up a Table. Only Self and Protocols are needed.
type Config struct {
	// Self is our own identity; a link to it is refused.
	Self id.ID
	// Protocols is the node's protocol table; a lane is an index into it. At most
	// link.LanesMax.
	Protocols []link.Protocol
	// QueueMsgs and QueueBytes bound what waits for one peer; 0 means 512 messages
	// and 8 MiB. One lane may fill three quarters of each.
	QueueMsgs  int
	QueueBytes int
	// TotalBytes bounds what waits for all peers together; 0 means 256 MiB.
	TotalBytes int
	// BulkLinks bounds how many links write a bulk message on a bare lane at one
	// time; 0 means 2, -1 means any number.
	BulkLinks int
	// Private is the first of the lanes whose queues have bounds of their own (512
	// messages and 2 MiB each) and count for none but TotalBytes: those of the
	// library's user, who cannot fill each other's. 0 means there is none.
	Private link.Lane
	// PeersMax bounds the table; 0 means 8192.
	PeersMax int
	// Trace receives events; nil means nobody listens.
	Trace trace.Func
}

func (c *Config) fill() {
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	set(&c.QueueMsgs, queueMsgsDefault)
	set(&c.QueueBytes, queueBytesDefault)
	set(&c.TotalBytes, totalBytesDefault)
	set(&c.BulkLinks, bulkLinksDefault)
	set(&c.PeersMax, peersMaxDefault)
}

// Validate names the field that cannot be used and what it may be.
func (c Config) Validate() error {
	if len(c.Protocols) > link.LanesMax {
		return fmt.Errorf("peer: Protocols has %d entries, at most %d are possible", len(c.Protocols), link.LanesMax)
	}
	for _, f := range []struct {
		name string
		v    int
	}{{"QueueMsgs", c.QueueMsgs}, {"QueueBytes", c.QueueBytes}, {"TotalBytes", c.TotalBytes}, {"PeersMax", c.PeersMax}} {
		if f.v < 0 {
			return fmt.Errorf("peer: %s is %d, want 0 (default) or more", f.name, f.v)
		}
	}
	if c.BulkLinks < -1 {
		return fmt.Errorf("peer: BulkLinks is %d, want -1 (any number), 0 (default) or more", c.BulkLinks)
	}
	return nil
}

// laneMsgsMax and laneBytesMax are one lane's share of the peer's bounds.
func (c *Config) laneMsgsMax() int  { return max(1, c.QueueMsgs/4*laneShare) }
func (c *Config) laneBytesMax() int { return max(1, c.QueueBytes/4*laneShare) }

// private tells whether a lane has bounds of its own.
func (c *Config) private(ln link.Lane) bool { return c.Private > 0 && ln >= c.Private }

// laneBounds are what one lane's queue may hold.
func (c *Config) laneBounds(ln link.Lane) (msgs, bytes int) {
	if c.private(ln) {
		return privateMsgsMax, privateBytesMax
	}
	return c.laneMsgsMax(), c.laneBytesMax()
}
