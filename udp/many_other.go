//go:build !linux

package udp

import "syscall"

// many is what reads and writes many datagrams in a call: nothing, here.
type many struct{}

// slots is what a batch keeps for it.
type slots struct{}

func newMany(*Socket, syscall.RawConn) *many { return nil }

func (*many) means() (joins, cuts bool)   { return false, false }
func (*many) furnish(*Batch)              {}
func (*many) read(*Batch) error           { return nil }
func (*many) write([]Packet) (int, error) { return 0, nil }
