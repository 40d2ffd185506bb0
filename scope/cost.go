package scope

import "fmt"

// Cost is an amount of what is counted, and as a limit the most of it: there 0 is no
// limit.
type Cost struct {
	Conns      int   `json:"conns"`
	Streams    int   `json:"streams"`
	Goroutines int   `json:"goroutines"`
	Bytes      int64 `json:"bytes"`
}

// IsZero tells whether it is nothing.
func (c Cost) IsZero() bool { return c == Cost{} }

// Plus is the sum.
func (c Cost) Plus(d Cost) Cost {
	return Cost{c.Conns + d.Conns, c.Streams + d.Streams, c.Goroutines + d.Goroutines, c.Bytes + d.Bytes}
}

// Minus is the difference.
func (c Cost) Minus(d Cost) Cost {
	return Cost{c.Conns - d.Conns, c.Streams - d.Streams, c.Goroutines - d.Goroutines, c.Bytes - d.Bytes}
}

// within names what of the cost is above a limit; empty when nothing is. Only what
// more has of is looked at: a scope that is above its limit in one thing still gives
// others.
func (c Cost) within(limit, more Cost) string {
	for _, f := range [...]struct {
		name            string
		has, most, more int64
	}{
		{"connections", int64(c.Conns), int64(limit.Conns), int64(more.Conns)},
		{"streams", int64(c.Streams), int64(limit.Streams), int64(more.Streams)},
		{"goroutines", int64(c.Goroutines), int64(limit.Goroutines), int64(more.Goroutines)},
		{"bytes", c.Bytes, limit.Bytes, more.Bytes},
	} {
		if f.most > 0 && f.more > 0 && f.has > f.most {
			return fmt.Sprintf("%s, %d of %d", f.name, f.has-f.more, f.most)
		}
	}
	return ""
}

// Limits are the most that each scope may hold.
type Limits struct {
	System   Cost
	Session  map[string]Cost // by session; one that is not named has the system's
	Peer     Cost            // of each
	Protocol Cost            // of each
}

// Error says which scope has no more to give. It wraps ErrLimit.
type Error struct {
	Scope, Name string
	What        string // of what, and how much is used
}

func (e *Error) Error() string {
	at := e.Scope
	if e.Name != "" {
		at += " " + e.Name
	}
	return "scope: no more for " + at + ": " + e.What
}

// Unwrap is ErrLimit.
func (e *Error) Unwrap() error { return ErrLimit }
