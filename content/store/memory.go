package store

import (
	"bytes"
	"slices"
	"sync"

	"github.com/ropewalk/ropewalk/content"
)

// NewMemory makes a store that forgets everything when it is closed. It has no goroutine,
// and reads no clock but Config.Now, so that a simulation with it repeats. It fails as Add
// does.
func NewMemory(c Config) (Store, error) {
	c.fill()
	return newKeeper(c, &memory{}, &memory{})
}

// memory is a shelf in memory.
type memory struct {
	mu   sync.RWMutex
	rows map[string]*row
}

// boardMax bounds a board of a row: what one put moves at most.
const boardMax = 256

// row holds one network's items in order of distance, on boards of at most boardMax.
type row struct {
	boards []board
}

type board []held

// held is one item.
type held struct {
	at         content.Distance
	key, value []byte
}

func (h held) cost() int64 { return costOf(len(h.key), len(h.value)) }

// find is the board where a distance belongs, its place on it, and whether it is there.
func (r *row) find(at content.Distance) (b, i int, ok bool) {
	b, _ = slices.BinarySearchFunc(r.boards, at, func(b board, at content.Distance) int {
		return b[len(b)-1].at.Cmp(at)
	})
	if b == len(r.boards) {
		if b == 0 {
			return 0, 0, false
		}
		return b - 1, len(r.boards[b-1]), false
	}
	i, ok = slices.BinarySearchFunc(r.boards[b], at, func(h held, at content.Distance) int { return h.at.Cmp(at) })
	return b, i, ok
}

func (r *row) put(h held) {
	b, i, ok := r.find(h.at)
	switch {
	case ok:
		r.boards[b][i] = h
		return
	case len(r.boards) == 0:
		r.boards = append(r.boards, board{h})
		return
	}
	r.boards[b] = slices.Insert(r.boards[b], i, h)
	if full := r.boards[b]; len(full) > boardMax {
		half := slices.Clone(full[boardMax/2:])
		clear(full[boardMax/2:])
		r.boards[b] = full[:boardMax/2]
		r.boards = slices.Insert(r.boards, b+1, half)
	}
}

// drop takes out what lies between two distances, both included.
func (r *row) drop(at, to content.Distance) {
	for b := 0; b < len(r.boards); {
		now := r.boards[b]
		if now[len(now)-1].at.Cmp(at) >= 0 && now[0].at.Cmp(to) <= 0 {
			now = slices.DeleteFunc(now, func(h held) bool { return h.at.Cmp(at) >= 0 && h.at.Cmp(to) <= 0 })
			if len(now) == 0 {
				r.boards = slices.Delete(r.boards, b, b+1)
				continue
			}
			r.boards[b] = now
		}
		b++
	}
}

func (m *memory) cost(net string, at content.Distance) (int64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if r := m.rows[net]; r != nil {
		if b, i, ok := r.find(at); ok {
			return r.boards[b][i].cost(), nil
		}
	}
	return 0, nil
}

func (m *memory) get(net string, at content.Distance) (content.Item, bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if r := m.rows[net]; r != nil {
		if b, i, ok := r.find(at); ok {
			h := r.boards[b][i]
			return content.Item{Key: h.key, Value: h.value}, true, nil // nobody changes them
		}
	}
	return content.Item{}, false, nil
}

func (m *memory) far(net string, from content.Distance, n int) ([]placed, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.rows[net]
	if r == nil || len(r.boards) == 0 {
		return nil, nil
	}
	b, i, ok := r.find(from)
	if ok {
		i++
	}
	var out []placed
	for ; b >= 0 && len(out) < n; b-- {
		for i--; i >= 0 && len(out) < n; i-- {
			h := r.boards[b][i]
			out = append(out, placed{at: h.at, cost: h.cost()})
		}
		if b > 0 {
			i = len(r.boards[b-1])
		}
	}
	return out, nil
}

func (m *memory) page(net string, after *content.Distance, n int) ([]placed, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.rows[net]
	if r == nil || len(r.boards) == 0 {
		return nil, nil
	}
	b, i := 0, 0
	if after != nil {
		var ok bool
		if b, i, ok = r.find(*after); ok {
			i++
		}
	}
	var out []placed
	for ; b < len(r.boards) && len(out) < n; b, i = b+1, 0 {
		for ; i < len(r.boards[b]) && len(out) < n; i++ {
			h := r.boards[b][i]
			out = append(out, placed{at: h.at, cost: h.cost(), key: h.key})
		}
	}
	return out, nil
}

func (m *memory) write(changes []change, _ []tally, _ bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[string]*row{}
	}
	for _, c := range changes {
		r := m.rows[c.net]
		if r == nil {
			r = &row{}
			m.rows[c.net] = r
		}
		if c.drop {
			r.drop(c.at, c.to)
		} else {
			r.put(held{at: c.at, key: bytes.Clone(c.key), value: bytes.Clone(c.value)})
		}
	}
	return nil
}

func (m *memory) tallies() ([]tally, error) { return nil, nil }

func (m *memory) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = nil
	return nil
}
