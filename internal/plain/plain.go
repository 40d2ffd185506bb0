package plain

import (
	"unicode"
	"unicode/utf8"
)

// Line makes one line of s, at most cells wide; 0 means CellsMax.
func Line(s string, cells int) string { return clean(s, cells, false) }

// Text keeps the line ends of s; each line is at most cells wide. 0 means
// CellsMax.
func Text(s string, cells int) string { return clean(s, cells, true) }

func clean(s string, cells int, newlines bool) string {
	if cells <= 0 {
		cells = CellsMax
	}
	w := writer{cells: cells, out: make([]byte, 0, min(len(s), 4*cells))}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '\r' && i+1 < len(s) && s[i+1] == '\n' {
			n, r = 2, '\n'
		}
		i += n
		switch r = allow(r); {
		case r == '\n' && newlines:
			w.endLine()
			w.out = append(w.out, '\n')
		case r == '\n':
			w.put(' ')
		case r == joiner:
			w.join = w.emoji
		case r != 0:
			w.put(r)
		}
	}
	w.endLine()
	return string(w.out)
}

// writer builds the output, a line at a time.
type writer struct {
	out   []byte // the lines that are complete
	line  []byte
	cells int // bound of a line
	width int // of line
	cut   int // length of line before it reached the last cell
	full  bool
	marks int  // on the last character; -1: there is none to stand on
	begun bool // line has a character
	emoji bool // the last character is an emoji
	join  bool // a joiner waits for another
}

func (w *writer) put(r rune) {
	if w.full {
		return
	}
	if unicode.Is(unicode.M, r) {
		if w.begun && w.marks < marksMax {
			w.marks++
			w.join = false
			w.line = utf8.AppendRune(w.line, r)
		}
		return
	}
	emoji := isEmoji(r)
	joined := w.join && emoji
	size := Width(r)
	if w.width+size > w.cells {
		w.full = true
		return
	}
	if w.width+size <= w.cells-1 {
		w.cut = -1 // everything so far leaves room for the ellipsis
	} else if w.cut < 0 {
		w.cut = len(w.line)
	}
	if joined {
		w.line = utf8.AppendRune(w.line, joiner)
	}
	w.line = utf8.AppendRune(w.line, r)
	w.width += size
	w.begun, w.marks, w.emoji, w.join = true, 0, emoji, false
}

func (w *writer) endLine() {
	if w.full {
		if w.cut >= 0 {
			w.line = w.line[:w.cut]
		}
		w.line = append(w.line, ellipsis...)
	}
	*w = writer{out: append(w.out, w.line...), line: w.line[:0], cells: w.cells}
}

// allow is what becomes of one character: itself, a space, U+FFFD, the newline,
// or 0 for nothing.
func allow(r rune) rune {
	switch {
	case r == '\n', r == joiner, r == replacement:
		return r
	case r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Zs, r):
		return ' '
	case hidden(r) || !unicode.IsPrint(r):
		return 0
	}
	return r
}

// hidden are characters Unicode calls letters or marks that show nothing, and can
// so carry what nobody sees.
func hidden(r rune) bool {
	switch {
	case r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0: // Hangul fillers
		return true
	case r == 0x034F || r == 0x17B4 || r == 0x17B5: // joiner of graphemes, Khmer vowels
		return true
	case r >= 0x180B && r <= 0x180F: // Mongolian selectors
		return true
	case r >= 0xFE00 && r <= 0xFE0D: // selectors but the two of text and emoji
		return true
	}
	return r >= 0xE0000 && r <= 0xE0FFF // tags and supplementary selectors
}
