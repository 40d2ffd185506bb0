package kad

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// How says how we came to know a node.
type How uint8

const (
	// Told is of who wrote to us, or was named without our asking.
	Told How = iota
	// Found is of our own searches, bootnodes, saved nodes, and those the user names.
	Found
)

// Entry is what the table knows of a node.
type Entry struct {
	Record *enr.Record
	How    How
	// Live nodes have answered and not failed since, but once perhaps.
	Live bool
	// Cached nodes wait for a place in their bucket: no search or answer names them.
	Cached bool
	Added  time.Time
	// Seen is when it last answered, Checked when Due last named it; zero: never.
	Seen, Checked time.Time
	Fails         int // checks and questions in a row without an answer
	RTT           time.Duration
}

// entry is a node in the table. Owner: Table.
type entry struct {
	id      id.ID
	record  *enr.Record
	how     How
	proven  bool // has answered at its present endpoint
	cached  bool
	bucket  int
	fails   int
	credit  int
	rtt     time.Duration
	added   time.Time
	seen    time.Time
	checked time.Time
	fetched time.Time
	due     time.Time // not to be checked before
	where   places
}

func (e *entry) live() bool { return e.proven && e.fails < staleFails }

// settled tells whether the long pause is good enough.
func (e *entry) settled() bool { return e.proven && e.fails == 0 }

func (e *entry) public() Entry {
	return Entry{
		Record: e.record, How: e.how, Live: e.live() && !e.cached, Cached: e.cached,
		Added: e.added, Seen: e.seen, Checked: e.checked, Fails: e.fails, RTT: e.rtt,
	}
}

// Endpoint is where a record says that its node hears discv5: over IPv4 if it can,
// else over IPv6. It is invalid when the record names none.
func Endpoint(r *enr.Record) netip.AddrPort {
	if at := endpoint(r, false); at.IsValid() {
		return at
	}
	return endpoint(r, true)
}

func endpoint(r *enr.Record, v6 bool) netip.AddrPort {
	ip := r.IP()
	if v6 {
		ip = r.IP6()
	}
	if port := r.UDP(v6); ip.IsValid() && port != 0 {
		return netip.AddrPortFrom(ip, port)
	}
	return netip.AddrPort{}
}

// moved tells whether a newer record names other endpoints.
func moved(old, now *enr.Record) bool {
	return endpoint(old, false) != endpoint(now, false) || endpoint(old, true) != endpoint(now, true)
}
