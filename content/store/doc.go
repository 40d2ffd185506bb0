// Package store keeps the values of content networks: in memory, or on disk in Pebble.
//
// There are two classes. What peers sent (content.Cache) is kept while there is room:
// above its capacity a network loses what lies farthest from our ID, in small steps, and
// its radius becomes the distance of the farthest that is left. A crash may take the last
// seconds of it. What the user put (content.Durable) has a budget of its own, is
// acknowledged when it is on disk, and goes only when the user drops it.
//
// Keys are ordered by network and distance, so that "the farthest" is the end of a range.
// One keeper holds the rules for both kinds of store: what is taken, what is counted, what
// goes. Below it a shelf per class holds items; puts that wait at the same time are one
// batch and one sync.
//
// A peer may write no more than a tenth of a network's room in an hour (threats, C6).
//
// Place: floor 2, an edge: it blocks, locks, and reads clocks. It knows words of package
// content only.
package store
