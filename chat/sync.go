package chat

import (
	"slices"
	"time"
)

// heardSummary finds the hours in which the member may have lines we miss.
func (h *Hall) heardSummary(now time.Time, from *remote, data []byte) error {
	m, err := decodeSummary(data)
	if err != nil {
		return err
	}
	p, ok := from.openPull(m.req, comparing)
	if !ok {
		return nil // too late: we gave up
	}
	p.req = 0
	switch m.verdict {
	case verdictStranger:
		from.rooms.Delete(p.room.key)
		h.endPull(now, p, errStranger)
		return nil
	case verdictSame:
		h.hasAll(now, from, p.room, p.room.firstHour(now))
		h.endPull(now, p, nil)
		return nil
	}
	ours := p.room.hours(p.room.firstHour(now))
	for _, d := range m.hours {
		if d.hour >= p.room.firstHour(now) && !slices.Contains(ours, d) {
			p.hours = append(p.hours, d.hour)
		}
	}
	switch {
	case len(p.hours) == 0:
		h.endPull(now, p, nil)
	case p.room.turn == nil || p.room.turn == p || p.room.turn.stale(now):
		p.room.turn = p
		h.list(now, p)
	default:
		p.stage, p.moved = waiting, now
	}
	return nil
}

// heardIDs finds the lines we miss.
func (h *Hall) heardIDs(now time.Time, from *remote, data []byte) error {
	m, err := decodeIDs(data)
	if err != nil {
		return err
	}
	p, ok := from.openPull(m.req, listing)
	if !ok {
		return nil
	}
	p.req = 0
	p.skip += len(m.ids)
	p.more = m.more == 1 && len(m.ids) > 0
	p.want = nil
	for _, l := range m.ids {
		if _, have := p.room.index[l]; !have {
			p.want = append(p.want, l)
		}
	}
	h.proceed(now, p)
	return nil
}

// proceed asks for the next lines, or the next page, or is done.
func (h *Hall) proceed(now time.Time, p *pull) {
	switch {
	case len(p.want) > 0:
		h.fetch(now, p)
	case p.more && p.pages < pagesMax:
		h.list(now, p)
	default:
		h.endPull(now, p, nil)
	}
}
