package utp

// timers is a heap of streams by when each wants to be looked at.
type timers struct{ heap []*stream }

func (h *timers) first() *stream {
	if len(h.heap) == 0 {
		return nil
	}
	return h.heap[0]
}

func (h *timers) push(s *stream) {
	s.place = len(h.heap)
	h.heap = append(h.heap, s)
	h.up(s.place)
}

// fix puts s, whose wake has changed, in its place.
func (h *timers) fix(s *stream) {
	h.up(s.place)
	h.down(s.place)
}

func (h *timers) remove(s *stream) {
	i, last := s.place, len(h.heap)-1
	h.swap(i, last)
	h.heap[last] = nil
	h.heap = h.heap[:last]
	s.place = -1
	if i < last {
		h.fix(h.heap[i])
	}
}

func (h *timers) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].place, h.heap[j].place = i, j
}

func (h *timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if h.heap[parent].wake <= h.heap[i].wake {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *timers) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.heap) {
			return
		}
		if child+1 < len(h.heap) && h.heap[child+1].wake < h.heap[child].wake {
			child++
		}
		if h.heap[i].wake <= h.heap[child].wake {
			return
		}
		h.swap(i, child)
		i = child
	}
}
