package wire

// RequestMax is how many bytes a TALKREQ of a protocol may carry: 1,174 for IDs of two
// bytes. A packet that starts a session has some 400 bytes less, so a session is made
// before a large request is sent.
func RequestMax(protocol string) int {
	head := 1
	if len(protocol) == 1 && protocol[0] < 0x80 {
		head = 0
	}
	return ResponseMax - head - len(protocol)
}

// KeysFit is how many of the first keys one offer carries.
func KeysFit(protocol string, keys [][]byte) int {
	return fit(keys, KeysMax, RequestMax(protocol)-offerHead)
}

// NodesFit is how many of the first records one Nodes carries.
func NodesFit(records [][]byte) int { return fit(records, RecordsMax, ResponseMax-nodesHead) }

// ContentFit is how many of the first records one Content carries.
func ContentFit(records [][]byte) int { return fit(records, RecordsMax, ResponseMax-contentHead) }

// fit counts the items that a list of so many bytes has room for.
func fit(items [][]byte, limit, room int) int {
	for i, item := range items[:min(len(items), limit)] {
		if room -= len(item) + offsetBytes; room < 0 {
			return i
		}
	}
	return min(len(items), limit)
}
