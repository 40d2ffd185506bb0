// Package ordered holds sets and maps whose iteration order is fixed: the order
// of insertion for a fresh key, disturbed only by removal (the last key takes
// the removed key's place). Two runs that apply the same operations in the same
// order iterate in the same order, which a built-in map does not promise and
// which the simulator's event hash depends on.
//
// Ground floor, pure: it imports nothing outside the standard library.
package ordered
