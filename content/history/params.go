package history

// From the specification (history/history-network.md).
const (
	Name     = "history"
	Protocol = "\x50\x00"

	// KeyBytes is the length of every key.
	KeyBytes  = 1 + 8
	cycleBits = 16
)

// Our choice.
const (
	// itemsMax bounds the transactions of a block. One costs 21,000 gas at least, so a
	// block with more would have 1.3 billion.
	itemsMax = 1 << 16
	// logTopicsMax: LOG4 is the last there is (yellow paper, appendix H).
	logTopicsMax = 4
	// HeaderBytesMax bounds a header; those of mainnet have some 600 bytes (Portal's
	// networks of headers allow 2,048).
	HeaderBytesMax = 2048
)
