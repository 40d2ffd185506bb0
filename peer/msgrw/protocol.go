package msgrw

import (
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// ErrProtocol is wrapped by what Check and Node.Handle find wrong with a Protocol.
var ErrProtocol = errors.New("msgrw: bad protocol")

// Protocol is one protocol of the library's user.
type Protocol struct {
	// Name and Version name the protocol to peers: [a-z0-9]{1,8}. Of several versions
	// of a name that both ends have, the highest runs.
	Name    string
	Version uint
	// Length is the number of message codes, from 0. Both ends must mean the same.
	Length uint64
	// Run is called in a goroutine of its own for each peer that has the protocol. The
	// package comment says what its result and its panics mean.
	Run func(*Peer, MsgReadWriter) error
	// NodeInfo, if not nil, describes the protocol to who asks what the node is.
	NodeInfo func() any
	// PeerInfo, if not nil, describes a peer as the protocol sees it.
	PeerInfo func(id.ID) any
	// Attributes are entries of the node's record, for others to find the node by.
	Attributes []enr.Pair
	Limits     Limits
}

// Limits of a protocol.
type Limits struct {
	// PayloadBytes bounds one payload, both ways; 0 means 1 MiB, at most 16 MiB - 1.
	PayloadBytes int
	// Overflow says what happens to a peer that sends faster than Run reads.
	Overflow Overflow
}

// Overflow is what happens when an inbound queue is full.
type Overflow uint8

// What there is. The package comment tells them apart.
const (
	Disconnect Overflow = iota
	Drop
	Block
)

func (o Overflow) String() string {
	names := [...]string{"disconnect", "drop", "block"}
	if int(o) < len(names) {
		return names[o]
	}
	return "unknown"
}

// Cap is a protocol as peers name it.
type Cap struct {
	Name    string
	Version uint
}

func (c Cap) String() string { return fmt.Sprintf("%s/%d", c.Name, c.Version) }

// Cap is how peers name the protocol.
func (p Protocol) Cap() Cap { return Cap{p.Name, p.Version} }

// Link is the protocol as links know it.
func (p Protocol) Link() link.Protocol {
	return link.Protocol{Name: p.Name, Version: p.Version, Length: p.Length, BytesMax: p.payloadBytes()}
}

func (p Protocol) payloadBytes() int {
	if p.Limits.PayloadBytes == 0 {
		return link.DefaultBytesMax
	}
	return p.Limits.PayloadBytes
}

// Check tells whether a protocol can stand beside those of a table. The error wraps
// ErrProtocol.
func (p Protocol) Check(table []link.Protocol) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w %.16q/%d: %s", ErrProtocol, p.Name, p.Version, fmt.Sprintf(format, args...))
	}
	switch {
	case !validName(p.Name):
		return bad("want a name of 1 to %d of a-z and 0-9", nameBytesMax)
	case p.Name == "p2p":
		return bad("the name is the base protocol's")
	case p.Run == nil:
		return bad("want Run")
	case p.Limits.PayloadBytes < 0 || p.Limits.PayloadBytes > payloadBytesMax:
		return bad("Limits.PayloadBytes is %d, want 0 (1 MiB) to %d", p.Limits.PayloadBytes, payloadBytesMax)
	case p.Limits.Overflow > Block:
		return bad("Limits.Overflow is %d, want Disconnect, Drop or Block", p.Limits.Overflow)
	case len(table) >= link.LanesMax:
		return bad("there are %d protocols already", len(table))
	}
	for _, other := range table {
		if other.Name == p.Name && other.Version == p.Version {
			return bad("there is one already")
		}
	}
	if codes := codesOf(append(table[:len(table):len(table)], p.Link())); codes > codesMax {
		return bad("a link has %d codes for all its protocols, this one makes it %d", codesMax, codes)
	}
	return nil
}

func validName(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(s) > 0 && len(s) <= nameBytesMax
}

// codesOf is how many codes the protocols of a table take on one link at most: the
// longest version of each name. It stops counting above codesMax.
func codesOf(table []link.Protocol) (sum uint64) {
	for i, p := range table {
		longest := true
		for j, q := range table {
			if q.Name == p.Name && (q.Length > p.Length || q.Length == p.Length && j < i) {
				longest = false
			}
		}
		if longest {
			sum = min(sum+min(p.Length, codesMax+1), 1<<20)
		}
	}
	return sum
}
