package store

import "time"

// From the specification (Portal, storage and radius; threats, 3.5 and 3.11).
const (
	// softPart is how much of its capacity a network has left after eviction.
	softPart = 0.95
	// sharePart is how much of what is stored one peer may write in an hour.
	sharePart = 0.10
)

// Our choice.
const (
	// CapacityDefault is the room for what peers sent, and as much again for what the
	// user put (threats, section 4, the desktop's row).
	CapacityDefault = 10 << 30
	// ItemOverhead is what an item costs beside key and value: its place in the index and
	// its part of tables.
	ItemOverhead = 96
	// NameMax bounds a network's name, which is part of every key.
	NameMax = 32
	// NetworksMax bounds how many networks share the room.
	NetworksMax = 64
	// PageMax is the most that one Page answers.
	PageMax = 1000
	// evictKeys bounds one step of eviction: some 2 ms of reading on disk.
	evictKeys = 512
	// batchPuts and batchBytes bound what is written in one go, so that who came first
	// does not wait for all.
	batchPuts  = 128
	batchBytes = 4 << 20
	// widenPart: while less of the capacity is used a node starts with the greatest radius,
	// and goes back to it when the user has dropped that much. The specification says
	// 0.95; with that, a store that was evicted to 0.95 would begin anew at each start.
	widenPart = 0.90
	// shareSlots of shareSlot cover an hour whatever the minute it begins in.
	shareSlot  = 10 * time.Minute
	shareSlots = 7
	// sharePeers is of how many peers it is known what they wrote; who comes after them
	// in the same hour shares one allowance with all others that did.
	sharePeers = 4096
)
