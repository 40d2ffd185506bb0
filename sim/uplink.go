package sim

// uplink is what a host sends by when its speed is bounded. Links that have
// something to send share it in turns of one piece each, as TCP connections of one
// host about do. What a link's writer took is its batch: the writer takes the next
// one when the last byte of it has left, so that queues build up where they do in
// reality, inside the node.
type uplink struct {
	ring    []*end // with something to send; the first one's turn
	sending int    // bytes of the piece under way; zero when idle
}

const (
	pieceBytes   = 16 << 10 // of one turn
	batchBytes   = 64 << 10 // that a writer takes at once, or one larger message
	packetMargin = 64       // bytes of headers that a message costs
)

// load takes a batch for the wire when the last one has left.
func (e *end) load() {
	if len(e.batch) > 0 {
		return
	}
	for !e.closed && e.left < batchBytes {
		m, ok := e.next()
		if !ok {
			break
		}
		e.batch = append(e.batch, m)
		e.left += len(m.Data) + packetMargin
	}
	if len(e.batch) > 0 {
		u := &e.host.up
		u.ring = append(u.ring, e)
		e.host.turn()
	}
}

// turn sends the next piece unless one is under way.
func (h *host) turn() {
	u := &h.up
	if u.sending > 0 || len(u.ring) == 0 {
		return
	}
	u.sending = min(pieceBytes, u.ring[0].left)
	h.w.queue.push(h.w.now+int64(u.sending)*8*1e9/h.w.lab.uplink, event{kind: leave, host: int32(h.i), gen: h.gen})
}

// left: the piece under way has left the host.
func (h *host) left() {
	u := &h.up
	e := u.ring[0]
	u.ring = u.ring[1:]
	e.left -= u.sending
	u.sending = 0
	switch {
	case e.closed:
		e.batch, e.left = nil, 0
	case e.left > 0:
		u.ring = append(u.ring, e)
	default:
		batch := e.batch
		e.batch = nil
		for _, m := range batch {
			e.send(event{kind: arrive, msg: m})
		}
		e.load()
	}
	h.turn()
}
