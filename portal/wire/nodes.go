package wire

import (
	"github.com/ropewalk/ropewalk/internal/ssz"
)

// FindNodes asks for records of a node's table.
type FindNodes struct {
	// Distances are log distances from the node that is asked, in any order, each once;
	// 0 is the node itself.
	Distances []uint16
}

// DecodeFindNodes reads the message. A distance above 256 or one that stands there twice
// is refused ("Each distance MUST be within the inclusive range [0, 256]", "MUST be
// unique").
func DecodeFindNodes(b []byte) (FindNodes, error) {
	b, err := body(b, KindFindNodes)
	if err != nil {
		return FindNodes{}, err
	}
	parts, err := ssz.Parts(b, offsetBytes, 0)
	if err != nil {
		return FindNodes{}, malformed(KindFindNodes, err)
	}
	ds, err := ssz.Uint16s(parts[0], distancesMax)
	if err != nil {
		return FindNodes{}, malformed(KindFindNodes, err)
	}
	m := FindNodes{Distances: ds}
	return m, m.check()
}

// Append appends the message.
func (m FindNodes) Append(b []byte) ([]byte, error) {
	if err := m.check(); err != nil {
		return b, err
	}
	b = ssz.AppendOffset(append(b, byte(KindFindNodes)), offsetBytes)
	return ssz.AppendUint16s(b, m.Distances), nil
}

func (m FindNodes) check() error {
	if len(m.Distances) > distancesMax {
		return refuse(KindFindNodes, "%d distances, at most %d", len(m.Distances), distancesMax)
	}
	var seen [distanceTop + 1]bool
	for _, d := range m.Distances {
		switch {
		case d > distanceTop:
			return refuse(KindFindNodes, "distance %d", d)
		case seen[d]:
			return refuse(KindFindNodes, "distance %d twice", d)
		}
		seen[d] = true
	}
	return nil
}

// Nodes answers FindNodes. Its field "total" is always 1, for there is one answer; what
// others say there is passed over, as Ultralight has the number of records in it.
type Nodes struct {
	Records [][]byte // encoded, unverified
}

// DecodeNodes reads the message.
func DecodeNodes(b []byte) (Nodes, error) {
	b, err := body(b, KindNodes)
	if err != nil {
		return Nodes{}, err
	}
	parts, err := ssz.Parts(b, 1+offsetBytes, 1)
	if err != nil {
		return Nodes{}, malformed(KindNodes, err)
	}
	records, err := ssz.Lists(parts[0], RecordsMax, recordBytes)
	if err != nil {
		return Nodes{}, malformed(KindNodes, err)
	}
	return Nodes{Records: records}, nil
}

// Append appends the message.
func (m Nodes) Append(b []byte) ([]byte, error) {
	if err := checkLists(KindNodes, m.Records, RecordsMax, recordBytes); err != nil {
		return b, err
	}
	b = ssz.AppendOffset(append(b, byte(KindNodes), 1), 1+offsetBytes)
	return ssz.AppendLists(b, m.Records), nil
}

// checkLists refuses what Lists would refuse.
func checkLists(k Kind, items [][]byte, limit, each int) error {
	if len(items) > limit {
		return refuse(k, "%d items, at most %d", len(items), limit)
	}
	for _, item := range items {
		if len(item) > each {
			return refuse(k, "item of %d bytes, at most %d", len(item), each)
		}
	}
	return nil
}
