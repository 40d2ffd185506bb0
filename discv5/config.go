package discv5

import (
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Config needs Key, Record and Seed; the rest is useful when zero.
type Config struct {
	Key    *id.Key
	Record *enr.Record
	// Seed is 32 secret bytes, drawn from a secure source for this machine alone: its
	// nonces and ephemeral keys come from them. In a simulation they are part of the seed.
	Seed [32]byte
	// Localnet lets private and loopback addresses take part like public ones.
	Localnet bool
	// Restrict, when not empty, are the only networks we have to do with.
	Restrict link.Restriction
	// Bootnodes are asked first, and whenever the table is empty.
	Bootnodes []*enr.Record
	// Known are nodes of an earlier run, see Nodes.
	Known []*enr.Record
	// Sessions bounds the sessions that are kept; 0 means 8192.
	Sessions int
	// Plain leaves out encryption and signatures, for simulations of many nodes.
	Plain bool
	// Verify checks a record's signature, in a job. Nil means its own Verify. A simulator
	// that meets one record a thousand times may remember it here.
	Verify func(*enr.Record) (*enr.Record, error)
	Trace  trace.Func
}

func (c *Config) fill() error {
	switch {
	case c.Key == nil || c.Record == nil:
		return fmt.Errorf("%w: no key or no record", ErrConfig)
	case c.Record.ID() != c.Key.ID():
		return fmt.Errorf("%w: the record is not of the key", ErrConfig)
	case c.Seed == [32]byte{}:
		return fmt.Errorf("%w: no seed", ErrConfig)
	}
	if c.Sessions <= 0 {
		c.Sessions = sessionsMax
	}
	if c.Verify == nil {
		c.Verify = func(r *enr.Record) (*enr.Record, error) {
			if r == nil {
				return nil, errors.New("discv5: no record")
			}
			return r, r.Verify()
		}
	}
	return nil
}
