package ropewalk

import (
	"fmt"
	"sync"

	"github.com/ropewalk/ropewalk/enr"
)

// recordsMax bounds the records that are remembered. Our choice: more than the nodes of a
// table, and at most a MiB.
const recordsMax = 1024

// records remembers records that were given to us as text and verified: who asks one node
// many things names it each time, and a signature costs more than the question.
type records struct {
	mu    sync.Mutex
	known map[string]*enr.Record
}

// parse reads a record that a caller gives.
func (k *records) parse(text string) (*enr.Record, error) {
	k.mu.Lock()
	r, ok := k.known[text]
	k.mu.Unlock()
	if ok {
		return r, nil
	}
	r, err := enr.Parse(text)
	if err != nil {
		return nil, badTarget{fmt.Errorf("ropewalk: not a node's record: %w", err)}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= recordsMax {
		clear(k.known)
	}
	if k.known == nil {
		k.known = map[string]*enr.Record{}
	}
	k.known[text] = r
	return r, nil
}
