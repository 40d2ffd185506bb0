package gossipsub

import (
	"cmp"
	"slices"
	"time"
)

// ranked is a mesh peer with its score, asked once.
type ranked struct {
	p     *peer
	score float64
}

// rank lists the mesh of t with scores; the result is scratch.
func (r *Router) rank(t *topic) []ranked {
	r.ranks = r.ranks[:0]
	for _, p := range t.own.mesh.list {
		r.ranks = append(r.ranks, ranked{p, r.standing(p)})
	}
	return r.ranks
}

// trim prunes a mesh of Dhi or more to D: the Dscore best stay, and of the others
// random ones, but so many are outbound as Dout asks for (gossipsub-v1.1 "Outbound
// Mesh Quotas"). Equal scores are in random order.
func (r *Router) trim(now time.Time, t *topic) {
	d := t.own.degrees
	mesh := r.rank(t)
	shuffle := func(part []ranked) {
		r.rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	shuffle(mesh)
	slices.SortStableFunc(mesh, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	shuffle(mesh[min(d.Dscore, d.D):])
	swapOutbound(mesh, d.D, d.Dout)
	for _, m := range mesh[d.D:] {
		r.prune(now, t, m.p, r.p.PruneBackoff, true, "mesh full")
	}
	clear(mesh)
}

// swapOutbound exchanges inbound peers of the first keep, the last of them first,
// for outbound ones of the rest, until there are want.
func swapOutbound(mesh []ranked, keep, want int) {
	out := 0
	for _, m := range mesh[:keep] {
		if m.p.outbound {
			out++
		}
	}
	for i, j := keep, keep-1; out < want && i < len(mesh); i++ {
		if !mesh[i].p.outbound {
			continue
		}
		for j >= 0 && mesh[j].p.outbound {
			j--
		}
		if j < 0 {
			return
		}
		mesh[i], mesh[j] = mesh[j], mesh[i]
		out++
	}
}
