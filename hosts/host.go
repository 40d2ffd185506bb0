package hosts

import (
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Host is one host as the book shows it: a copy, whose slices must not be changed.
type Host struct {
	ID     id.ID
	Record *enr.Record // nil when only an address is known
	Addrs  []link.Addr // dialable, in the order of preference; at most addrsMax
	Colour Colour
	// LastSeen and LastTried are our own observations; zero means never.
	LastSeen, LastTried time.Time
	// RetryAt is the moment before which it should not be dialled.
	RetryAt time.Time
	Fails   int    // failed dials in a row
	Tries   int    // dials so far, for Book.Addr
	Source  string // network group of who told us first; empty when local or ourselves
	// Ever: we had a link with it at an address it names, so that it may be
	// shared. Reached: we dialled it with success, so that hearsay cannot
	// displace it.
	Ever, Reached bool
	// Proven is when we first reached it, by our own clock; zero means never.
	Proven time.Time
	// Anchor: it is dialled first after a restart, see Anchors.
	Anchor bool
}

// entry is a host in its place. Owner: Book.
type entry struct {
	Host
	observed []link.Addr // where we reached it, newest first
	group    string      // network group of the first address; its place in the list
	ip       netip.Addr  // of the first address; invalid without limits
	failing  time.Time   // when the failures in a row began
	delays   int         // doublings of the redial delay
	strikes  int         // unclean exits in a row at which it was an anchor
	spared   int         // the same of the delay while we are off the network
	untried  bool        // counts in Book.Untried
	counted  bool        // stands in the quotas of its source and its IP

	// Where it stands. Owner: Book.
	spot   int    // in its list
	crowd  *crowd // in a pool, at seat; nil while it rests or is not dialled
	seat   int
	wakes  time.Time // when its rest ended or ends
	bed    int       // in resting, from 1; 0 when not
	bucket *bucket   // at cell; nil when places are not competed for
	cell   int
}

// addresses works out where a host can be dialled: what its record names, then
// where it was seen. dark is set when we have no link kind for any of them; err
// when the filter or a ban leaves none.
func (b *Book) addresses(now time.Time, r *enr.Record, observed []link.Addr) (out []link.Addr, dark bool, err error) {
	var all []link.Addr
	if r != nil {
		if rope, ok := r.Rope(); ok && b.cfg.Network != "" && rope.Network != enr.NetworkTag(b.cfg.Network) {
			return nil, false, ErrNetwork
		}
		all = link.RecordAddrs(r)
	}
	err = ErrAddress
	var odd []link.Addr // allowed, but not for us to dial
	for _, a := range append(all, observed...) {
		why := b.filter.placed(a)
		if why == nil && a.IP().IsValid() && b.bans.has(now, OfIP(a.IP())) {
			why = ErrBanned
		}
		switch {
		case why != nil:
			err = why
		case slices.Contains(out, a) || slices.Contains(odd, a):
		case b.filter.Dialable(a):
			out = append(out, a)
		default:
			odd = append(odd, a)
		}
	}
	if len(out) == 0 {
		out, dark = odd, true
	}
	if len(out) == 0 {
		return nil, false, err
	}
	slices.SortStableFunc(out, func(x, y link.Addr) int { return rank(x, b.cfg.Localnet) - rank(y, b.cfg.Localnet) })
	return out[:min(len(out), addrsMax)], dark, nil
}

// rank orders the addresses of a host. RLPx comes last: a libp2p link has a stream for
// each protocol, crosses NATs and hides what it carries. In a local network QUIC comes
// after TCP: there a TCP connection to a process that was killed is reset at once,
// while one over QUIC looks alive until its heartbeat is missed, and its help with NATs
// is not needed.
func rank(a link.Addr, localnet bool) int {
	switch {
	case a.Kind() == link.RLPx:
		return 2
	case localnet && a.IsQUIC():
		return 1
	}
	return 0
}

// observe adds an address where the host was reached; it reports a change.
func (e *entry) observe(a link.Addr) bool {
	if a.IsZero() || slices.Contains(e.observed, a) {
		return false
	}
	e.observed = append([]link.Addr{a}, e.observed...)
	e.observed = e.observed[:min(len(e.observed), observedMax)]
	return true
}

// proved notes that we reached the host.
func (e *entry) proved(now time.Time) {
	e.Reached = true
	if e.Proven.IsZero() {
		e.Proven = now
	}
}

// setAddrs installs addresses. The entry must not stand in a list meanwhile.
func (e *entry) setAddrs(addrs []link.Addr, localnet bool) {
	e.Addrs, e.group, e.ip = addrs, "", netip.Addr{}
	if len(addrs) == 0 || localnet || addrs[0].IsLoopback() {
		return
	}
	e.group, e.ip = addrs[0].Group(), addrs[0].IP()
}

// newer tells whether a record replaces another.
func newer(r, old *enr.Record) bool {
	return r != nil && (old == nil || r.Seq() > old.Seq())
}
