package chat

import "time"

// serveCompare tells in which hours we have other lines. A peer that has the same
// lines as we has ours too, which counts as their receipt.
func (h *Hall) serveCompare(now time.Time, p *remote, data []byte) error {
	m, err := decodeCompare(data)
	if err != nil {
		return err
	}
	a := summary{req: m.req}
	if r, ok := h.rooms.Get(m.room); ok && r.member {
		hours := r.hours(m.from)
		count, sum := sumHours(hours)
		a.verdict = verdictSame
		if count == m.count && sum == m.sum {
			h.hasAll(now, p, r, m.from)
		} else {
			a.verdict = verdictDiffers
			a.hours = hours[max(0, len(hours)-hoursMax):] // the newest
		}
	}
	h.reply(p, codeSummary, a.encode())
	return nil
}

// serveIDs lists the lines of some hours.
func (h *Hall) serveIDs(p *remote, data []byte) error {
	m, err := decodeGetIDs(data)
	if err != nil {
		return err
	}
	a := someIDs{req: m.req}
	if r, ok := h.rooms.Get(m.room); ok && r.member {
		skip := int(min(m.skip, roomLinesMax))
		for _, hr := range m.hours {
			from, to := r.search(hr), 0
			if hr < 1<<40 {
				to = r.search(hr + 1)
			}
			n := max(0, to-from)
			if skip >= n {
				skip -= n
				continue
			}
			for _, e := range r.byTime[from+skip : to] {
				if len(a.ids) == idsMax {
					a.more = 1
					break
				}
				a.ids = append(a.ids, e.id)
			}
			skip = 0
		}
	}
	h.reply(p, codeIDs, a.encode())
	return nil
}

// serveLines hands lines over, in the order asked for, up to 64 KiB.
func (h *Hall) serveLines(p *remote, data []byte) error {
	m, err := decodeGetLines(data)
	if err != nil {
		return err
	}
	a := someLines{req: m.req}
	if r, ok := h.rooms.Get(m.room); ok && r.member {
		size := 0
		for _, l := range m.ids {
			e, have := r.index[l]
			if !have {
				continue
			}
			if size += len(e.raw) + 4; size > batchBytesMax {
				break
			}
			a.lines = append(a.lines, e.raw)
		}
	}
	h.reply(p, codeLines, a.encode())
	return nil
}

// reply sends an answer. When the peer's queue is full it goes without.
func (h *Hall) reply(p *remote, code uint64, data []byte) {
	_ = h.snd.Send(p.id, code, data)
}
