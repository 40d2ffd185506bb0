package portal

import (
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// negotiate is what we speak with a node, as its record says. peer keeps it until a newer
// record comes.
func negotiate(r *enr.Record, chain uint64) (version uint8, speaks bool) {
	v, err := wire.Negotiate(r, chain)
	return v, err == nil
}
