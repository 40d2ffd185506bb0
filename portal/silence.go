package portal

import (
	"time"

	"github.com/ropewalk/ropewalk/enr"
)

// slowAfter is how long a node may take to answer before others are turned to beside it:
// some of its round trips, as far as they are known.
func (p *peer) slowAfter() time.Duration {
	if p.rtt == 0 {
		return slowUnknown
	}
	return min(max(slowLeast, slowRTTs*p.rtt), slowUnknown)
}

// slow notes that a node has not answered for that long. It may be dead, and is turned to
// after others until it is heard again.
func (o *Overlay) slow(now time.Time, c *call) {
	o.peer(c.to.ID(), nil).silent = true
	if c.slow != nil {
		c.slow(now)
	}
}

// silent tells whether a node did not answer when it was last asked.
func (o *Overlay) silent(r *enr.Record) bool {
	p := o.known(r.ID())
	return p != nil && p.silent
}
