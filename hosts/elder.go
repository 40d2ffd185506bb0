package hosts

import (
	"bytes"
	"math/rand/v2"
	"slices"
)

// elders is white by when we first reached each host, the oldest first. Whoever fills
// the book in some hours comes after everybody who was there before, whatever the number
// of his addresses and groups.
type elders []*entry

func (l elders) find(e *entry) int {
	i, _ := slices.BinarySearchFunc(l, e, func(x, y *entry) int {
		if n := x.Proven.Compare(y.Proven); n != 0 {
			return n
		}
		return bytes.Compare(x.ID[:], y.ID[:])
	})
	return i
}

func (l *elders) add(e *entry) {
	if n := len(*l); n == 0 || (*l)[n-1].Proven.Before(e.Proven) {
		*l = append(*l, e)
		return
	}
	*l = slices.Insert(*l, l.find(e), e)
}

func (l *elders) remove(e *entry) {
	i := l.find(e)
	*l = slices.Delete(*l, i, i+1)
}

// has tells whether a host is one of the eldersMax oldest.
func (l elders) has(e *entry) bool {
	return l[min(len(l), eldersMax)-1].Proven.Compare(e.Proven) >= 0
}

// draw finds one of the oldest that fits, one network group as likely as another, or
// nil when some draws brought none.
func (l elders) draw(rng *rand.Rand, fits func(*entry) bool) *entry {
	l = l[:min(len(l), eldersMax)]
	if len(l) == 0 {
		return nil
	}
	for range eldersDraws {
		e := l[rng.IntN(len(l))]
		if fits(e) && (e.group == "" || rng.IntN(l.alike(e.group)) == 0) {
			return e
		}
	}
	return nil
}

func (l elders) alike(group string) (n int) {
	for _, e := range l {
		if e.group == group {
			n++
		}
	}
	return n
}
