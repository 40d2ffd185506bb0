package headers

import "time"

// Our choice.
const (
	// strideHeaders: where a file's headers lie is remembered for each so many of them. A
	// file of all of mainnet's takes a megabyte then, and a lookup reads 100 kB at most.
	strideHeaders = 128
	// headBytes is the longest head of an RLP item.
	headBytes = 9
	// eraBlocksMax is how many blocks an era1 file may hold (eth-clients/e2store-format-specs,
	// era1: "8192 blocks").
	eraBlocksMax = 8192
	// eraFilesMax bounds a folder: mainnet has 1,897 files.
	eraFilesMax = 1 << 14
	// packedMax bounds a compressed header, whose plain form is at most
	// history.HeaderBytesMax: frames add a few bytes where nothing can be compressed.
	packedMax = 4 << 10

	// answerMax bounds what an execution client answers: a block's header and the hashes
	// of its transactions, of which each takes 69 bytes.
	answerMax = 1 << 20
	// answerWithin: checks wait in line behind it.
	answerWithin = 2 * time.Second
	// restFor is how long a client that failed is not asked again.
	restFor = 10 * time.Second
	// finalEvery is how old our knowledge of the last final block may be before a block
	// above it has us ask again: one becomes final every 6.4 minutes.
	finalEvery = 30 * time.Second
	// cacheHeaders: what is offered comes in runs of neighbours, body and receipts each.
	cacheHeaders = 4096
)
