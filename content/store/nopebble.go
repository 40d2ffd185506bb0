//go:build nopebble

package store

import "errors"

// ErrNoDisk is of a program that was built with the tag nopebble: its stores are in
// memory.
var ErrNoDisk = errors.New("store: built without Pebble (tag nopebble), nothing is kept on disk")

type filesystem = any

var realFiles filesystem

// Open fails with ErrNoDisk.
func Open(string, Config) (Store, error) { return nil, ErrNoDisk }

// Repair fails with ErrNoDisk.
func Repair(string, Config) (Repaired, error) { return Repaired{}, ErrNoDisk }
