package plain

import "unicode"

// Width is the number of cells a character takes in most terminals: 0 for
// combining marks, 2 for wide characters, else 1. It is an estimate: no two
// terminals agree on all emoji.
func Width(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case r == joiner || unicode.Is(unicode.M, r):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// wide are the East Asian wide and full-width blocks and the emoji (UAX #11,
// whole blocks where single characters differ).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115F, 1}, {0x231A, 0x231B, 1}, {0x2329, 0x232A, 1}, {0x23E9, 0x23EC, 1},
		{0x25FD, 0x25FE, 1}, {0x2614, 0x2615, 1}, {0x2648, 0x2653, 1}, {0x26A1, 0x26A1, 1},
		{0x26BD, 0x26BE, 1}, {0x2705, 0x2705, 1}, {0x270A, 0x270B, 1}, {0x274C, 0x274C, 1},
		{0x2753, 0x2755, 1}, {0x2795, 0x2797, 1}, {0x2B1B, 0x2B1C, 1}, {0x2B50, 0x2B50, 1},
		{0x2E80, 0x303E, 1}, {0x3041, 0x33FF, 1}, {0x3400, 0x4DBF, 1}, {0x4E00, 0x9FFF, 1},
		{0xA000, 0xA4CF, 1}, {0xA960, 0xA97F, 1}, {0xAC00, 0xD7A3, 1}, {0xF900, 0xFAFF, 1},
		{0xFE30, 0xFE6F, 1}, {0xFF00, 0xFF60, 1}, {0xFFE0, 0xFFE6, 1},
	},
	R32: []unicode.Range32{
		{0x16FE0, 0x18D08, 1}, {0x1B000, 0x1B2FB, 1}, {0x1F004, 0x1F004, 1}, {0x1F0CF, 0x1F0CF, 1},
		{0x1F18E, 0x1F18E, 1}, {0x1F191, 0x1F19A, 1}, {0x1F200, 0x1F320, 1}, {0x1F32D, 0x1F64F, 1},
		{0x1F680, 0x1F6FF, 1}, {0x1F7E0, 0x1F7EB, 1}, {0x1F900, 0x1FAFF, 1}, {0x20000, 0x3FFFD, 1},
	},
}

// isEmoji tells what a joiner may stand between: pictures, and the skin tones
// that follow them.
func isEmoji(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF:
		return true
	case r >= 0x2190 && r <= 0x2BFF:
		return unicode.Is(unicode.So, r) || unicode.Is(unicode.Sm, r)
	}
	return false
}
