package history

import (
	"slices"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// emptyRoot is the root of a trie of nothing: the hash of the empty string's encoding.
var emptyRoot = id.Keccak256(rlp.AppendBytes(nil, nil))

// leaf is an item of a trie: the nibbles of its key, which is its number in RLP.
type leaf struct {
	path  [2 * 4]byte
	n     int // nibbles of path
	index int
}

// orderedRoot is the root of the Merkle Patricia trie of n items under the keys rlp(0),
// rlp(1), … (yellow paper, section 4.3.2 and appendix D). At most itemsMax items. value
// gives an item; each is asked for once.
func orderedRoot(n int, value func(int) []byte) Hash {
	if n == 0 {
		return emptyRoot
	}
	leaves := make([]leaf, n)
	var key []byte
	for i := range leaves {
		key = rlp.AppendUint(key[:0], uint64(i))
		l := leaf{index: i}
		for _, c := range key {
			l.path[l.n], l.path[l.n+1] = c>>4, c&15
			l.n += 2
		}
		leaves[i] = l
	}
	slices.SortFunc(leaves, func(a, b leaf) int {
		return slices.Compare(a.path[:a.n], b.path[:b.n])
	})
	return id.Keccak256(trieNode(leaves, 0, value))
}

// trieNode encodes the node that holds leaves, which are sorted and agree in their first
// depth nibbles. No key of RLP begins another, so a branch never has a value.
func trieNode(leaves []leaf, depth int, value func(int) []byte) []byte {
	first, last := leaves[0], leaves[len(leaves)-1]
	if len(leaves) == 1 {
		body := rlp.AppendBytes(nil, hexPrefix(first.path[depth:first.n], true))
		return rlp.AppendList(nil, rlp.AppendBytes(body, value(first.index)))
	}
	same := depth
	for first.path[same] == last.path[same] {
		same++
	}
	if same > depth {
		body := rlp.AppendBytes(nil, hexPrefix(first.path[depth:same], false))
		return rlp.AppendList(nil, appendRef(body, trieNode(leaves, same, value)))
	}
	var body []byte
	for nibble := range byte(16) {
		n := 0
		for n < len(leaves) && leaves[n].path[depth] == nibble {
			n++
		}
		if n == 0 {
			body = rlp.AppendBytes(body, nil)
			continue
		}
		body = appendRef(body, trieNode(leaves[:n], depth+1, value))
		leaves = leaves[n:]
	}
	return rlp.AppendList(nil, rlp.AppendBytes(body, nil))
}

// appendRef appends how a node stands in its parent: itself when it is short, else its
// hash.
func appendRef(b, node []byte) []byte {
	if len(node) < len(Hash{}) {
		return append(b, node...)
	}
	sum := id.Keccak256(node)
	return rlp.AppendBytes(b, sum[:])
}

// hexPrefix packs nibbles, two to a byte, and whether they end at a leaf (yellow paper,
// appendix C).
func hexPrefix(nibbles []byte, isLeaf bool) []byte {
	flag := byte(0)
	if isLeaf {
		flag = 2
	}
	out := make([]byte, 0, 1+len(nibbles)/2)
	if len(nibbles)%2 == 1 {
		out = append(out, (flag|1)<<4|nibbles[0])
		nibbles = nibbles[1:]
	} else {
		out = append(out, flag<<4)
	}
	for i := 0; i < len(nibbles); i += 2 {
		out = append(out, nibbles[i]<<4|nibbles[i+1])
	}
	return out
}
