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
	// evictKeys bounds one step of eviction: some 1 ms of reading on disk.
	evictKeys = 256
	// batchPuts and batchBytes bound what is written in one go, so that who came first
	// does not wait for all.
	batchPuts  = 128
	batchBytes = 4 << 20
	// leadsMost is how many batches are written before others may use the processor, some
	// 50 µs.
	leadsMost = 8
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

// Of a store on disk, from the specification (threats, 3.11).
const (
	// FreeMinDefault and FreePartDefault: with less free space on its disk a store takes
	// nothing more.
	FreeMinDefault  = 512 << 20
	FreePartDefault = 0.02
	// BallastDefault is a file that is given up when the disk is full all the same, so
	// that there is room to put things in order.
	BallastDefault = 64 << 20
	// syncSlow is what a sync may take before the operator hears of it; above syncStuck
	// nothing more is taken until it is over.
	syncSlow  = 5 * time.Second
	syncStuck = 60 * time.Second
	// lossMax is how much of what peers sent a crash may take.
	lossMax = 5 * time.Second
)

// Of a store on disk, our choice.
const (
	// inlineMax: longer values stand apart from their items.
	inlineMax = 4 << 10
	// MemoryDefault is what the store may hold in memory: tables that fill, and blocks
	// that were read.
	MemoryDefault = 128 << 20
	// FilesDefault is how many files both shelves may hold open; filesMin what each needs.
	FilesDefault = 128
	filesMin     = 32
	// beat is how often the housekeeper looks around.
	beat = time.Second
	// evictPause lies between steps of eviction that nobody waits for.
	evictPause = 20 * time.Millisecond
	// retryPause keeps Pebble from trying the same thing over and over.
	retryPause = 20 * time.Millisecond
	// reviveFirst and reviveMax are the pauses between tries to write again.
	reviveFirst = time.Second
	reviveMax   = 30 * time.Second
	// countedMax: up to as many items of a network are counted when a store is opened,
	// some 50 ms.
	countedMax = 20_000
	// memTables is how many tables in memory a shelf's share is cut into. Small ones are
	// soon written, so that who waits for one does not wait long.
	memTables = 8
	// l0Tables is how many tables lie over one another before they are merged into those
	// below. With fewer the same bytes are written more often; with more a get asks more
	// filters.
	l0Tables = 8
	// mergeLeast is how many bytes of loose tables are merged when nobody writes, mergeMost
	// how many times as much may have to be rewritten for it, and mergePause how long the
	// disk is left alone then: 256 MiB are some 1 s of work.
	mergeLeast = 1 << 20
	mergeMost  = 32
	mergePause = 5 * time.Minute
	// paceLook is after how many bytes the tables are counted again.
	paceLook = 256 << 10
	// paceLeast and paceMost bound one pause of a write that is ahead of the disk: a timer
	// is not finer, and who puts does not wait longer.
	paceLeast = 200 * time.Microsecond
	paceMost  = 2 * time.Millisecond
	// paceSlowest is the slowest disk that is reckoned with, bytes a second.
	paceSlowest = 1 << 20
	// filterPart of a shelf's tables is what its filter of keys may take: with
	// MemoryDefault 16 MiB, 7.8 million items. With more than that every put looks on disk.
	filterPart = 4
	// learnKeys is how many keys a filter learns in one step after a start, some 2 ms.
	learnKeys = 512
	// bloomBits for each key let one read in a hundred of what is not there reach the disk.
	bloomBits = 10
)
