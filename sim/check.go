package sim

import (
	"fmt"
	"slices"
)

// check looks at what must hold at every node at any time, and returns the first
// thing that does not.
func (w *world) check() error {
	for _, h := range w.hosts {
		if !h.alive || h.node == nil {
			continue
		}
		if err := h.check(); err != nil {
			return fmt.Errorf("node%d at %s: %w", h.i+1, w.time().Sub(epoch), err)
		}
	}
	return nil
}

func (h *host) check() error {
	peers := map[string]bool{}
	in, out := 0, 0
	for _, p := range h.node.Peers() {
		key := string(p.Info.ID[:])
		if peers[key] {
			return fmt.Errorf("two links with %s", p.Info.ID.Short())
		}
		peers[key] = true
		switch p.Session {
		case "inbound":
			in++
		case "outbound":
			out++
		}
	}
	if limit := h.inbound; !h.seed && in > limit {
		return fmt.Errorf("%d inbound peers, more than %d", in, limit)
	}
	if out > h.fillers {
		return fmt.Errorf("%d outbound peers for %d slots", out, h.fillers)
	}
	for _, t := range h.node.Topics() {
		mesh := h.node.Mesh(t.Topic)
		if !t.Joined && len(mesh) > 0 {
			return fmt.Errorf("a mesh for a topic that is not joined")
		}
		for i, p := range mesh {
			if !peers[string(p[:])] && !h.closing(p[:]) {
				return fmt.Errorf("%s is in a mesh but no peer", p.Short())
			}
			if slices.Contains(mesh[:i], p) {
				return fmt.Errorf("%s is twice in a mesh", p.Short())
			}
		}
	}
	for p, s := range h.seen {
		if s.count > 1 {
			return fmt.Errorf("%q came %d times in %q", p.text, s.count, p.name)
		}
	}
	return nil
}

// closing tells whether a link with the peer is about to end: the strands hear of
// it when it has.
func (h *host) closing(who []byte) bool {
	for _, e := range h.links {
		if id := e.other.host.key.ID(); e.closed && string(id[:]) == string(who) {
			return true
		}
	}
	return false
}
