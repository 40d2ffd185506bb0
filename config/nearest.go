package config

import "strings"

// Nearest returns the candidate with the smallest edit distance to s, or "" when
// none is close: more than half of the longer word would have to change.
func Nearest(s string, candidates []string) string {
	best, bestDist := "", 1<<30
	for _, c := range candidates {
		if d := distance(strings.ToLower(s), strings.ToLower(c)); d < bestDist {
			best, bestDist = c, d
		}
	}
	if bestDist*2 > max(len(s), len(best)) {
		return ""
	}
	return best
}

// wordBytesMax bounds the quadratic work of distance.
const wordBytesMax = 128

// slipsMax is how far a word may be from one of another table.
const slipsMax = 2

// distance is the optimal string alignment distance: insert, delete, replace a
// byte, or swap two neighbours.
func distance(a, b string) int {
	if len(a) > wordBytesMax || len(b) > wordBytesMax {
		return 1 << 20
	}
	var before, prev []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, prev, row = prev, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// suggest names the valid key nearest to an unknown one: the same last word in
// another table, else the nearest word of the same table, else of all.
func suggest(path []string) string {
	var same, all []string
	last, table := path[len(path)-1], path[0]
	for i := range keys {
		k := &keys[i]
		if len(path) == 1 {
			all = append(all, k.parts[0])
			if k.leaf() == last {
				return k.Path
			}
			continue
		}
		if k.leaf() == last && k.parts[0] != table {
			return k.Path
		}
		if k.parts[0] == table {
			same = append(same, k.leaf())
		}
		all = append(all, k.leaf())
	}
	if len(path) == 1 {
		return Nearest(last, all)
	}
	if t := misspelt(path); t != "" {
		return t
	}
	if len(same) == 0 {
		if t := Nearest(table, tables()); t != "" {
			return t + "." + last
		}
		return ""
	}
	if w := Nearest(last, same); w != "" {
		return pathOfLeaf(w, table)
	}
	// A word of a foreign table has to be closer: a slip or two, not another word.
	if w := Nearest(last, all); w != "" && distance(strings.ToLower(last), strings.ToLower(w)) <= slipsMax {
		return pathOfLeaf(w, "")
	}
	return ""
}

// misspelt corrects the word before a name, as in overlay.networks."NAME"; "" when that
// is not what is wrong.
func misspelt(path []string) string {
	for i := range keys {
		k := &keys[i]
		if k.named() && len(k.parts) > 2 && k.parts[0] == path[0] && k.parts[1] != "*" && k.parts[1] != path[1] && distance(strings.ToLower(path[1]), k.parts[1]) <= slipsMax {
			return joinPath(k.parts[:2]) + `."NAME"`
		}
	}
	return ""
}

func pathOfLeaf(leaf, table string) string {
	for i := range keys {
		if k := &keys[i]; k.leaf() == leaf && (table == "" || k.parts[0] == table) {
			return k.Path
		}
	}
	return leaf
}

func tables() []string {
	var out []string
	for i := range keys {
		if t := keys[i].parts[0]; len(out) == 0 || out[len(out)-1] != t {
			out = append(out, t)
		}
	}
	return out
}
