package scenario

import (
	"fmt"
	"strconv"
	"strings"
)

// Who names nodes of a stage. The zero Who names none.
type Who struct{ terms []term }

// term is one word of the list: a group, or the nodes from to to (counted from 1).
type term struct {
	group    string
	from, to int
}

// groups are the words that name nodes by what they are.
var groups = []string{"all", "alive", "seeds", "stayed", "down", "returned"}

func parseWho(s string) (Who, error) {
	var w Who
	for _, word := range strings.Split(s, ",") {
		t, err := parseTerm(word)
		if err != nil {
			return Who{}, err
		}
		w.terms = append(w.terms, t)
	}
	return w, nil
}

func parseTerm(word string) (term, error) {
	for _, g := range groups {
		if word == g {
			return term{group: g}, nil
		}
	}
	first, last, many := strings.Cut(word, "..")
	from, err := parseNode(first)
	if err != nil {
		return term{}, err
	}
	to := from
	if many {
		if to, err = parseNode(last); err != nil {
			return term{}, err
		}
	}
	if to < from {
		return term{}, fmt.Errorf("%.60q counts backwards", word)
	}
	return term{from: from, to: to}, nil
}

func parseNode(s string) (int, error) {
	digits, ok := strings.CutPrefix(s, "node")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || n > nodesMax || strconv.Itoa(n) != digits {
		return 0, fmt.Errorf("%.60q names no nodes; want %s, nodeN or nodeN..nodeM, N from 1", s, strings.Join(groups, ", "))
	}
	return n, nil
}

func (w Who) String() string {
	words := make([]string, len(w.terms))
	for i, t := range w.terms {
		switch {
		case t.group != "":
			words[i] = t.group
		case t.from == t.to:
			words[i] = NodeName(t.from - 1)
		default:
			words[i] = NodeName(t.from-1) + ".." + NodeName(t.to-1)
		}
	}
	return strings.Join(words, ",")
}

func (w Who) empty() bool { return len(w.terms) == 0 }

// highest is the largest node number named; 0 when only groups are.
func (w Who) highest() int {
	top := 0
	for _, t := range w.terms {
		top = max(top, t.to)
	}
	return top
}

// count is how many nodes are named whatever happens to them, all by words that are
// not about that.
func (w Who) count(nodes, seeds int) (n int) {
	for i := range nodes {
		for _, t := range w.terms {
			if t.group == "all" || t.group == "seeds" && i < seeds || t.group == "" && t.from <= i+1 && i+1 <= t.to {
				n++
				break
			}
		}
	}
	return n
}

// single is the index of the one node named, or false.
func (w Who) single() (int, bool) {
	if len(w.terms) != 1 || w.terms[0].group != "" || w.terms[0].from != w.terms[0].to {
		return 0, false
	}
	return w.terms[0].from - 1, true
}

// pick is the indexes of the nodes named, ascending, each once.
func (w Who) pick(st Stage, stayed func(i int) bool) []int {
	var out []int
	for i := range st.Nodes() {
		if w.has(i, st, stayed) {
			out = append(out, i)
		}
	}
	return out
}

func (w Who) has(i int, st Stage, stayed func(i int) bool) bool {
	for _, t := range w.terms {
		switch {
		case t.group == "all",
			t.group == "alive" && st.Alive(i),
			t.group == "seeds" && st.Seed(i),
			t.group == "stayed" && st.Alive(i) && stayed(i),
			t.group == "down" && !st.Alive(i),
			t.group == "returned" && st.Alive(i) && !stayed(i),
			t.group == "" && t.from <= i+1 && i+1 <= t.to:
			return true
		}
	}
	return false
}

// NodeName is what scripts call the node of index i, from 0: node1 is the first.
func NodeName(i int) string { return "node" + strconv.Itoa(i+1) }
