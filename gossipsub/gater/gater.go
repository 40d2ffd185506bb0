package gater

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// Gater keeps the record of addresses. One goroutine owns it.
type Gater struct{}

// Config of a Gater; the zero value takes the defaults.
type Config struct{}

// New checks the configuration; an error names the field.
func New(cfg Config, rng *rand.Rand) (*Gater, error) { return &Gater{}, nil }

// Outcome is what became of a message.
type Outcome uint8

const (
	// Delivered messages were new and accepted.
	Delivered Outcome = iota
	// Duplicate messages were known.
	Duplicate
	// Ignored messages were dropped without blame.
	Ignored
	// Rejected messages were invalid.
	Rejected
)

// Source is the record of one address.
type Source struct{}

// Up counts a connection of an address and gives its record.
func (g *Gater) Up(now time.Time, ip netip.Addr) *Source { return &Source{} }

// Down ends a connection; the record outlives it.
func (g *Gater) Down(now time.Time, s *Source) {}

// Checked counts messages that went into checking.
func (g *Gater) Checked(now time.Time) {}

// Throttled counts messages that found no room in checking.
func (g *Gater) Throttled(now time.Time) {}

// Count records what became of a message of s. weight is the topic's.
func (g *Gater) Count(now time.Time, s *Source, o Outcome, weight float64) {}

// Admit tells whether messages of s may come in now; control always may.
func (g *Gater) Admit(now time.Time, s *Source) bool { return true }
