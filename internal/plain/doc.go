// Package plain makes text from others harmless before it is shown: in a
// terminal, a log, a page, an error. Ground floor, pure.
//
// The rule is an allow-list. What stays: characters that can be
// seen, the space, and, if asked for, the newline. What goes: control characters
// (C0 with ESC, DEL, C1), bidi marks, overrides and isolates, tag characters and
// the variation selectors that can hide data, private-use characters, invisible
// letters and format characters, combining marks after the eighth and those
// without a character to stand on. Other spaces, tabs and line ends become one
// space each. Invalid UTF-8 becomes U+FFFD. A zero-width joiner stays between two
// emoji, where it makes one picture of them.
//
// A bound on cells cuts the text, or each of its lines, and ends it with an
// ellipsis; the output has at most three times the bytes of the input, plus one
// ellipsis a line. Doing it twice is the same as doing it once.
//
// Not here: confusable letters, escaping for HTML (text nodes do that), and the
// isolates that a screen puts around a line itself.
package plain
