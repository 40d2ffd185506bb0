package blob

// Our choice, and part of the network: changing one makes another network.
const (
	// Name and Protocol name the network to people and on the wire.
	Name     = "blob"
	Protocol = "ropeblob"

	// ChunkBytes is the length of every chunk of a file but the last. Long enough that a
	// stream's start costs little, short enough that chunks of one file go in parallel and
	// that none is a burden to who stores it.
	ChunkBytes = 1 << 20
	// ChunksMax is how many chunks a file may have, 32 GiB: what a manifest that is no
	// longer than a chunk has room for.
	ChunksMax = (ChunkBytes - manifestHead) / hashBytes
	// FileBytesMax is the longest file.
	FileBytesMax = ChunksMax * ChunkBytes

	// KeyBytes is the length of every key.
	KeyBytes = 1 + hashBytes

	// quickBytes is how long a value may be that is judged at once: some 5 µs where the
	// processor has instructions for SHA-256, and 12 µs where it has not.
	quickBytes = 2 << 10

	hashBytes    = 32
	manifestHead = 8 + 4 // size, offset
)

// ChunksUnderWay bounds the chunks of one put or get that are held in memory, by the program
// as by the simulator. Our choice: enough to keep several nodes busy at a round trip of
// 100 ms, and 8 MiB.
const ChunksUnderWay = 8
