package utp

// memory is the buffers for what came out of order. They are of one size, so that what
// is counted is what is used.
type memory struct {
	free  [][]byte
	spent [][]byte // handed up in this input's news
	held  int      // bytes of buffers in use by streams
}

// room is how many bytes more a peer may hold: nobody more than is left, so that hoarders
// leave as much as each of them has to others.
func (m *memory) room(p *peer) int { return min(heldPerPeer, heldTotal-m.held) - p.held }

// hold copies a payload into a buffer on account of p; nil when that may hold no more, or
// the payload is too long.
func (e *Endpoint) hold(p *peer, payload []byte) []byte {
	m := &e.memory
	if len(payload) > bufferBytes || m.room(p) < bufferBytes {
		return nil
	}
	p.held += bufferBytes
	m.held += bufferBytes
	var b []byte
	if n := len(m.free); n > 0 {
		b, m.free = m.free[n-1], m.free[:n-1]
	} else {
		b = make([]byte, 0, bufferBytes)
	}
	return append(b[:0], payload...)
}

// free takes a buffer back; news may still show it.
func (e *Endpoint) free(p *peer, b []byte) {
	p.held -= bufferBytes
	e.memory.held -= bufferBytes
	e.memory.spent = append(e.memory.spent, b)
}

// settle makes buffers usable again that news of the last input showed.
func (m *memory) settle() {
	for i, b := range m.spent {
		if len(m.free) < freeMax {
			m.free = append(m.free, b)
		}
		m.spent[i] = nil
	}
	m.spent = m.spent[:0]
}
