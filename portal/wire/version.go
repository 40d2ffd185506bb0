package wire

import (
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// Keys of a record's entries.
const (
	keyPortal   = "p"  // version 2: [lowest version, highest version, chain]
	keyVersions = "pv" // versions 0 and 1: SSZ List[uint8, 8]
)

// Errors of Negotiate.
var (
	ErrVersion = errors.New("portal: no version in common")
	ErrChain   = errors.New("portal: a node of another chain")
)

// Entries are what our record says, to clients of every version.
func Entries(chain uint64) []enr.Pair {
	list := rlp.AppendUint(rlp.AppendUint(nil, VersionMin), VersionMax)
	return []enr.Pair{
		{Key: keyPortal, Value: rlp.AppendList(nil, rlp.AppendUint(list, chain))},
		{Key: keyVersions, Value: rlp.AppendBytes(nil, []byte{0, 1})},
	}
}

// Support is what a record says of its node: a range (Min to Max) or, from clients of
// version 0 and 1, single versions.
type Support struct {
	versions [VersionMax + 1]bool // of ours
	Chain    uint64
}

// SupportOf reads a record. One that says nothing supports version 0 on mainnet.
func SupportOf(r *enr.Record) (Support, error) {
	if v, ok := r.Get(keyPortal); ok {
		return supportOfRange(v)
	}
	if v, ok := r.Get(keyVersions); ok {
		return supportOfList(v)
	}
	s := Support{Chain: Mainnet}
	s.versions[0] = true
	return s, nil
}

// supportOfRange reads "p". Items behind the third are for later ("allow us to add more
// items at the end").
func supportOfRange(value []byte) (s Support, err error) {
	items, err := rlp.NewList(value)
	if err != nil {
		return s, fmt.Errorf("%w: entry p: %w", ErrMalformed, err)
	}
	var v [3]uint64
	for i := range v {
		if v[i], err = items.Uint64(); err != nil {
			return s, fmt.Errorf("%w: entry p: %w", ErrMalformed, err)
		}
	}
	if v[0] > v[1] {
		return s, fmt.Errorf("%w: entry p: versions %d to %d", ErrMalformed, v[0], v[1])
	}
	s.Chain = v[2]
	for i := range s.versions {
		s.versions[i] = v[0] <= uint64(i) && uint64(i) <= v[1]
	}
	return s, nil
}

// supportOfList reads "pv".
func supportOfList(value []byte) (s Support, err error) {
	items := rlp.NewItems(value)
	list, err := items.Bytes()
	switch {
	case err != nil:
		return s, fmt.Errorf("%w: entry pv: %w", ErrMalformed, err)
	case len(list) > VersionsMax:
		return s, fmt.Errorf("%w: entry pv: %d versions", ErrMalformed, len(list))
	}
	s.Chain = Mainnet
	for _, v := range list {
		if int(v) < len(s.versions) {
			s.versions[v] = true
		}
	}
	return s, nil
}

// Negotiate is the version to speak with a node: the highest that both support
// ("Clients MUST communicate with each other using the highest mutually supported
// protocol version").
func Negotiate(r *enr.Record, chain uint64) (version uint8, err error) {
	s, err := SupportOf(r)
	switch {
	case err != nil:
		return 0, err
	case s.Chain != chain:
		return 0, fmt.Errorf("%w: %d, ours is %d", ErrChain, s.Chain, chain)
	}
	for v := VersionMax; v >= VersionMin; v-- {
		if s.versions[v] {
			return uint8(v), nil
		}
	}
	return 0, ErrVersion
}
