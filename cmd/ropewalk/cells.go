package main

import (
	"strings"

	"github.com/ropewalk/ropewalk/internal/plain"
)

// cells is the width of plain text on a terminal.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += plain.Width(r)
	}
	return n
}

// pad fills text with spaces up to a width.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-cells(s), 0))
}

// wrap breaks plain text into rows of at most width cells, between words where it
// can. It always returns a row.
func wrap(s string, width int) []string {
	var rows []string
	row, used := "", 0
	for word := range strings.SplitSeq(s, " ") {
		need := cells(word)
		if used > 0 && used+1+need <= width {
			row, used = row+" "+word, used+1+need
			continue
		}
		if used > 0 {
			rows = append(rows, row)
		}
		for need > width {
			cut, n := 0, 0
			for i, r := range word {
				if n+plain.Width(r) > width {
					break
				}
				n += plain.Width(r)
				cut = i + len(string(r))
			}
			if cut == 0 {
				break
			}
			rows = append(rows, word[:cut])
			word = word[cut:]
			need = cells(word)
		}
		row, used = word, need
	}
	return append(rows, row)
}
