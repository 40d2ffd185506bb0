package chat

import (
	"slices"
	"time"
)

// receipt says that we have a line of a connected author.
type receipt struct {
	room roomKey
	line LineID
}

// confirm notes a receipt if the author of a line is connected.
func (h *Hall) confirm(now time.Time, r *room, e *entry) {
	p, ok := h.remotes.Get(e.who.node)
	if !ok {
		return
	}
	if len(p.receipts) == 0 {
		p.receiptsDue = now.Add(receiptEvery)
		h.wake(p.receiptsDue)
	}
	p.receipts = append(p.receipts, receipt{r.key, e.id})
	if len(p.receipts) >= receiptsMax {
		h.sendReceipts(p)
	}
}

func (h *Hall) advanceReceipts(now time.Time, p *remote) {
	switch {
	case len(p.receipts) == 0:
	case now.Before(p.receiptsDue):
		h.wake(p.receiptsDue)
	default:
		h.sendReceipts(p)
	}
}

// sendReceipts sends what was gathered, by room. What does not get through is
// made good by the next comparison of histories.
func (h *Hall) sendReceipts(p *remote) {
	var out []confirmed
	for _, rc := range p.receipts {
		i := slices.IndexFunc(out, func(c confirmed) bool { return c.room == rc.room })
		if i < 0 {
			i = len(out)
			out = append(out, confirmed{room: rc.room})
		}
		out[i].ids = append(out[i].ids, rc.line)
	}
	p.receipts = nil
	h.reply(p, codeReceipts, encodeReceipts(out))
}

// heardReceipts counts receipts for lines of ours.
func (h *Hall) heardReceipts(now time.Time, p *remote, data []byte) error {
	cs, err := decodeReceipts(data)
	if err != nil {
		return err
	}
	for _, c := range cs {
		r, ok := h.rooms.Get(c.room)
		if !ok || !r.member {
			continue
		}
		for _, l := range c.ids {
			if e, have := r.index[l]; have && h.isOurs(e) {
				h.wasDelivered(now, p, r, e)
			}
		}
	}
	return nil
}

// hasAll counts a peer that has all our lines since an hour.
func (h *Hall) hasAll(now time.Time, p *remote, r *room, from hour) {
	for _, e := range slices.Clone(r.mine) {
		if hourOf(e.at) >= from {
			h.wasDelivered(now, p, r, e)
		}
	}
}

// wasDelivered counts one peer once. Whose receipts came is remembered for the
// newest of our lines only; for older ones only the first receipt counts.
func (h *Hall) wasDelivered(now time.Time, p *remote, r *room, e *entry) {
	first := e.state != delivered
	if !first && (e.acks == nil || len(e.acks) >= acksMax || slices.Contains(e.acks, p.id)) {
		return
	}
	if first {
		e.state, e.peers = delivered, 0
		r.notMine(e)
		h.remember(e)
	}
	e.acks = append(e.acks, p.id)
	e.peers++
	h.emit(now, "delivered", r, e.peers, nil)
	h.changed(r, e)
	if first {
		h.writeState(r, e)
	}
}

// remember lets the receipts of a line be told apart, and forgets the oldest.
func (h *Hall) remember(e *entry) {
	if len(h.acked) >= ackedMax {
		h.acked[0].acks = nil
		h.acked = slices.Delete(h.acked, 0, 1)
	}
	h.acked = append(h.acked, e)
}
