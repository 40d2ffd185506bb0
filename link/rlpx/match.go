package rlpx

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/ropewalk/ropewalk/link"
)

// errNothingShared says that a remote speaks none of our protocols.
var errNothingShared = fmt.Errorf("rlpx: %w: no shared capability", link.Useless)

// errProtocols is of a protocol table that no link could carry.
var errProtocols = errors.New("rlpx: protocol table")

// checkProtocols refuses a protocol table that cannot be matched, whatever a remote
// speaks: a name that is not [a-z0-9]{1,8}, a name and version twice, more codes than
// fit between 0x10 and 0x7f. Of the versions of one name a link carries one, so the
// longest counts.
func checkProtocols(own []link.Protocol) error {
	if len(own) > link.LanesMax {
		return fmt.Errorf("%w: %d protocols, at most %d", errProtocols, len(own), link.LanesMax)
	}
	order := byName(own)
	var total, longest uint64
	for i, lane := range order {
		p := own[lane]
		if !validName(p.Name) {
			return fmt.Errorf("%w: name %.32q is not 1 to 8 of a-z and 0-9", errProtocols, p.Name)
		}
		if p.Length > codesMax {
			return fmt.Errorf("%w: %s/%d has %d codes, a link has %d", errProtocols, p.Name, p.Version, p.Length, codesMax)
		}
		if i > 0 && own[order[i-1]].Name == p.Name {
			if own[order[i-1]].Version == p.Version {
				return fmt.Errorf("%w: %s/%d stands twice", errProtocols, p.Name, p.Version)
			}
			total -= longest
		} else {
			longest = 0
		}
		longest = max(longest, p.Length)
		total += longest
	}
	if total > codesMax {
		return fmt.Errorf("%w: %d codes in all, a link has %d", errProtocols, total, codesMax)
	}
	return nil
}

// codesMax is how many codes a link has for all its protocols.
const codesMax = codeMax + 1 - baseProtocolLength

func validName(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(name) > 0 && len(name) <= capNameBytesMax
}

// capabilities are what a Hello says of a protocol table, in the order of windows.
func capabilities(own []link.Protocol) []capability {
	var caps []capability
	for _, lane := range byName(own) {
		caps = append(caps, capability{own[lane].Name, uint64(own[lane].Version)})
	}
	return caps
}

// byName is the lanes of a table ordered by name, bytewise, then version.
func byName(own []link.Protocol) []int {
	order := make([]int, len(own))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(own[a].Name, own[b].Name), cmp.Compare(own[a].Version, own[b].Version))
	})
	return order
}

// windows says whose a message code is. A lane's codes stand side by side from its
// offset on.
type windows struct {
	owner  [codeMax + 1]int8 // by code: a lane, or one of the below
	offset [link.LanesMax]uint8
	length [link.LanesMax]uint8
	lanes  []link.Lane // that both ends speak, in the order of their windows
}

// Owners that are no lane.
const (
	nobody  = -1 // a code that no protocol has: a breach
	foreign = -2 // of a protocol of another network: to be ignored
)

// match works the windows out of both ends' protocols: of each name the highest
// version both have, in the order of names, from 0x10 on. own passed checkProtocols.
//
// A protocol that is kept among the nodes of a network gets its window as any other,
// because a remote that knows nothing of networks counts it too; but it is a lane only
// when the remote named the same network.
func match(own []link.Protocol, theirs []capability, network string) (windows, error) {
	var w windows
	for code := range w.owner {
		w.owner[code] = nobody
	}
	order := byName(own)
	next := baseProtocolLength
	for i := 0; i < len(order); {
		best, name := -1, own[order[i]].Name
		for ; i < len(order) && own[order[i]].Name == name; i++ {
			if slices.Contains(theirs, capability{name, uint64(own[order[i]].Version)}) {
				best = order[i] // versions ascend
			}
		}
		if best >= 0 {
			next = w.add(link.Lane(best), next, own[best], network)
		}
	}
	if len(w.lanes) == 0 {
		return w, errNothingShared
	}
	return w, nil
}

// add puts a protocol's window at offset and returns where the next begins.
func (w *windows) add(lane link.Lane, offset int, p link.Protocol, network string) int {
	end := offset + int(p.Length)
	owner := int8(foreign)
	if p.Network == "" || p.Network == network {
		owner = int8(lane)
		w.offset[lane], w.length[lane] = uint8(offset), uint8(p.Length)
		w.lanes = append(w.lanes, lane)
	}
	for code := offset; code < end; code++ {
		w.owner[code] = owner
	}
	return end
}

// lane says whose a code from the wire is and which of that lane's codes. owner is
// nobody or foreign when it is no lane's.
func (w *windows) lane(code uint64) (owner int, rel uint64) {
	if code > codeMax {
		return nobody, 0
	}
	owner = int(w.owner[code])
	if owner < 0 {
		return owner, 0
	}
	return owner, code - uint64(w.offset[owner])
}

// code is the number on the wire of a lane's own code; false when the lane is not
// shared or has no such code.
func (w *windows) code(lane link.Lane, rel uint64) (uint64, bool) {
	if lane >= link.LanesMax || rel >= uint64(w.length[lane]) {
		return 0, false
	}
	return uint64(w.offset[lane]) + rel, true
}
