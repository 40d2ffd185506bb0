package plain

// From the threat model, X6.
const (
	// CellsMax is the width of a line that is always enough.
	CellsMax = 1024
	// marksMax bounds the combining marks of one character.
	marksMax = 8
)

const (
	replacement = '\uFFFD'
	ellipsis    = "…"
	joiner      = '\u200D'
)
