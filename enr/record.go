// Package enr holds signed node records.
package enr

import (
	"net/netip"

	"github.com/ropewalk/ropewalk/id"
)

// Record is a node record.
type Record struct {
	seq uint64
	pub id.Public
}

// Rope is Ropewalk's own entry, key "rw".
type Rope struct{ TCP, QUIC uint16 }

func (r *Record) Public() id.Public  { return r.pub }
func (r *Record) Rope() (Rope, bool) { return Rope{}, false }
func (r *Record) IP() netip.Addr     { return netip.Addr{} }
func (r *Record) IP6() netip.Addr    { return netip.Addr{} }
func (r *Record) TCP(v6 bool) uint16 { return 0 }
