package hosts

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
)

// knocks remembers when an IP address was last dialled. Peers of strange networks are
// known by addresses alone, and anybody can sign a list of somebody else's, one per
// key, and keys are free: the limit is the address's, not the host's. Owner: Book.
type knocks struct {
	at ordered.Map[netip.Addr, time.Time]
}

// Dialled notes that a dial begins at an address. Hosts without a record that we never
// reached and that name the same IP address rest for knockEvery. Loopback and local
// networks have no such rest.
func (b *Book) Dialled(now time.Time, a link.Addr) {
	ip := a.IP()
	if b.cfg.Localnet || !ip.IsValid() || ip.IsLoopback() {
		return
	}
	if !b.knocks.at.Has(ip) && b.knocks.at.Len() >= knocksMax {
		b.knocks.sweep(now)
	}
	if b.knocks.at.Has(ip) || b.knocks.at.Len() < knocksMax {
		b.knocks.at.Put(ip, now)
	}
}

// rested is the moment from which a host may be dialled as far as its failures and
// the knocks at its address go.
func (b *Book) rested(e *entry) time.Time {
	at := b.static(e)
	next, _ := b.Addr(e.Host, e.Tries)
	if e.Reached || e.Record != nil || b.knocks.at.Len() == 0 || len(e.Addrs) == 0 {
		return at
	}
	if last, ok := b.knocks.at.Get(next.IP()); ok && last.Add(knockEvery).After(at) {
		at = last.Add(knockEvery)
	}
	return at
}

// static is rested without the knocks, which other hosts make.
func (b *Book) static(e *entry) time.Time {
	next, _ := b.Addr(e.Host, e.Tries)
	return later(e.RetryAt, Throttled(e.LastTried, next, b.cfg.Localnet))
}

// Throttled is the moment before which a host that was tried should not be dialled at
// the address, for its listener would turn us away; zero when there is none. Local
// networks have no such throttle.
func Throttled(tried time.Time, a link.Addr, localnet bool) time.Time {
	if tried.IsZero() || a.Kind() != link.RLPx || localnet || a.IsLocal() {
		return time.Time{}
	}
	return tried.Add(RLPxEvery)
}

// sweep forgets the knocks that bind nobody any more.
func (k *knocks) sweep(now time.Time) {
	for i := 0; i < k.at.Len(); {
		if ip, at := k.at.At(i); now.Sub(at) >= knockEvery {
			k.at.Delete(ip)
		} else {
			i++
		}
	}
}
