package content

import (
	"bytes"

	"github.com/ropewalk/ropewalk/id"
)

// Distance is how far two points of the ring are apart: their XOR, as a big-endian
// number of 256 bits. A radius is a Distance.
type Distance [32]byte

// DistanceMax is the radius of who takes everything.
var DistanceMax = func() (d Distance) {
	for i := range d {
		d[i] = 0xff
	}
	return d
}()

// Between is the distance of two points.
func Between(a, b id.ID) (d Distance) {
	for i := range d {
		d[i] = a[i] ^ b[i]
	}
	return d
}

// Cmp compares two distances: -1 when d is less, 0, or +1.
func (d Distance) Cmp(e Distance) int { return bytes.Compare(d[:], e[:]) }

// Covers tells whether a node with this radius takes what belongs at a point (Portal:
// "distance(node_id, content_id) <= data_radius").
func (d Distance) Covers(node, point id.ID) bool { return Between(node, point).Cmp(d) <= 0 }
