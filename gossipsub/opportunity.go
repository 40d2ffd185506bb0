package gossipsub

import (
	"cmp"
	"slices"
	"time"
)

// opportunity improves a mesh of mediocre peers, which the usual upkeep would keep
// for ever: when the median score is low, a few peers better than that are grafted
// (gossipsub-v1.1 "Opportunistic Grafting").
func (r *Router) opportunity(now time.Time, t *topic) {
	if t.own.mesh.len() <= 1 {
		return
	}
	mesh := r.rank(t)
	slices.SortFunc(mesh, func(a, b ranked) int { return cmp.Compare(a.score, b.score) })
	median := mesh[len(mesh)/2].score
	clear(mesh)
	if median >= r.bars.OpportunisticGraft {
		return
	}
	n := r.graftSome(now, t, r.p.OpportunisticGraftPeers, "opportunistic", t.peers.list, func(p *peer) bool { return r.standing(p) > median })
	r.emit(now, "opportunistic", nil, t, n, "median score low")
}

// relieve replaces one member that keeps back what others deliver in this topic,
// however well it does elsewhere: a good name in many topics must not pay for
// silence in one. One a heartbeat, and only for another: a mesh is better starved
// in part than empty.
func (r *Router) relieve(now time.Time, t *topic) {
	if r.board == nil {
		return
	}
	for _, p := range t.own.mesh.list {
		if p.score == nil || !r.board.Starves(now, p.score, t.own.score) {
			continue
		}
		if r.graftSome(now, t, 1, "for one that starves", t.peers.list, nil) > 0 {
			r.prune(now, t, p, r.p.PruneBackoff, false, "starves the topic")
		}
		return
	}
}
