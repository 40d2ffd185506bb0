package devnet

import "github.com/ropewalk/ropewalk/dash"

// graph draws all nodes and the links between them.
func (d *Devnet) graph() dash.Graph {
	var g dash.Graph
	drawn := map[[2]string]int{} // index into Links by the two IDs in order
	for _, m := range d.members {
		m.mu.Lock()
		if m.alive {
			me := m.info.ID.String()
			role := "node"
			if m.seed {
				role = "seed"
			}
			g.Nodes = append(g.Nodes, dash.GraphNode{ID: me, Label: m.name, Role: role, Self: m.i == 0})
			for _, s := range m.sessions {
				other := s.ID.String()
				key := [2]string{min(me, other), max(me, other)}
				at, ok := drawn[key]
				if !ok {
					at = len(g.Links)
					drawn[key] = at
					g.Links = append(g.Links, dash.GraphLink{A: key[0], B: key[1], Kind: s.Link})
				}
				g.Links[at].Mesh = g.Links[at].Mesh || m.meshes[other]
			}
		}
		m.mu.Unlock()
	}
	return g
}
