package kad

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/ropewalk/ropewalk/id"
)

// distancesAsked is how many distances a question of a search names.
const distancesAsked = 3

// Distances is what to ask a peer for who may know nodes near a target: the target's log
// distance from the peer and its neighbours, three in all, within 1 to 256 (discv5
// theory, "Lookup").
func Distances(target, peer id.ID) []uint16 {
	at := id.LogDistance(target, peer)
	out := make([]uint16, 0, distancesAsked)
	for step := 0; len(out) < distancesAsked; step++ {
		for _, d := range [...]int{at + step, at - step} {
			if d < 1 || d > distanceMax || len(out) == distancesAsked || step == 0 && len(out) > 0 {
				continue
			}
			out = append(out, uint16(d))
		}
	}
	return out
}

// RandomAt draws an ID at a log distance from us, 1 to 256; lesser and greater ones
// count as these.
func RandomAt(self id.ID, distance int, rng *rand.Rand) id.ID {
	distance = min(max(distance, 1), distanceMax)
	out := self
	var noise id.ID
	for i := 0; i < len(noise); i += 8 {
		binary.BigEndian.PutUint64(noise[i:], rng.Uint64())
	}
	bit := distanceMax - distance // from the top
	for i := bit / 8; i < len(out); i++ {
		below := byte(0xff)
		if i == bit/8 {
			below = 0xff >> (bit%8 + 1)
		}
		out[i] ^= noise[i] & below
	}
	out[bit/8] ^= 0x80 >> (bit % 8)
	return out
}

// Random draws an ID from the whole space.
func Random(rng *rand.Rand) (out id.ID) {
	for i := 0; i < len(out); i += 8 {
		binary.BigEndian.PutUint64(out[i:], rng.Uint64())
	}
	return out
}
