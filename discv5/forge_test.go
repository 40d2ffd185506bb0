package discv5

import (
	"math/rand/v2"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/id"
)

// strange is an ordinary packet from an ID that nobody has.
func strange(rng *rand.Rand, to id.ID) []byte {
	var who id.ID
	for i := range who {
		who[i] = byte(rng.Uint32())
	}
	b, _ := wire.AppendRandom(nil, rng, who, wire.Real.Mask(to))
	return b
}
