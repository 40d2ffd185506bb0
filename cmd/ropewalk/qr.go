package main

import (
	"fmt"
	"io"
	"strings"

	"rsc.io/qr"
)

// quiet is the margin of a QR code in modules; the standard wants 4, readers are
// content with 2.
const quiet = 2

// printQR draws a QR code with half blocks, two rows of modules to a line. Light
// modules are drawn and dark ones left empty, as terminals are dark more often
// than not; readers take either.
func printQR(w io.Writer, text string) error {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return fmt.Errorf("QR code: %w", err)
	}
	light := func(x, y int) bool { return y < code.Size+quiet && !code.Black(x, y) }
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		for x := -quiet; x < code.Size+quiet; x++ {
			switch up, down := light(x, y), light(x, y+1); {
			case up && down:
				b.WriteRune('█')
			case up:
				b.WriteRune('▀')
			case down:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	_, err = io.WriteString(w, b.String())
	return err
}
