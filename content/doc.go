// Package content holds the words for content: what a network of content is, what is
// asked of a store, and what it answers.
//
// An item is a value under a key. A network says what its keys look like, where on the
// ring an item belongs (its content ID, a point in the space of node IDs), and whether a
// value is what its key promises. A node keeps what lies within its radius: the greatest
// distance between its own ID and an item's that it takes in.
//
// Networks stand in packages below this one; content/store, an edge, keeps the values.
//
// Place: floor 1, values, pure.
package content
