package store

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// keeper is a Store on two shelves: what is taken, what is counted, and what goes.
type keeper struct {
	c Config

	life   sync.RWMutex // held by every ask; Close waits for them
	closed bool

	cache, durable lane
	order          [2]*lane      // in which an item is looked for
	health         func() health // of the disk; nil in memory

	mu    sync.Mutex // of all below
	books map[string]*book
	share share
	// durableBytes is the sum over all books.
	durableBytes int64
}

// health is what a disk has to say.
type health struct {
	state, damaged error
	quarantined    int
	slow           time.Duration
}

// book is what is known of one network.
type book struct {
	net            content.Network
	idle           bool
	cache, durable tally
	capacity       int64
	radius         content.Distance
	// far bounds what is stored of class Cache: nothing lies beyond it.
	far      content.Distance
	evicting bool // above capacity once, and not yet below softPart
	// freed is what the last step of eviction took, and came what was put since: bytes.
	freed, came int64
	evicted     uint64
}

func newKeeper(c Config, cache, durable shelf) (*keeper, error) {
	k := &keeper{c: c, books: map[string]*book{}, share: newShare()}
	k.cache = lane{k: k, class: content.Cache, shelf: cache}
	k.durable = lane{k: k, class: content.Durable, shelf: durable}
	k.order = [2]*lane{&k.durable, &k.cache}
	if err := k.load(); err != nil {
		return nil, err
	}
	for _, n := range c.Networks {
		if err := k.Add(n); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// load takes over what the shelves say they have.
func (k *keeper) load() error {
	for _, l := range []*lane{&k.cache, &k.durable} {
		tallies, err := l.shelf.tallies()
		if err != nil {
			return err
		}
		for _, t := range tallies {
			b := k.books[t.net]
			if b == nil {
				b = &book{net: content.Network{Name: t.net}, idle: true, far: content.DistanceMax, radius: *k.c.Radius}
				k.books[t.net] = b
			}
			*b.tally(l.class) = t
			if l.class == content.Durable {
				k.durableBytes += t.bytes
			}
		}
	}
	return nil
}

// recount takes over what a lane's shelf says it has, after it was opened anew. It runs
// where the lane's writes run.
func (k *keeper) recount(l *lane) error {
	tallies, err := l.shelf.tallies()
	if err != nil {
		return err
	}
	k.mu.Lock()
	all := make([]*book, 0, len(k.books))
	for _, b := range k.books {
		all = append(all, b)
		now := tally{net: b.net.Name}
		for _, t := range tallies {
			if t.net == now.net {
				now = t
			}
		}
		if l.class == content.Durable {
			k.durableBytes += now.bytes - b.durable.bytes
		}
		*b.tally(l.class) = now
	}
	k.mu.Unlock()
	for _, b := range all {
		if err := k.settle(b); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) tally(c content.Class) *tally {
	if c == content.Durable {
		return &b.durable
	}
	return &b.cache
}

// Add makes room for one more network.
func (k *keeper) Add(n content.Network) error {
	if n.Name == "" || len(n.Name) > NameMax {
		return fmt.Errorf("store: a network's name has 1 to %d bytes: %q", NameMax, n.Name)
	}
	if n.KeyMax == 0 {
		n.KeyMax = content.KeyMaxDefault
	}
	if n.ValueMax == 0 {
		n.ValueMax = content.ValueMaxDefault
	}
	k.life.RLock()
	defer k.life.RUnlock()
	if k.closed {
		return ErrClosed
	}
	k.mu.Lock()
	b := k.books[n.Name]
	if b == nil {
		if len(k.books) == NetworksMax {
			k.mu.Unlock()
			return fmt.Errorf("store: more than %d networks", NetworksMax)
		}
		b = &book{far: content.DistanceMax, radius: *k.c.Radius}
		k.books[n.Name] = b
	}
	b.net, b.idle = n, false
	b.cache.net, b.durable.net = n.Name, n.Name
	all := make([]*book, 0, len(k.books))
	sharing := int64(0)
	for name := range k.books {
		if k.c.Capacities[name] == 0 {
			sharing++
		}
	}
	for name, b := range k.books {
		if b.capacity = k.c.Capacities[name]; b.capacity == 0 {
			b.capacity = k.c.Capacity / sharing
		}
		all = append(all, b)
	}
	k.mu.Unlock()
	return k.cache.do(&wish{run: func() error {
		for _, b := range all {
			if err := k.settle(b); err != nil {
				return err
			}
		}
		return nil
	}})
}

// Do answers an ask.
func (k *keeper) Do(a content.Ask) content.Answer {
	out := content.Answer{Ticket: a.Ticket}
	k.life.RLock()
	defer k.life.RUnlock()
	if k.closed {
		out.Err = ErrClosed
		return out
	}
	k.mu.Lock()
	b := k.books[a.Network]
	if b == nil || b.idle {
		k.mu.Unlock()
		out.Err = fmt.Errorf("%w: %q", ErrNetwork, a.Network)
		return out
	}
	lanes := k.lanes()
	if b.durable.items == 0 {
		lanes = lanes[1:]
	}
	out.Radius = b.radius
	k.mu.Unlock()
	switch a.Verb {
	case content.Get:
		out.Item, out.Err = k.get(a, lanes)
	case content.Has:
		out.Have, out.Err = k.has(a, lanes)
	case content.Put:
		out.Err = k.put(b, a.Item)
	case content.Drop:
		out.Err = k.drop(b, a.IDs)
	case content.Page:
		out.Items, out.Err = k.page(a)
	default:
		out.Err = fmt.Errorf("store: no verb %d", a.Verb)
	}
	if a.Verb == content.Put || a.Verb == content.Drop {
		k.mu.Lock()
		out.Radius = b.radius
		k.mu.Unlock()
	}
	return out
}

// lanes are in the order in which an item is looked for.
func (k *keeper) lanes() []*lane { return k.order[:] }

func (k *keeper) get(a content.Ask, lanes []*lane) (content.Item, error) {
	if len(a.IDs) != 1 {
		return content.Item{}, fmt.Errorf("store: get of %d items", len(a.IDs))
	}
	at := content.Between(k.c.Self, a.IDs[0])
	for _, l := range lanes {
		item, ok, err := l.shelf.get(a.Network, at)
		if err != nil {
			return content.Item{}, err
		}
		if ok {
			item.ID, item.Class = a.IDs[0], l.class
			return item, nil
		}
	}
	return content.Item{}, content.ErrNotFound
}

func (k *keeper) has(a content.Ask, lanes []*lane) ([]bool, error) {
	have := make([]bool, len(a.IDs))
	for i, who := range a.IDs {
		at := content.Between(k.c.Self, who)
		for _, l := range lanes {
			cost, err := l.shelf.cost(a.Network, at)
			if err != nil {
				return nil, err
			}
			if cost > 0 {
				have[i] = true
				break
			}
		}
	}
	return have, nil
}

// page merges the two shelves; what is on both is durable.
func (k *keeper) page(a content.Ask) ([]content.Item, error) {
	limit := a.Limit
	if limit <= 0 || limit > PageMax {
		limit = PageMax
	}
	var after *content.Distance
	if len(a.IDs) > 0 {
		at := content.Between(k.c.Self, a.IDs[0])
		after = &at
	}
	type found struct {
		placed
		class content.Class
	}
	var all []found
	for _, l := range k.lanes() {
		ps, err := l.shelf.page(a.Network, after, limit)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			all = append(all, found{p, l.class})
		}
	}
	slices.SortStableFunc(all, func(x, y found) int { return x.at.Cmp(y.at) })
	all = slices.CompactFunc(all, func(x, y found) bool { return x.at == y.at })
	all = all[:min(limit, len(all))]
	items := make([]content.Item, len(all))
	for i, f := range all {
		items[i] = content.Item{ID: idAt(k.c.Self, f.at), Key: f.key, Class: f.class, Size: f.cost - costOf(len(f.key), 0)}
	}
	return items, nil
}

// idAt is the point at a distance from self.
func idAt(self id.ID, at content.Distance) id.ID { return id.ID(content.Between(self, id.ID(at))) }

// Stats says what is in the store.
func (k *keeper) Stats() Stats {
	var s Stats
	if k.health != nil {
		h := k.health()
		s.State, s.Damaged, s.Quarantined, s.SyncSlow = h.state, h.damaged, h.quarantined, h.slow
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s.Durable, s.DurableMax = k.durableBytes, k.c.Durable
	for _, b := range k.books {
		s.Networks = append(s.Networks, NetworkStats{
			Name: b.net.Name, Bytes: b.cache.bytes, Items: b.cache.items,
			DurableBytes: b.durable.bytes, DurableItems: b.durable.items,
			Capacity: b.capacity, Radius: b.radius, Evicted: b.evicted, Idle: b.idle,
		})
	}
	slices.SortFunc(s.Networks, func(x, y NetworkStats) int { return cmp.Compare(x.Name, y.Name) })
	return s
}

// Close ends the store.
func (k *keeper) Close() error {
	k.life.Lock()
	defer k.life.Unlock()
	if k.closed {
		return nil
	}
	k.closed = true
	return cmp.Or(k.durable.shelf.close(), k.cache.shelf.close())
}
