// Package linktest is the suite of tests that every kind of link passes. A kind
// calls Run from a test of its own with a function that makes transports; the suite
// knows nothing about what is under them.
//
// It checks what the words of package link promise: which lanes exist and what Info
// says, order and completeness of messages in both directions, limits of size and
// code, back-pressure with bounded memory, half-close, reasons at both ends, closing
// from many sides at once, and dials that must fail.
//
// It never waits for time to pass in order to pass: the only pauses are in looking
// whether a writer has come to rest, and looking too early makes a check weaker,
// not wrong.
//
// For tests only. It imports nothing but ground packages.
package linktest
