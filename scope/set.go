package scope

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ropewalk/ropewalk/id"
)

// ErrLimit is why something is not given.
var ErrLimit = errors.New("scope: limit reached")

// The scopes, and the session of links that are not judged yet.
const (
	System    = "system"
	Session   = "session"
	Peer      = "peer"
	Protocol  = "protocol"
	Transient = "transient"
)

// Set is the scopes of one node. Its methods may be called by any goroutine.
type Set struct {
	limits Limits

	mu        sync.Mutex
	system    *counter
	sessions  map[string]*counter
	peers     map[id.ID]*counter
	protocols map[string]*counter
}

// counter is one scope. Its fields but tight are under Set.mu.
type counter struct {
	scope, name string
	used, limit Cost
	refused     uint64
	holders     int         // links and shares that stand in it
	tight       atomic.Bool // its bytes are used up
}

// New makes scopes that hold nothing.
func New(l Limits) *Set {
	return &Set{
		limits: l, system: &counter{scope: System, limit: l.System}, sessions: map[string]*counter{},
		peers: map[id.ID]*counter{}, protocols: map[string]*counter{},
	}
}

func (s *Set) session(name string) *counter {
	c, ok := s.sessions[name]
	if !ok {
		limit, named := s.limits.Session[name]
		if !named {
			limit = s.limits.System
		}
		c = &counter{scope: Session, name: name, limit: limit}
		s.sessions[name] = c
	}
	return c
}

// enter finds or makes a counter that goes when nobody stands in it any more.
func enter[K comparable](in map[K]*counter, k K, scope, name string, limit Cost) *counter {
	c, ok := in[k]
	if !ok {
		c = &counter{scope: scope, name: name, limit: limit}
		in[k] = c
	}
	c.holders++
	return c
}

func leave[K comparable](in map[K]*counter, k K) {
	if c := in[k]; c != nil {
		if c.holders--; c.holders == 0 {
			delete(in, k)
		}
	}
}

// take adds a cost to all scopes, or to none and says which one has no more.
func take(all []*counter, more Cost) error {
	for _, c := range all {
		if what := c.used.Plus(more).within(c.limit, more); what != "" {
			c.refused++
			return &Error{Scope: c.scope, Name: c.name, What: what}
		}
	}
	add(all, more)
	return nil
}

func add(all []*counter, more Cost) {
	for _, c := range all {
		c.used = c.used.Plus(more)
		c.tight.Store(c.limit.Bytes > 0 && c.used.Bytes >= c.limit.Bytes)
	}
}

// Row is one scope as shown to people.
type Row struct {
	Scope   string `json:"scope"`
	Name    string `json:"name,omitempty"` // of the session or protocol, or the peer's ID
	Used    Cost   `json:"used"`
	Limit   Cost   `json:"limit"`   // 0: none
	Refused uint64 `json:"refused"` // takes that were refused
}

// Report shows every scope: the system, the sessions, the protocols and the peers,
// each kind by name.
func (s *Set) Report() []Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Row{s.system.row()}
	for _, kind := range [...][]Row{rows(s.sessions), rows(s.protocols), rows(s.peers)} {
		slices.SortFunc(kind, func(a, b Row) int { return strings.Compare(a.Name, b.Name) })
		out = append(out, kind...)
	}
	return out
}

func rows[K comparable](in map[K]*counter) []Row {
	out := make([]Row, 0, len(in))
	for _, c := range in {
		out = append(out, c.row())
	}
	return out
}

func (c *counter) row() Row {
	return Row{Scope: c.scope, Name: c.name, Used: c.used, Limit: c.limit, Refused: c.refused}
}
