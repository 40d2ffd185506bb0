package gossipsub

// sample draws up to n of the peers that pass ok, in random order. The result is
// scratch: it is valid until the next sample or collect.
func (r *Router) sample(from []*peer, n int, ok func(*peer) bool) []*peer {
	return r.draw(r.collect(from, ok), n)
}

// collect lists the peers that pass ok. The result is scratch.
func (r *Router) collect(from []*peer, ok func(*peer) bool) []*peer {
	r.pick = r.pick[:0]
	for _, p := range from {
		if ok(p) {
			r.pick = append(r.pick, p)
		}
	}
	return r.pick
}

// draw brings n random members of list to its front, in random order.
func (r *Router) draw(list []*peer, n int) []*peer {
	n = min(n, len(list))
	for i := range n {
		j := i + r.rng.IntN(len(list)-i)
		list[i], list[j] = list[j], list[i]
	}
	return list[:n]
}
